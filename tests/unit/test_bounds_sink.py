"""What the sink reads of a batch and what it makes of it, at the bounds; no servers."""

import asyncio
from collections.abc import Mapping

import psycopg
import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from contracts.alert_event import encode_transition
from contracts.schema import SCHEMA_VERSION
from contracts.state_keys import PARTITION_KEY, TAKEN_KEY, course_key
from domain.stored.codec import encode_checkpoint, encode_learner
from domain.stored.rows import learner_row
from runtime.database import check_schema, one_line
from runtime.errors import CrashError, UsageError
from runtime.settings import Settings
from sinks.batch import (
    ended_columns,
    learner_columns,
    newest_alerts,
    newest_states,
    number_array,
    published_columns,
)
from sinks.cohort import cohort_clock, is_due
from sinks.metrics import SinkMetrics
from sinks.position import Position
from sinks.sink import Sink, Surroundings, is_loss
from sinks.tables import Batch, Positions
from tests.asking import Written
from tests.owning import until
from tests.sinking import T0, TODAY, StoppedClock, a_checkpoint, a_learner, a_transition, resolved

SETTINGS = Settings.model_validate(
    {"KAFKA_BOOTSTRAP": "nowhere:1", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
)


def a_sink() -> tuple[Sink, CollectorRegistry]:
    registry = CollectorRegistry()
    around = Surroundings(SETTINGS, StoppedClock(), SinkMetrics(registry))
    return Sink(around, asyncio.Event()), registry


# -- a batch -------------------------------------------------------------------------------------


def test_a_batch_of_states_may_hold_each_kind_of_key() -> None:
    learner = encode_learner(a_learner("ada", 4))
    found = newest_states(
        [
            Written(b"ada", encode_learner(a_learner("ada", 3)), 0),
            Written(PARTITION_KEY, encode_checkpoint(a_checkpoint(1, next=4)), 1),
            Written(TAKEN_KEY, b"", 2)._replace(value=None),  # type: ignore[arg-type]
            Written(course_key("c"), b"facts", 3),
            Written(b"ada", learner, 4),
            Written(b"bob", b"", 5)._replace(value=None),  # type: ignore[arg-type]
        ]
    )
    assert [data for _, data in found.learners] == [learner]
    assert found.removed == ["bob"]
    assert found.facts == {"c": b"facts"}
    assert found.checkpoint is not None
    assert found.checkpoint[0].next == 4


def test_facts_or_a_record_without_a_value_change_nothing() -> None:
    records = [
        Written(key, b"", 0)._replace(value=None)  # type: ignore[arg-type]
        for key in (PARTITION_KEY, course_key("c"))
    ]
    found = newest_states(records)
    assert (found.checkpoint, found.facts, found.learners, found.removed) == (None, {}, [], [])


def test_a_state_without_a_key_ends_the_process() -> None:
    record = Written(b"", b"x", 9)._replace(key=None)  # type: ignore[arg-type]
    with pytest.raises(CrashError, match="offset 9 of the states has no key"):
        newest_states([record])


def test_a_first_revision_counts_and_the_same_again_does_not() -> None:
    first, again = a_transition("ada", "a"), a_transition("ada", "a", severity="high")
    second = a_transition("ada", "a", 2, kind="updated")
    for given, told in (
        ([first], [first]),
        ([first, again], [first]),
        ([first, second], [second]),
        ([second, first], [second]),
    ):
        found = newest_alerts([Written(b"ada", encode_transition(each)) for each in given])
        assert [transition for transition, _ in found.published] == told


def test_columns_are_in_order_of_their_keys() -> None:
    states = [
        a_learner(user, steps, days=[TODAY]) for user, steps in (("b", 2), ("c", 3), ("a", 1))
    ]
    pairs = [(learner_row(state), encode_learner(state)) for state in states]
    columns = learner_columns(pairs)
    assert columns["user_id"] == ["a", "b", "c"]
    assert columns["steps"] == [1, 2, 3]
    assert columns["state"] == [pairs[2][1], pairs[0][1], pairs[1][1]]
    assert {len(column) for column in columns.values()} == {3}
    told = [(a_transition("ada", name, severity=name), name.encode()) for name in ("z", "y")]
    assert published_columns(told)["alert_id"] == published_columns(told)["severity"] == ["y", "z"]
    assert published_columns(told)["body"] == [b"y", b"z"]
    ended = ended_columns([resolved("ada", "z", 5, T0 + 9), resolved("ada", "y", 4, T0 + 8)])
    assert ended["alert_id"] == ["y", "z"]
    assert ended["revision"] == [4, 5]
    assert ended["resolved_at"] == ended["updated_at"] == [T0 + 8, T0 + 9]


def test_an_array_of_nothing_and_of_one() -> None:
    assert (number_array([]), number_array([7]), number_array([7, None])) == (
        "{}",
        "{7}",
        "{7, NULL}",
    )


# -- the sink ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "loss"),
    [
        (psycopg.OperationalError("gone"), True),  # no state: the connection said nothing more
        (psycopg.errors.ConnectionException(), True),  # 08
        (psycopg.errors.DiskFull(), True),  # 53
        (psycopg.errors.AdminShutdown(), True),  # 57
        (psycopg.errors.IoError(), True),  # 58
        (psycopg.errors.LockNotAvailable(), False),  # 55
        (psycopg.errors.DeadlockDetected(), False),  # 40
        (psycopg.errors.InvalidTextRepresentation(), False),  # 22
    ],
)
def test_postgres_going_away_is_told_from_postgres_refusing(
    error: psycopg.Error, loss: object
) -> None:
    assert is_loss(error) is loss


def test_a_servers_words_are_one_line() -> None:
    assert one_line(ValueError("first\nsecond")) == "first"
    assert one_line(ValueError()) == "ValueError"


def test_records_are_sorted_by_partition_states_beside_transitions() -> None:
    sink, _ = a_sink()
    states, transitions = "progress.state", "progress.alerts"
    found = sink._by_partition(
        {
            TopicPartition(transitions, 3): [Written(b"t3", b"")],
            TopicPartition(states, 1): [Written(b"s1", b"")],
            TopicPartition(states, 3): [Written(b"s3", b"")],
        }
    )
    assert list(found) == [1, 3]
    assert found[1] == Batch([Written(b"s1", b"")], ())
    assert found[3] == Batch([Written(b"s3", b"")], [Written(b"t3", b"")])


def test_a_batch_is_counted_by_topic() -> None:
    sink, registry = a_sink()
    sink._count(Batch([Written(b"s", b"")] * 3, [Written(b"t", b"")] * 2), 0.5)
    sink._count(Batch([Written(b"s", b"")], ()), 0.25)
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }
    assert values["learnstream_sink_records_total", "progress.state"] == 4
    assert values["learnstream_sink_records_total", "progress.alerts"] == 2
    assert values[("learnstream_sink_batches_total",)] == 2
    assert values[("learnstream_sink_batch_seconds_sum",)] == 0.75


class _Consumer:
    def __init__(self, error: KafkaError | None = None) -> None:
        self.error = error
        self.committed: list[Mapping[TopicPartition, int]] = []

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.committed.append(offsets)
        if self.error is not None:
            raise self.error


async def copied(sink: Sink, consumer: _Consumer) -> int:
    as_consumer: AIOKafkaConsumer = consumer  # type: ignore[assignment]
    await sink._copy_offsets(as_consumer)
    return len(consumer.committed)


async def test_the_groups_copy_moves_at_most_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink, _ = a_sink()
    states = Position("progress.state", 2, "id", 11)
    transitions = Position("progress.alerts", 2, "id", 12)
    sink._positions = {2: Positions(states, transitions)}
    consumer, now = _Consumer(), 1000.0
    monkeypatch.setattr("sinks.sink.time.monotonic", lambda: now)
    assert await copied(sink, consumer) == 1
    assert consumer.committed[0] == {
        TopicPartition("progress.state", 2): 11,
        TopicPartition("progress.alerts", 2): 12,
    }
    now += 0.99
    assert await copied(sink, consumer) == 1
    now += 0.01
    assert await copied(sink, consumer) == 2


async def test_nothing_depends_on_the_groups_copy() -> None:
    sink, _ = a_sink()
    assert await copied(sink, _Consumer(KafkaError("no coordinator"))) == 1


async def test_a_sink_that_is_told_to_stop_does_not_wait_for_postgres() -> None:
    sink, registry = a_sink()
    sink._around.metrics.postgres_up.set(1)
    task = asyncio.create_task(sink._connected())
    await until(lambda: registry.get_sample_value("learnstream_sink_postgres_up") == 0)
    sink._stop.set()
    async with asyncio.timeout(10):
        assert await task is None


async def test_while_postgres_is_away_it_is_asked_ever_less_and_that_is_not_said_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink, registry = a_sink()
    waits: list[float] = []
    found: psycopg.AsyncConnection = object()  # type: ignore[assignment]

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    async def opened(_: Settings) -> psycopg.AsyncConnection:
        if len(waits) < 8:
            raise psycopg.OperationalError("away")
        return found

    monkeypatch.setattr(sink, "_pause", pause)
    monkeypatch.setattr("sinks.sink.open_tables", opened)
    for told in (["postgres_away", "postgres_reconnected"], []):
        with structlog.testing.capture_logs() as lines:
            assert await sink._connected() is found
        assert [line["event"] for line in lines] == told
        assert registry.get_sample_value("learnstream_sink_postgres_up") == 1
    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


@pytest.mark.parametrize("seen", [None, SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_only_tables_of_this_codes_version_are_written(seen: int | None) -> None:
    check_schema(SCHEMA_VERSION, SCHEMA_VERSION)
    with pytest.raises(UsageError, match=f"of version {seen or 0}, expected {SCHEMA_VERSION}"):
        check_schema(seen, SCHEMA_VERSION)


# -- the cohort ----------------------------------------------------------------------------------


def test_a_cohort_is_due_at_twice_as_many_and_only_while_they_are_few() -> None:
    few, many = 9_999, 10_000
    assert is_due(7, 2 * few, 7, few)
    assert not is_due(7, 2 * few - 1, 7, few)
    assert not is_due(7, 2 * many, 7, many)
    assert not is_due(7, 1, 7, 0)
    assert not is_due(6, 0, 7, 0)


async def test_under_the_wall_clock_the_cohorts_time_is_the_machines() -> None:
    around = Surroundings(SETTINGS, StoppedClock(T0 + 5), SinkMetrics(CollectorRegistry()))
    nobody: psycopg.AsyncConnection = None  # type: ignore[assignment]
    assert await cohort_clock(nobody, around) == T0 + 5
