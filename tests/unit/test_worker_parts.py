"""The parts of a worker that need no Kafka: table, watchdog, refusals, failpoints, dead letters."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.partition_owner.assignment import Assignment
from agents.partition_owner.faust_app import OwnerApp
from agents.partition_owner.job import Job
from agents.partition_owner.log_ends import LogEnds
from agents.partition_owner.owner import Owner
from agents.partition_owner.takeover import check_position
from agents.partition_owner.transport import BatchConsumer, Standing
from agents.partition_owner.watchdog import Progress, Watchdog
from agents.worker.context import Context
from agents.worker.fold import position_of
from agents.worker.hot_states import DECODED_FACTOR, HotStates
from agents.worker.metrics import Metrics
from agents.worker.stored import WorkerStored
from agents.worker.table import Table
from contracts.dead_letter import (
    BYTES_MAX,
    TRUNCATED,
    dead_letter_headers,
    dead_letter_key,
    dead_letter_value,
)
from contracts.state_keys import PARTITION_KEY
from contracts.topics import ACTIVITY
from devstack.places import free_ports
from domain.events.decode import Record
from domain.fold.effects import DeadLetter
from domain.fold.partition import new_checkpoint
from domain.state.learner import new_learner
from domain.stored.codec import encode_checkpoint, encode_learner
from runtime.errors import CrashError, LossError, ProjectError, TooManyRejectedError, UsageError
from runtime.failpoints import Failpoints
from runtime.process import exit_status
from runtime.same_log import Extent
from runtime.settings import Settings


def settings() -> Settings:
    return Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "clock": "stream"})


def a_state(user_id: str, steps: int) -> bytes:
    state = new_learner(user_id)
    state.steps = steps
    return encode_learner(state)


def test_a_table_hands_out_what_was_committed() -> None:
    table = Table(HotStates(1 << 20))
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
    hot = HotStates(3 * size * DECODED_FACTOR)
    table = Table(hot)
    for number in range(10):
        user_id = f"u{number}"
        state = new_learner(user_id)
        table.put(user_id, encode_learner(state), state)
    assert (len(table), len(hot), hot.size) == (10, 3, 3 * size)
    assert table.get("u0") is not None
    table.load("u0", None)
    assert table.get("u0") is None
    assert len(table) == 9


def test_the_bound_of_decoded_states_is_one_for_all_tables_of_a_process() -> None:
    size = len(a_state("u0", 0))
    hot = HotStates(4 * size * DECODED_FACTOR)
    one, other = Table(hot), Table(hot)
    for table in (one, other):
        for number in range(3):
            table.put(f"u{number}", a_state(f"u{number}", number), new_learner(f"u{number}"))
    assert (len(one), len(other), len(hot), hot.size) == (3, 3, 4, 4 * size)
    for number in range(3):  # the same id in two tables is not the same learner
        for table in (one, other):
            state = table.reload(f"u{number}")
            assert state is not None
            assert state.steps == number
    assert (len(hot), hot.size) == (4, 4 * size)


def test_a_state_that_is_larger_than_the_bound_is_kept_alone() -> None:
    hot = HotStates(1)
    table = Table(hot)
    for number in range(2):
        table.put(f"u{number}", a_state(f"u{number}", 1), new_learner(f"u{number}"))
    assert len(hot) == 1
    table.load("u1", None)
    assert (len(hot), hot.size) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "begin", "end", "error", "says"),
    [
        ({"topic_id": "other"}, 0, 10, LossError, "deleted and made again"),
        ({"partitions": 12}, 0, 10, UsageError, "fixed for life"),
        ({}, 8, 10, LossError, "3 offsets are gone"),
        ({}, 0, 4, LossError, "1 offsets are gone"),
    ],
)
def test_a_log_that_is_not_the_one_is_refused(
    changes: dict[str, object], begin: int, end: int, error: type[ProjectError], says: str
) -> None:
    checkpoint = new_checkpoint(0, 4, "topic-1", "stream")
    checkpoint.next = 5
    check_position("here", position_of(checkpoint), 4, Extent("topic-1", 5, 5))
    for name, value in changes.items():
        setattr(checkpoint, name, value)
    with pytest.raises(error, match=says):
        check_position("here", position_of(checkpoint), 4, Extent("topic-1", begin, end))


def test_a_clock_that_is_not_the_partitions_is_refused() -> None:
    context = cast(Context, SimpleNamespace(settings=settings(), hot=HotStates(1)))
    stored = WorkerStored(context, 0)
    assert stored.position() is None
    for clock_mode in ("stream", "wall"):
        checkpoint = new_checkpoint(0, 4, "topic-1", cast(Any, clock_mode))
        stored.load(PARTITION_KEY, encode_checkpoint(checkpoint))
        if clock_mode == "stream":
            assert stored.position() == position_of(checkpoint)
    with pytest.raises(UsageError, match="its clock is `wall`"):
        stored.position()


def test_an_owner_that_is_cancelled_by_nobody_of_ours_ends_the_process() -> None:
    job = cast(Job, SimpleNamespace(settings=settings(), source=ACTIVITY))
    told: list[BaseException] = []
    assignment, owner = Assignment(job, told.append), Owner(job, 3, None)

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
    job = cast(Job, SimpleNamespace(settings=settings(), source=ACTIVITY))
    assignment = Assignment(job, lambda _: None)
    app = OwnerApp(settings(), settings().group, gate=assignment)
    assignment.attach(app)
    assert not await asyncio.to_thread(assignment.membership_lost)
    consumer = cast(BatchConsumer, app.consumer)
    assert consumer.loop is asyncio.get_running_loop()
    assert consumer._thread.parent_loop is asyncio.get_running_loop()
    consumer._thread.thread_loop.close()  # of a thread that was never started


async def test_the_watchdog_may_ask_while_the_app_is_still_connecting() -> None:
    """Faust shows aiokafka's consumer before that has connected; on a busy machine that takes."""
    job = cast(Job, SimpleNamespace(settings=settings(), source=ACTIVITY))
    assignment = Assignment(job, lambda _: None)
    app = OwnerApp(settings(), settings().group, gate=assignment)
    assignment.attach(app)
    consumer = cast(BatchConsumer, app.consumer)
    thread = consumer._thread
    thread._consumer = thread._create_worker_consumer(cast(Any, app.transport))
    topic = TP(settings().topic("activity"), 0)
    for subscribe in (lambda: None, lambda: thread._consumer.subscribe([topic.topic])):
        subscribe()
        assert await asyncio.to_thread(assignment.share) is None
        assert not await asyncio.to_thread(assignment.membership_lost)
        assert await asyncio.to_thread(consumer.standing, topic) == Standing(None, None)
    await thread._consumer.stop()
    thread.thread_loop.close()


def test_what_has_to_move_must_move() -> None:
    progress = Progress(seconds=10, beat_at=0)
    assert progress.stuck({"zero stood": "a", "one stood": "x"}, 1) is None
    progress.beat_at = 9
    assert progress.stuck({"zero stood": "a", "one stood": "y"}, 9) is None
    progress.beat_at = 12
    assert progress.stuck({"zero stood": "a", "one stood": "z"}, 12) == "zero stood for 11 s"
    assert progress.stuck({"one stood": "z"}, 12) is None  # the other has no work left
    assert "event loop" in str(progress.stuck({}, 23))


class Standings:
    """An assignment as the watchdog sees it: one partition, opened and caught up."""

    def __init__(self) -> None:
        self.owner = Owner(cast(Job, SimpleNamespace(settings=settings())), 3, None)
        self.owner._inbox.open(7)
        self.standing = Standing(7, 7)
        self.given: frozenset[int] | None = frozenset({3})
        self.owned = True
        self.lost = False

    def membership_lost(self) -> bool:
        return self.lost

    def share(self) -> frozenset[int] | None:
        return self.given

    def standings(self) -> dict[int, tuple[Owner, Standing]]:
        return {3: (self.owner, self.standing)} if self.owned else {}


ROUNDS = "the owner of partition 3 has not looked for work"


def marks(standings: Any, end: int | None = 7) -> list[str]:
    """What has to move, beside the owner's rounds, where somebody else saw the log end there."""
    ends = LogEnds(settings(), ACTIVITY)
    ends._ends = {} if end is None else {3: end}
    found = Watchdog(standings, ends, Metrics(CollectorRegistry()), 60)._marks()
    return [what for what in found if what != ROUNDS]


@pytest.mark.parametrize(
    ("change", "end", "says"),
    [
        ({}, 7, []),
        ({}, None, []),
        ({"standing": Standing(7, 8)}, None, ["partition 3 has work"]),
        ({"standing": Standing(7, 7)}, 8, ["partition 3 has work"]),  # whatever the fetcher says
        ({"standing": Standing(None, None)}, 8, []),
        ({"owned": False}, 7, ["partition 3 is ours and has had no owner"]),
        ({"owned": False, "given": frozenset()}, 7, []),  # more workers than partitions
        ({"owned": False, "given": None}, 7, ["this worker has had no place in its group"]),
        ({"lost": True}, 7, ["the task that keeps this worker in its group"]),
    ],
)
def test_the_log_may_not_move_on_without_us(
    change: dict[str, Any], end: int | None, says: list[str]
) -> None:
    standings = Standings()
    for name, value in change.items():
        setattr(standings, name, value)
    found = marks(standings, end)
    assert len(found) == len(says)
    assert all(what.startswith(said) for what, said in zip(found, says, strict=True))


def test_who_asks_for_the_end_of_the_log_leaves_no_thread_behind_while_kafka_is_away() -> None:
    """kafka-python leaves one for each client that could not connect, and they pile up."""
    (port,) = free_ports(1)
    away = Settings.model_validate({"KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"})
    before = threading.enumerate()
    ends = LogEnds(away, ACTIVITY)
    for _ in range(2):
        with pytest.raises(UsageError, match="Kafka"):
            ends._ask()
    assert threading.enumerate() == before
    assert ends.of(0) is None


def test_an_owner_looks_for_work_unless_it_is_halted() -> None:
    """A take-over, a transaction and a producer that does not close may hang, without any work."""
    standings = Standings()
    watchdog = Watchdog(
        cast(Any, standings), LogEnds(settings(), ACTIVITY), Metrics(CollectorRegistry()), 60
    )
    assert watchdog._marks() == {ROUNDS: 0}
    standings.owner.rounds += 1
    assert watchdog._marks() == {ROUNDS: 1}
    standings.owner.halted = True
    standings.standing = Standing(7, 99)
    assert watchdog._marks() == {}


def test_a_watchdog_that_cannot_look_says_so() -> None:
    ends, metrics = LogEnds(settings(), ACTIVITY), Metrics(CollectorRegistry())
    found = Watchdog(cast(Assignment, None), ends, metrics, 60)._look()
    assert str(found).startswith("the watchdog itself failed")


async def test_a_halt_ends_the_process_only_where_nothing_else_is_left() -> None:
    metrics = Metrics(registry := CollectorRegistry())
    job = cast(Job, SimpleNamespace(settings=settings(), source=ACTIVITY, metrics=metrics))
    told: list[BaseException] = []
    assignment = Assignment(job, told.append)
    owners = [Owner(job, partition, None) for partition in (1, 2)]
    assignment._owners = {owner.partition: owner for owner in owners}

    async def halt(owner: Owner) -> None:
        async def run() -> None:
            owner.halted = True
            raise TooManyRejectedError(f"partition {owner.partition} is halted")

        task = asyncio.create_task(run())
        await asyncio.wait([task])
        with structlog.testing.capture_logs() as lines:
            assignment._ended(owner, task)
        assert [line["event"] for line in lines] == ["partition_halted"]

    await halt(Owner(job, 1, None))  # of an assignment that is over
    owners[1].halted = True  # and nobody has said so yet
    await halt(owners[0])
    shown = [
        registry.get_sample_value("learnstream_worker_halted", {"partition": partition})
        for partition in ("1", "2")
    ]
    assert (told, shown) == ([], [1, None])
    await halt(owners[1])
    assert [str(error) for error in told] == ["partition 2 is halted"]


@pytest.mark.parametrize(
    "setting", ["drop_alert", "fold_raises=e1", "crash_at=nowhere", "sleep_at=after_states"]
)
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
