"""`verify` on a real stack: green when all is well, red with names when anything is not."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import TopicPartition

import proof.logs
from contracts.topics import ACTIVITY, COURSES
from feeds.faults import Faults
from feeds.feed import Delivery
from feeds.simulate import Simulation, simulate
from proof.report import Check, Report
from proof.verify import Proof, verify
from runtime.clock import WallClock
from runtime.database import connect_now, database_url
from runtime.errors import NotCaughtUpError
from runtime.kafka import admin_client, connect_options
from runtime.settings import Settings
from sinks.migrate import migrate
from tests.defects import about, folding_with
from tests.measuring import measuring
from tests.waiting import wait_for
from tests.working import (
    checkpoints_of,
    course_facts,
    days_of_work,
    doing_wrong,
    running,
    send,
    wait_until_folded,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

USERS = [f"u{number}" for number in range(24)]
FAULTS = Faults(duplicates=0.02, late=0.05, bad=0.02)


ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "cli.main")


def environment(settings: Settings) -> dict[str, str]:
    """What every process of the stack is told."""
    return {
        **measuring(),
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "DATABASE_URL": database_url(settings),
        "LEARNSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "LEARNSTREAM_GROUP": settings.group,
        "LEARNSTREAM_CLOCK": settings.clock,
        "LEARNSTREAM_PARTITIONS": str(settings.partitions),
    }


def told(settings: Settings) -> subprocess.CompletedProcess[bytes]:
    """The command, as an operator would give it."""
    command = [*PROGRAM, "verify", "--json"]
    return subprocess.run(
        command, capture_output=True, env=environment(settings), cwd=ROOT, check=False
    )


@contextmanager
def a_sink(settings: Settings, folder: Path) -> Iterator[None]:
    """A sink process, as anybody would start it."""
    with (folder / "sink.log").open("wb") as log:
        command = [*PROGRAM, "sink"]
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment(settings), cwd=ROOT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def tables(topics: Settings, tmp_path: Path) -> Settings:
    """Topics, tables and one course; worker and sink are the test's own."""
    migrate(topics)
    send(topics, [course_facts()], COURSES.name)
    return topics.model_copy(update={"clock": "stream", "data_dir": tmp_path / "data"})


@pytest.fixture
def stack(tables: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The same with a sink."""
    with a_sink(tables, tmp_path):
        yield tables


def verified(settings: Settings, *, wait: float = 60) -> Report:
    return verify(Proof(settings=settings, wait_seconds=wait, progress=False))


def simulated(settings: Settings) -> None:
    now = WallClock().now()
    plan = Simulation(learners=60, days=60, seed=7, until=now, faults=FAULTS)
    simulate(settings, plan, Delivery(progress=False), now)


def red(report: Report) -> dict[str, Check]:
    return {name: check for name, check in report.checks.items() if not check.equal}


@pytest.mark.parametrize("clock", ["wall", "stream"])
def test_i1_i2_i3_all_that_was_made_of_the_log_is_proven(
    stack: Settings, tmp_path: Path, clock: str
) -> None:
    settings = stack.model_copy(update={"clock": clock})
    with running(settings, tmp_path / "w"):
        simulated(settings)
        report = verified(settings)
    assert red(report) == {}
    assert report["recount: streaks"].found == 60
    for name in ("progress.inputs", "progress.alerts", "alerts", "activity.dead-letter"):
        assert report[name].expected > 0, name


def test_i2_what_is_wrong_in_postgres_is_named(stack: Settings, tmp_path: Path) -> None:
    send(stack, days_of_work(USERS))
    with running(stack, tmp_path / "w"):
        assert red(verified(stack)) == {}
        with connect_now(stack, "test") as connection:
            connection.execute("UPDATE learner SET state = state || '\\x00' WHERE user_id = 'u3'")
            connection.execute("UPDATE learner SET activities[28] = 99 WHERE user_id = 'u4'")
            connection.execute("DELETE FROM learner WHERE user_id = 'u5'")
            connection.execute("UPDATE alert SET state = 'open' WHERE user_id = 'u6'")
            connection.execute("DELETE FROM alert WHERE user_id = 'u7'")
            connection.execute("DELETE FROM learner_course WHERE user_id = 'u8'")
            connection.execute("UPDATE learner_course SET progress = 99 WHERE user_id = 'u9'")
        report = verified(stack)
        said = told(stack)
    assert said.returncode == 1
    assert json.loads(said.stdout)["checks"]["postgres: learners"]["missing"] == 1
    learners, alerts = report["postgres: learners"], report["postgres: alerts"]
    courses = report["postgres: learners in courses"]
    assert set(red(report)) == {
        "postgres: learners",
        "postgres: learners in courses",
        "postgres: alerts",
    }
    assert (courses.missing, courses.extra, courses.different) == (1, 0, 1)
    assert (learners.missing, learners.extra, learners.different) == (1, 0, 2)
    assert {name.split()[1] for name in learners.named} == {"u3", "u4", "u5"}
    assert alerts.missing >= 1
    assert alerts.different >= 1


def test_what_reads_the_log_outlasts_a_fold_that_takes_long(
    topics: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever folds does nothing else; the clients' requests must not time out over it."""
    monkeypatch.setattr(proof.logs, "_REQUEST_MS", 1_000)
    send(topics, days_of_work(USERS))
    with proof.logs.Logs(topics) as logs:
        until = logs.end(ACTIVITY, 0)
        found = [sum(map(len, logs.read(ACTIVITY, 0, 0, until)))]
        time.sleep(2.5)
        found.append(sum(map(len, logs.read(ACTIVITY, 0, 0, until))))
        time.sleep(2.5)
    assert found == [until, until]
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("wrong", "checks", "what"),
    [
        ("drop_alert", {"alerts"}, "missing"),
        ("put_state_back", {"progress.state: learners", "postgres: learners"}, "different"),
        ("omit_input", {"progress.inputs", "progress.state: partitions"}, "missing"),
    ],
)
def test_a_worker_that_does_something_wrong_is_found_out(
    stack: Settings, tmp_path: Path, wrong: str, checks: set[str], what: str
) -> None:
    with running(stack, tmp_path / "w", program=doing_wrong(wrong)):
        wait_for(lambda: len(checkpoints_of(stack)) == stack.partitions, 30)
        for events in batched(days_of_work(USERS), 100):
            send(stack, events)
            wait_until_folded(stack)
        report = verified(stack)
    found = red(report)
    assert checks <= set(found)
    first = found[min(checks)]
    assert getattr(first, what) == 1
    assert first.named[0].startswith(what)
    if wrong != "omit_input":
        assert "progress.alerts" not in found


def test_a_defect_is_a_defect_in_the_oracle_too(stack: Settings, tmp_path: Path) -> None:
    send(stack, days_of_work(USERS))
    with running(stack, tmp_path / "w", program=doing_wrong("defect_about=u1-1-1")):
        with folding_with(about("u1-1-1")):
            assert red(verified(stack)) == {}
        report = verified(stack)
    assert report["activity.dead-letter"].extra == 1
    assert report["progress.state: learners"].different == 1
    assert "u1" in report["progress.state: learners"].named[0]


def test_a_halted_partition_is_proven_up_to_where_it_halted(
    stack: Settings, tmp_path: Path
) -> None:
    events = days_of_work(["u1"])
    send(stack, [*events[:4], *[(b"u1", b"no event")] * 10_050, *events[4:]])
    with running(stack, tmp_path / "w") as worker:
        wait_for(lambda: "partition_halted" in worker.said(), 60)
    report = verified(stack)
    assert red(report) == {}
    assert report.events == 10_000
    with running(stack, tmp_path / "w", resume=True):
        wait_until_folded(stack)
        report = verified(stack)
    assert red(report) == {}
    assert report["activity.dead-letter"].found == 10_050


def test_what_the_log_no_longer_holds_is_never_called_equal(
    stack: Settings, tmp_path: Path
) -> None:
    send(stack, days_of_work(USERS))
    with running(stack, tmp_path / "w"):
        assert red(verified(stack)) == {}
        with closing(admin_client(stack)) as admin:
            place = TopicPartition(stack.topic(ACTIVITY.name), 1)
            admin.delete_records({place: 3})
        report = verified(stack)
    check = report["progress.state: learners"]
    assert check.unverifiable > 0
    assert "the log begins at offset 3" in check.named[0]
    assert not report.equal
    assert "postgres: learners" not in red(report)


def test_who_lags_is_named(tables: Settings, tmp_path: Path) -> None:
    send(tables, days_of_work(USERS))
    with pytest.raises(NotCaughtUpError, match="the worker lags: activity"):
        verified(tables, wait=0.5)
    with running(tables, tmp_path / "w"):
        wait_until_folded(tables)
        with pytest.raises(NotCaughtUpError, match="the sink lags"):
            verified(tables, wait=0.5)
        with a_sink(tables, tmp_path):
            assert red(verified(tables)) == {}


async def test_markers_and_aborted_records_of_a_transactional_producer_are_no_records(
    stack: Settings, tmp_path: Path
) -> None:
    producer = AIOKafkaProducer(**connect_options(stack), transactional_id=f"{stack.group}-lms")
    async with producer:
        for number, events in enumerate(batched(days_of_work(USERS), 50)):
            await producer.begin_transaction()
            for key, value in events:
                await producer.send(stack.topic(ACTIVITY.name), value, key)
            if number % 2:
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()

    def proven() -> Report:
        with running(stack, tmp_path / "w"):
            return verified(stack)

    assert red(await asyncio.to_thread(proven)) == {}


def test_a_stack_that_goes_on_meanwhile_is_proven_up_to_a_cut(
    stack: Settings, tmp_path: Path
) -> None:
    stopping = threading.Event()

    def feed() -> None:
        for events in batched(days_of_work([f"v{n}" for n in range(400)], days=8), 100):
            if stopping.is_set():
                return
            send(stack, events)

    with running(stack, tmp_path / "w"):
        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            first, second = verified(stack), verified(stack)
        finally:
            stopping.set()
            feeder.join()
        last = verified(stack)
    assert red(first) == red(second) == red(last) == {}
    assert first.events < last.events


def batched(items: list[tuple[bytes, bytes]], size: int) -> Iterator[list[tuple[bytes, bytes]]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
