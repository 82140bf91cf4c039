"""What devstack decides without a server: versions, locks, ends of parts, settings, the demo."""

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from devstack import jars
from devstack.demo import read_learners
from devstack.environment import (
    Addresses,
    env_lines,
    kept_secret,
    ready_document,
    stack_settings,
)
from devstack.java import find_java, java_version, parse_version
from devstack.places import cache_folder, free_ports
from devstack.postgres import blocked_at, data_version
from devstack.stack import Options, Stack, data_folder, not_ready
from devstack.supervisor import (
    DELAY_SECONDS_MAX,
    LIVED_SECONDS,
    WAITS_FOR_A_PERSON,
    Again,
    LeftDown,
    Supervisor,
    after_end,
    said_status,
)
from runtime.errors import UsageError
from runtime.settings import Settings

ADDRESSES = Addresses(kafka="127.0.0.1:9092", database="postgresql://u:p@h/d", api_port=8000)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "25" 2025-09-16 LTS', 25),
        ("no java here", None),
    ],
)
def test_a_java_version_is_read(text: str, version: int | None) -> None:
    assert parse_version(text) == version


def test_a_java_that_is_not_there_has_no_version(tmp_path: Path) -> None:
    assert java_version(tmp_path / "java") is None


def test_an_unfit_java_home_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin" / "java"
    old.write_text("#!/bin/sh\necho 'java version \"1.8.0_402\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    found = find_java()
    assert found != old
    assert (java_version(found) or 0) >= 17


def test_the_lock_names_kafka_and_nothing_twice() -> None:
    text = jars.LOCK.read_text()
    lock = jars.read_lock(text)
    assert len(lock) == len(text.splitlines()) == 46
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar"} <= set(lock)


def test_other_missing_and_surplus_jars_are_differences(tmp_path: Path) -> None:
    (tmp_path / "right.jar").write_bytes(b"right")
    (tmp_path / "wrong.jar").write_bytes(b"wrong")
    (tmp_path / "surplus.jar").write_bytes(b"surplus")
    right = hashlib.sha256(b"right").hexdigest()
    lock = {"right.jar": right, "wrong.jar": right, "missing.jar": right}
    assert [line.split()[0] for line in jars.differences(tmp_path, lock)] == [
        "missing.jar",
        "surplus.jar",
        "wrong.jar",
    ]
    assert jars.differences(tmp_path, dict.fromkeys(["x"], right))[0] == "x is missing"


def test_a_cache_with_a_changed_jar_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEARNSTREAM_CACHE", str(tmp_path))
    (tmp_path / "kafka-4.3.1").mkdir()
    (tmp_path / "kafka-4.3.1" / "kafka_2.13-4.3.1.jar").write_bytes(b"something else")
    with pytest.raises(UsageError, match="are not those of"):
        jars.kafka_jars()


def test_the_cache_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEARNSTREAM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "learnstream"
    monkeypatch.setenv("LEARNSTREAM_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(5))) == 5


def test_a_part_that_dies_again_and_again_waits_longer_each_time() -> None:
    delays = [after_end(70, lived_seconds=1, deaths=deaths) for deaths in range(12)]
    seconds = [each.seconds for each in delays if isinstance(each, Again)]
    assert seconds[:4] == [0.5, 1.0, 2.0, 4.0]
    assert seconds == sorted(seconds)
    assert seconds[-1] == DELAY_SECONDS_MAX


def test_a_long_life_makes_the_next_start_quick_again() -> None:
    assert after_end(-9, lived_seconds=LIVED_SECONDS, deaths=9) == Again(0.5)


@pytest.mark.parametrize("status", [2, 65, 78])
def test_an_end_that_waits_for_a_person_leaves_the_part_down(status: int) -> None:
    assert after_end(status, lived_seconds=1, deaths=0) == LeftDown(WAITS_FOR_A_PERSON[status])


@pytest.mark.parametrize("status", [0, 1, 70, -9, -11])
def test_every_other_end_starts_the_part_again(status: int) -> None:
    assert isinstance(after_end(status, lived_seconds=1, deaths=0), Again)


def test_an_end_is_said_in_words() -> None:
    assert said_status(-9) == "was ended by SIGKILL"
    assert said_status(70) == "ended with status 70"


def test_the_stack_decides_where_things_are_and_the_user_the_rest() -> None:
    given = {
        "LEARNSTREAM_TIMEZONE": "Europe/Vienna",
        "LEARNSTREAM_CLOCK": "stream",
        "LEARNSTREAM_REPLICATION": "3",
        "LEARNSTREAM_JWT_SECRET": "the user's",
        "KAFKA_BOOTSTRAP": "elsewhere:9092",
        "HOME": "/home/u",
    }
    made = stack_settings(given, ADDRESSES, clock="wall", secret="ours", own_kafka=True)
    assert made["LEARNSTREAM_TIMEZONE"] == "Europe/Vienna"
    assert made["LEARNSTREAM_JWT_SECRET"] == "the user's"
    assert made["LEARNSTREAM_CLOCK"] == "wall"
    assert made["KAFKA_BOOTSTRAP"] == "127.0.0.1:9092"
    assert (made["LEARNSTREAM_PARTITIONS"], made["LEARNSTREAM_REPLICATION"]) == ("4", "1")
    assert "HOME" not in made


def test_a_kafka_of_the_users_keeps_its_own_numbers() -> None:
    made = stack_settings({}, ADDRESSES, clock="wall", secret="ours", own_kafka=False)
    assert not {"LEARNSTREAM_PARTITIONS", "LEARNSTREAM_REPLICATION"} & set(made)


def test_the_settings_file_is_read_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    secret = 'with $HOME, #, "double" and spaces'
    made = stack_settings({}, ADDRESSES, clock="stream", secret=secret, own_kafka=True)
    file = tmp_path / "stack.env"
    file.write_text(env_lines(made))
    settings = Settings(_env_file=file)
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == secret
    assert settings.kafka_bootstrap == ADDRESSES.kafka
    assert (settings.clock, settings.embedded, settings.partitions) == ("stream", True, 4)


def test_a_setting_that_cannot_be_handed_on_is_named() -> None:
    with pytest.raises(UsageError, match="LEARNSTREAM_X"):
        env_lines({"LEARNSTREAM_X": "it's"})


def test_the_ready_file_has_the_keys_that_were_promised(tmp_path: Path) -> None:
    document = ready_document(ADDRESSES, {"A": "b"}, tmp_path / "stack.env")
    assert list(document) == ["api", "kafka", "database", "token_command", "page_command", "env"]
    assert document["api"] == "http://127.0.0.1:8000"
    assert document["token_command"].endswith(" {user}")
    assert document["page_command"].endswith(" {user}")


def test_a_secret_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert kept_secret(file) == kept_secret(file)
    assert len(file.read_text()) >= 32
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("output", "learners"),
    [
        ('{"learners": 200, "events": 9, "first_learner": 1017}\n', ["1017"]),
        ('{"first_learner": 1000, "examples": [1000, "a-b"]}\n', ["1000", "a-b"]),
        ('sending 5 %\rsending 100 %\n{"first_learner": "a-b"}\nbye\n', ["a-b"]),
        ('{"learners": 200}\n{broken\n', []),
        ("", []),
    ],
)
def test_the_demos_learners_are_found(output: str, learners: list[str]) -> None:
    assert read_learners(output) == learners


def test_the_demo_is_for_today_and_for_a_kafka_of_our_own() -> None:
    assert Options().with_demo
    assert not Options(clock="stream").with_demo
    assert not Options(kafka="real:9092").with_demo
    assert Options(kafka="real:9092", demo=True).with_demo
    assert not Options(demo=False).with_demo
    with pytest.raises(UsageError, match="--demo"):
        Options(clock="stream", demo=True)
    with pytest.raises(UsageError, match="--workers: seen 0"):
        Options(workers=0)


def test_two_stacks_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        data_folder(tmp_path / "data"),
        pytest.raises(UsageError, match="another `learnstream up`"),
        data_folder(tmp_path / "data"),
    ):
        pass
    with data_folder(tmp_path / "data") as folder:
        assert folder == tmp_path / "data"


def test_a_folder_that_nobody_asked_for_is_thrown_away() -> None:
    with data_folder(None) as folder:
        (folder / "file").touch()
    assert not folder.exists()


def test_an_api_that_is_not_there_is_not_ready() -> None:
    assert "does not answer" in str(not_ready(f"http://127.0.0.1:{free_ports(1)[0]}", "ours"))


class _SomebodyElse(BaseHTTPRequestHandler):
    """Ready, and alive, and of another name."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"ok","instance":"theirs"}')

    @override
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def taken_port() -> Iterator[int]:
    """The port of another program, which answers as an API would."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _SomebodyElse) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_address[1]
        server.shutdown()
        serving.join()


def test_an_api_of_another_stack_is_not_taken_for_ours(taken_port: int) -> None:
    api = f"http://127.0.0.1:{taken_port}"
    assert not_ready(api, "theirs") is None
    assert not_ready(api, "ours") == f"{api} is answered by another program"


def test_a_port_that_is_taken_is_refused_before_anything_starts(
    taken_port: int, tmp_path: Path
) -> None:
    said: list[str] = []
    stack = Stack(Options(port=taken_port), tmp_path, Supervisor(said.append))
    with pytest.raises(UsageError, match=f"another program listens on 127.0.0.1:{taken_port}"):
        stack.start()
    assert (said, list(tmp_path.iterdir())) == ([], [])


def test_a_ready_file_goes_with_its_stack(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text("{}")
    Stack(Options(ready_file=ready), tmp_path, Supervisor(print)).withdraw()
    assert not ready.exists()


def test_a_folder_that_others_cannot_enter_is_found() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inner = folder / "inner"
        inner.mkdir()
        folder.chmod(0o755)
        outside = blocked_at(folder)
        assert blocked_at(inner) == outside
        folder.chmod(0o700)
        assert blocked_at(inner) == (outside or folder)


def test_a_folder_without_a_cluster_has_no_version(tmp_path: Path) -> None:
    assert data_version(tmp_path) is None
    (tmp_path / "PG_VERSION").write_text("15\n")
    assert data_version(tmp_path) == "15"
