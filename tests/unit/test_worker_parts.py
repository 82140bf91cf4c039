"""The parts of a worker that need no Kafka: table, watchdog, refusals, failpoints, dead letters."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from agents.assignment import Assignment
from agents.owner import Context, Owner
from agents.table import DECODED_FACTOR, Table
from agents.takeover import Log, check_record
from agents.transport import BatchConsumer, WorkerApp
from agents.watchdog import Progress
from contracts.dead_letter import (
    BYTES_MAX,
    TRUNCATED,
    dead_letter_headers,
    dead_letter_key,
    dead_letter_value,
)
from domain.codec import encode_learner
from domain.decode import Record
from domain.fold import DeadLetter, new_record
from domain.state import new_learner
from runtime.errors import CrashError, LossError, ProjectError, TooManyRejectedError, UsageError
from runtime.failpoints import DeliberateError, Failpoints
from runtime.process import exit_status
from runtime.settings import Settings

LOG = Log("topic-1", 4)


def settings() -> Settings:
    return Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "clock": "stream"})


def a_state(user_id: str, steps: int) -> bytes:
    state = new_learner(user_id)
    state.steps = steps
    return encode_learner(state)


def test_a_table_hands_out_what_was_committed() -> None:
    table = Table()
    assert table.get("u1") is None
    table.load("u1", a_state("u1", 3))
    state = table.get("u1")
    assert state is not None
    assert state.steps == 3
    assert table.get("u1") is state  # hot: changed in place
    state.steps = 9
    again = table.reload("u1")
    assert again is not None
    assert again.steps == 3
    assert [header.steps for header in table.headers()] == [3]


def test_a_table_forgets_decoded_states_not_bytes() -> None:
    size = len(a_state("u0", 0))
    table = Table(hot_bytes_max=3 * size * DECODED_FACTOR)
    for number in range(10):
        user_id = f"u{number}"
        state = new_learner(user_id)
        table.put(user_id, encode_learner(state), state)
    assert len(table) == 10
    assert len(table._hot) == 3
    assert table._hot_bytes == 3 * size
    assert table.get("u0") is not None
    table.load("u0", None)
    assert table.get("u0") is None
    assert len(table) == 9


@pytest.mark.parametrize(
    ("changes", "start", "end", "error", "says"),
    [
        ({"topic_id": "other"}, 0, 10, LossError, "deleted and made again"),
        ({"partitions": 12}, 0, 10, UsageError, "fixed for life"),
        ({"clock_mode": "wall"}, 0, 10, UsageError, "its clock is `wall`"),
        ({}, 8, 10, LossError, "3 offsets are gone"),
        ({}, 0, 4, LossError, "1 offsets are gone"),
    ],
)
def test_a_log_that_is_not_the_one_is_refused(
    changes: dict[str, object], start: int, end: int, error: type[ProjectError], says: str
) -> None:
    record = new_record(0, 4, "topic-1", "stream")
    record.next = 5
    check_record(record, LOG, settings(), 5, 5)
    for name, value in changes.items():
        setattr(record, name, value)
    with pytest.raises(error, match=says):
        check_record(record, LOG, settings(), start, end)


def test_an_owner_that_is_cancelled_by_nobody_of_ours_ends_the_process() -> None:
    context = cast(Context, SimpleNamespace(settings=settings()))
    told: list[BaseException] = []
    assignment, owner = Assignment(context, told.append), Owner(context, 3, None)

    async def cancelled() -> None:
        task = asyncio.create_task(asyncio.sleep(9))
        task.cancel()
        await asyncio.wait([task])
        assignment._ended(owner, task)

    asyncio.run(cancelled())
    assert [str(error) for error in told] == ["partition 3: its owner was cancelled"]
    owner.ask_to_stop()
    asyncio.run(cancelled())
    assert len(told) == 1


async def test_the_watchdog_may_ask_before_the_app_has_started() -> None:
    """A consumer belongs to the loop in which it was made, and a service thread to its parent's."""
    context = cast(Context, SimpleNamespace(settings=settings()))
    assignment = Assignment(context, lambda _: None)
    app = WorkerApp(settings(), gate=assignment)
    assignment.attach(app)
    assert not await asyncio.to_thread(assignment.membership_lost)
    consumer = cast(BatchConsumer, app.consumer)
    assert consumer.loop is asyncio.get_running_loop()
    assert consumer._thread.parent_loop is asyncio.get_running_loop()
    consumer._thread.thread_loop.close()  # of a thread that was never started


def test_a_partition_that_has_work_must_move() -> None:
    progress = Progress(seconds=10, beat_at=0)
    assert progress.stuck({0: "a", 1: "x"}, 1) is None
    progress.beat_at = 9
    assert progress.stuck({0: "a", 1: "y"}, 9) is None
    progress.beat_at = 12
    assert "partition 0" in str(progress.stuck({0: "a", 1: "z"}, 12))
    assert progress.stuck({1: "z"}, 12) is None  # no work left
    assert "event loop" in str(progress.stuck({}, 23))


def test_only_what_is_asked_for_goes_wrong() -> None:
    nothing = Failpoints("")
    assert not nothing.armed
    assert nothing.sabotage() is None
    assert not nothing.once("drop_alert")
    assert nothing.state_to_write("u1", b"old", b"new") == b"new"
    wrong = Failpoints("drop_alert, put_state_back,fold_raises=e1,fold_raises=e2")
    assert [wrong.once("drop_alert") for _ in range(3)] == [True, False, False]
    assert wrong.state_to_write("u1", None, b"new") == b"new"
    assert wrong.state_to_write("u1", b"old", b"new") == b"old"
    assert wrong.state_to_write("u1", b"older", b"newer") == b"old"
    assert wrong.state_to_write("u2", b"old", b"new") == b"new"
    sabotage = wrong.sabotage()
    assert sabotage is not None
    sabotage("e3")
    with pytest.raises(DeliberateError):
        sabotage("e2")


@pytest.mark.parametrize("setting", ["drop_alerts", "crash_at=nowhere", "sleep_at=after_states"])
def test_a_failpoint_that_there_is_not_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match="failpoint"):
        Failpoints(setting)


async def test_a_failpoint_waits_where_it_was_told() -> None:
    waits = Failpoints("sleep_at=after_states:30:2")
    async with asyncio.timeout(1):
        await waits.reach("after_states")
        await waits.reach("after_outputs")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waits.reach("after_states")


def test_the_type_of_an_error_is_an_exit_status() -> None:
    assert exit_status(TooManyRejectedError("x")) == 65
    assert exit_status(CrashError("x")) == 70
    assert exit_status(AssertionError("x")) == 70
    assert exit_status(LossError("x")) == 78


def test_a_dead_letter_is_the_record_or_says_that_it_is_not() -> None:
    letter = DeadLetter(Record(7, 1_000, b"u1", b"x" * 70_000), "too_large", "70000 bytes")
    assert (dead_letter_key(letter), dead_letter_value(letter)) == letter.record[2:]
    assert TRUNCATED not in dict(dead_letter_headers(letter, "activity", 3))
    huge = DeadLetter(Record(8, 1_000, b"k" * 90_000, b"x" * BYTES_MAX), "too_large", "")
    key, value = dead_letter_key(huge), dead_letter_value(huge)
    assert key is not None
    assert value is not None
    assert len(key) + len(value) <= BYTES_MAX
    assert dict(dead_letter_headers(huge, "activity", 3))[TRUNCATED] == b"90000 1900000"
