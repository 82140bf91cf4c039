"""The embedded servers and the supervisor, with real processes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from devstack.child import Child, Launch, wait_until_ready
from devstack.kafka import EmbeddedKafka
from devstack.postgres import EmbeddedPostgres
from devstack.stack import Options, Stack
from devstack.supervisor import StopRequestError, Supervisor, stop_requests
from runtime.errors import CrashError
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="learnstream-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def a_child(folder: Path, code: str, *, name: str = "part", stop_seconds: float = 5) -> Child:
    return Child(
        Launch(
            name=name,
            command=[sys.executable, "-c", code],
            log=folder / f"{name}.log",
            stop_seconds=stop_seconds,
        )
    )


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def records(bootstrap: str, topic: str) -> list[bytes]:
    partition = TopicPartition(topic, 0)
    with closing(KafkaConsumer(bootstrap_servers=bootstrap, group_id=None)) as consumer:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        found: list[bytes] = []
        while consumer.position(partition) < end:
            for batch in consumer.poll(timeout_ms=500).values():
                found += [record.value for record in batch]
        return found


def test_a_killed_broker_comes_back_on_its_port_with_its_data(folder: Path) -> None:
    broker = EmbeddedKafka(folder / "kafka", properties={"broker.session.timeout.ms": "1000"})
    try:
        broker.start()
        bootstrap = broker.bootstrap
        with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
            admin.create_topics({"t": {"num_partitions": 1}}, wait_for_metadata=True)
        with closing(KafkaProducer(bootstrap_servers=bootstrap, acks="all")) as producer:
            producer.send("t", b"before", partition=0).get(timeout=10)
        broker.kill()
        assert not broker.child.running()
        broker.start()
        assert broker.bootstrap == bootstrap
        assert records(bootstrap, "t") == [b"before"]
    finally:
        broker.kill()


def test_a_killed_postgres_comes_back_on_its_port_with_its_data(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    try:
        server.start()
        url = server.ensure_database("kept")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS one")
        server.kill()
        server.start()
        assert server.ensure_database("kept") == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT one FROM t").fetchall() == [(1,)]
        server.stop()
        again = EmbeddedPostgres(folder / "postgres")
        again.start()
        with psycopg.connect(again.url("kept")) as connection:
            assert connection.execute("SELECT one FROM t").fetchall() == [(1,)]
        again.stop()
    finally:
        server.kill()


def test_postgres_wants_its_password(postgres_server: EmbeddedPostgres) -> None:
    url = postgres_server.url("postgres")
    wrong = url.replace(url.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_a_database_is_a_copy_of_its_template(postgres_server: EmbeddedPostgres) -> None:
    template = postgres_server.create_database("template_of_a_test")
    with psycopg.connect(template, autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT 2 AS two")
    copy = postgres_server.create_database("copy_of_a_test", template="template_of_a_test")
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT two FROM t").fetchall() == [(2,)]
    postgres_server.drop_database("copy_of_a_test")
    postgres_server.drop_database("template_of_a_test")


def test_a_part_that_died_is_started_again_and_it_is_said(folder: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    child = a_child(folder, "import time; print('hello', flush=True); time.sleep(60)")
    child.start()
    supervisor.add(child)
    first = child.pid
    wait_for(child.last_words, 5)
    os.kill(first or 0, signal.SIGKILL)

    def started_again() -> bool:
        supervisor.watch()
        return child.pid != first

    wait_for(started_again, 5)
    assert said == [
        "part was ended by SIGKILL; starting it again in 0.5 s (last words: hello)",
    ]
    assert child.running()
    supervisor.stop()
    assert not child.running()


@pytest.mark.parametrize("status", [2, 65, 78])
def test_a_part_that_waits_for_a_person_stays_down(folder: Path, status: int) -> None:
    said: list[str] = []
    supervisor = Supervisor(said.append)
    child = a_child(folder, f"import sys; print('the reason'); sys.exit({status})")
    child.start()
    supervisor.add(child)

    def left_down() -> Mapping[str, str]:
        supervisor.watch()
        return supervisor.left_down()

    down = wait_for(left_down, 5)
    pid = child.pid
    supervisor.watch()
    assert child.pid == pid
    assert f"ended with status {status}" in down["part"]
    assert len(said) == 1
    assert "it stays down" in said[0]
    assert "the reason" in said[0]


def test_a_part_that_does_not_stop_is_ended(folder: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); "
    child = a_child(folder, f"{code}time.sleep(60)", stop_seconds=0.2)
    child.start()
    wait_for(child.last_words, 5)
    child.stop()
    assert not child.running()


def test_parts_are_asked_once_to_stop_in_the_opposite_order_of_their_start(folder: Path) -> None:
    order = folder / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open({order!r}, 'a').write({name!r} + ' ')\n"
        "    time.sleep(0.3)\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    supervisor = Supervisor(print)
    for name in ("kafka", "worker", "api"):
        child = a_child(folder, code.format(order=str(order), name=name), name=name)
        child.start()
        supervisor.add(child)
        wait_for(child.last_words, 5)
    supervisor.stop()
    assert order.read_text().split() == ["api", "worker", "kafka"]


def test_a_child_that_ends_before_it_is_ready_is_told_with_its_words(folder: Path) -> None:
    child = a_child(folder, "import sys; sys.exit('no such thing')")
    child.start()
    with pytest.raises(CrashError, match=r"status 1 before it was ready: no such thing"):
        wait_until_ready(child, ready=lambda: False, seconds=5)


def test_the_first_request_to_stop_is_an_error_in_the_work() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StopRequestError), stop_requests(lambda: None):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_children_do_not_outlive_a_killed_parent(folder: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from devstack.child import Child, Launch\n"
        "child = Child(Launch(name='c', command=['/bin/sleep', '60'], log=Path(sys.argv[1])))\n"
        "child.start()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(folder / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    wait_for(lambda: not is_running(pid), 5)


def assert_for_its_owner_alone(folder: Path) -> None:
    """Learners' events, logs and passwords: nobody else may look, nor will what comes later."""
    for entry in folder.iterdir():
        assert not entry.stat().st_mode & 0o077, entry
    written = [path for name in ("kafka", "logs") for path in (folder / name).rglob("*")]
    assert len(written) > 10
    assert not [path for path in written if path.stat().st_mode & 0o077]


def test_a_stack_tells_where_its_servers_are(folder: Path) -> None:
    ready = folder / "ready.json"
    supervisor = Supervisor(print)
    options = Options(data=folder, demo=False, ready_file=ready, set_up=(), parts=())
    stack = Stack(options, folder, supervisor)
    try:
        stack.start()
        with closing(KafkaAdminClient(bootstrap_servers=stack.addresses.kafka)) as admin:
            assert admin.list_topics() == []
        with psycopg.connect(stack.addresses.database) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("learnstream",)
        assert ready.stat().st_mode & 0o777 == 0o600
        assert stack.addresses.kafka in ready.read_text()
        assert_for_its_owner_alone(folder)
    finally:
        supervisor.stop()
