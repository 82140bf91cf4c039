"""What the sink does in a step, in taking its places and at a loss; Kafka and Postgres stand in."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Self

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError
from prometheus_client import CollectorRegistry

from runtime.errors import CrashError, LossError, UsageError
from runtime.settings import Settings
from sinks.cohort import FORMULA, LOCK_KEY, SQL, keep_cohorts, refresh_cohort
from sinks.metrics import SinkMetrics
from sinks.position import SQL as SINK_SQL
from sinks.position import Log, Position
from sinks.sink import POLL_MS, Sink, Surroundings, open_tables
from sinks.tables import Batch, Positions
from tests.asking import Written
from tests.sinking import T0, TODAY, StoppedClock

SETTINGS = Settings.model_validate(
    {"KAFKA_BOOTSTRAP": "nowhere:1", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
)
STATES, ALERTS = "progress.state", "progress.alerts"
GONE = OffsetOutOfRangeError({TopicPartition(STATES, 0): 5})


class Postgres:
    """A connection that is a transaction too; it answers a statement with its row."""

    closed = False

    def __init__(self, rows: Mapping[str, tuple[object, ...] | None] | None = None) -> None:
        self.rows = {SINK_SQL["unlisted"]: None, **(rows or {})}
        self.said: list[tuple[str, object]] = []
        self.left = 0

    def transaction(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.left += 1

    async def close(self) -> None:
        self.left += 1

    async def execute(self, statement: str, given: object = None) -> Self:
        name = next((name for name, text in SQL.items() if text == statement), statement)
        self.said.append((name, given))
        return self

    async def fetchone(self) -> tuple[object, ...] | None:
        return self.rows[self.said[-1][0]]


class Kafka:
    """A consumer that gives one poll after another."""

    def __init__(self, *polls: object, assigned: Sequence[int] = ()) -> None:
        self.polls = list(polls)
        self.assigned = {TopicPartition(topic, n) for topic in (STATES, ALERTS) for n in assigned}
        self.sought: dict[TopicPartition, int] = {}
        self.waits: list[int] = []
        self.commits: list[object] = []

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought[place] = offset

    async def commit(self, offsets: object) -> None:
        self.commits.append(offsets)

    async def getmany(self, *, timeout_ms: int) -> Any:
        self.waits.append(timeout_ms)
        found = self.polls.pop(0)
        if isinstance(found, Exception):
            raise found
        return found() if callable(found) else found


class Bench:
    """A sink of partitions 1 and 2, and what it wrote."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.registry = CollectorRegistry()
        around = Surroundings(SETTINGS, StoppedClock(), SinkMetrics(self.registry))
        self.sink = Sink(around, asyncio.Event())
        self.sink._rebalances.begin()
        self.sink._positions = {n: positions(n, 0) for n in (1, 2)}
        self.written: list[tuple[Positions, Batch, int]] = []
        self.go_after: int | None = None
        monkeypatch.setattr("sinks.sink.write_batch", self._write)

    async def _write(self, _: object, at: Positions, batch: Batch, now: int) -> Positions:
        self.written.append((at, batch, now))
        assert self.sink._rebalances.writing.locked()  # partitions do not go meanwhile
        if len(self.written) == self.go_after:
            self.sink._rebalances.end()
        return positions(at.states.partition, 9)

    async def step(self, kafka: Kafka) -> None:
        connection: psycopg.AsyncConnection = Postgres()  # type: ignore[assignment]
        consumer: AIOKafkaConsumer = kafka  # type: ignore[assignment]
        await self.sink._step(connection, consumer)

    def told(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"learnstream_sink_{name}")


def positions(partition: int, following: int) -> Positions:
    return Positions(
        Position(STATES, partition, "s", following), Position(ALERTS, partition, "t", following)
    )


def poll(*partitions: int) -> dict[TopicPartition, list[Written]]:
    return {TopicPartition(STATES, n): [Written(b"ada", b"x", n)] for n in partitions}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


# -- a step --------------------------------------------------------------------------------------


async def test_a_step_writes_each_partition_from_its_place_and_copies_the_new_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter((10.0, 10.5, 12.0))
    monkeypatch.setattr("sinks.sink.time.perf_counter", lambda: next(times))
    kafka = Kafka(poll(1, 2))
    await bench.step(kafka)
    assert kafka.waits == [POLL_MS]
    assert [at for at, _, _ in bench.written] == [positions(1, 0), positions(2, 0)]
    assert [batch.states[0].offset for _, batch, _ in bench.written] == [1, 2]
    assert {now for _, _, now in bench.written} == {T0}
    assert bench.sink._positions == {n: positions(n, 9) for n in (1, 2)}
    assert len(kafka.commits) == 1
    assert (bench.told("batches_total"), bench.told("batch_seconds_sum")) == (2, 2.5)


async def test_a_step_without_records_writes_and_copies_nothing(bench: Bench) -> None:
    kafka = Kafka({})
    await bench.step(kafka)
    assert (bench.written, kafka.commits) == ([], [])


async def test_what_was_read_when_partitions_went_is_not_written(bench: Bench) -> None:
    def gone() -> object:
        bench.sink._rebalances.end()
        return poll(1)

    kafka = Kafka(gone)
    await bench.step(kafka)
    assert (bench.written, kafka.commits) == ([], [])


async def test_when_partitions_go_after_a_write_the_others_are_not_written(bench: Bench) -> None:
    bench.go_after = 1
    kafka = Kafka(poll(1, 2))
    await bench.step(kafka)
    assert len(bench.written) == 1
    assert kafka.commits == []
    assert bench.told("batches_total") == 1


async def test_a_log_that_is_gone_is_a_loss_unless_the_partition_went(bench: Bench) -> None:
    with pytest.raises(LossError, match="no longer has"):
        await bench.step(Kafka(GONE))
    bench.sink._rebalances.end()
    await bench.step(Kafka(GONE))


# -- places --------------------------------------------------------------------------------------


def stand_in(
    monkeypatch: pytest.MonkeyPatch, following: int, *, end: int = 20, during: object = None
) -> None:
    """Logs from 5 to 10 that reach to `end` by now, and a table that says where to go on."""

    async def logs(_: object, __: object, assigned: set[TopicPartition]) -> list[Log]:
        return [Log(tp.topic, tp.partition, "id", 5, 10) for tp in sorted(assigned)]

    async def place(_: object, log: Log) -> Position:
        return Position(log.topic, log.partition, "id", following + log.partition)

    async def ends(_: object, taken: Mapping[Log, Position]) -> list[Log]:
        if callable(during):
            during()
        return [Log(log.topic, log.partition, "id", 5, end) for log in taken]

    monkeypatch.setattr("sinks.sink.read_logs", logs)
    monkeypatch.setattr("sinks.sink.take_position", place)
    monkeypatch.setattr("sinks.sink.newest_ends", ends)


async def test_places_are_where_postgres_says(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, 12)
    bench.sink._rebalances.end()
    kafka = Kafka({}, {}, assigned=(0, 3))
    await bench.step(kafka)
    assert kafka.sought == {
        TopicPartition(topic, n): 12 + n for topic in (STATES, ALERTS) for n in (0, 3)
    }
    assert bench.sink._positions == {
        n: Positions(Position(STATES, n, "id", 12 + n), Position(ALERTS, n, "id", 12 + n))
        for n in (0, 3)
    }
    assert not bench.sink._rebalances.over()
    kafka.sought.clear()
    await bench.step(kafka)  # they hold until partitions come or go
    assert kafka.sought == {}


async def test_without_partitions_the_places_are_asked_for_again(bench: Bench) -> None:
    bench.sink._rebalances.end()
    await bench.step(Kafka({}))
    assert bench.sink._rebalances.over()


async def test_places_of_partitions_that_went_meanwhile_are_not_taken(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, 12, during=bench.sink._rebalances.end)
    bench.sink._rebalances.end()
    kafka = Kafka({}, assigned=(0,))
    await bench.step(kafka)
    assert kafka.sought == {}
    assert bench.sink._rebalances.over()


async def test_a_place_outside_its_log_is_a_loss(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for following in (4, 21):
        stand_in(monkeypatch, following)
        bench.sink._rebalances.end()
        with pytest.raises(LossError):
            await bench.step(Kafka({}, assigned=(0,)))


# -- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "closed", "crash"),
    [
        (psycopg.OperationalError("gone"), False, False),
        (psycopg.errors.LockNotAvailable("busy"), True, False),
        (psycopg.errors.LockNotAvailable("busy"), False, True),
    ],
)
async def test_a_lost_connection_is_left_and_a_refusal_ends_the_process(
    bench: Bench, error: Exception, *, closed: bool, crash: bool
) -> None:
    postgres = Postgres()
    postgres.closed = closed
    connection: psycopg.AsyncConnection = postgres  # type: ignore[assignment]
    consumer: AIOKafkaConsumer = Kafka({}, error)  # type: ignore[assignment]
    if crash:
        with pytest.raises(CrashError, match="refused a batch: busy"):
            await bench.sink._until_postgres_goes(connection, consumer)
    else:
        await bench.sink._until_postgres_goes(connection, consumer)
    assert bench.told("postgres_losses_total") == (0 if crash else 1)
    assert postgres.left == 1
    assert bench.sink._rebalances.over()


async def test_a_sink_that_is_to_stop_takes_no_further_step(bench: Bench) -> None:
    bench.sink._stop.set()
    connection: psycopg.AsyncConnection = Postgres()  # type: ignore[assignment]
    consumer: AIOKafkaConsumer = Kafka()  # type: ignore[assignment]
    await bench.sink._until_postgres_goes(connection, consumer)
    assert bench.sink._rebalances.over()


async def test_a_session_that_hangs_is_ended_when_the_group_misses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postgres = Postgres({"SELECT max(version) FROM schema_version": (0,)})

    async def connected(_: Settings, __: str) -> Postgres:
        return postgres

    monkeypatch.setattr("sinks.sink.connect", connected)
    with pytest.raises(UsageError):
        await open_tables(SETTINGS)
    assert postgres.left == 1  # it is closed, whatever was wrong
    assert postgres.said[0][1] == (f"{SETTINGS.session_timeout_seconds * 1000:.0f}ms",)


# -- the cohort ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locked", "refreshed", "learners", "fills"),
    [
        (False, None, 1, False),
        (True, None, 0, True),
        (True, (TODAY, 10), 19, False),
        (True, (TODAY, 10), 20, True),
        (True, (TODAY, 10_000), None, False),  # so many are not counted again that day
        (True, (TODAY + 1, 10_000), None, False),
        (True, (TODAY - 1, 10_000), 1, True),
        (True, (TODAY, 9_999), 19_998, True),
    ],
)
async def test_a_day_is_computed_once_and_again_while_few_learners_double(
    locked: object, refreshed: tuple[int, int] | None, learners: int | None, fills: object
) -> None:
    postgres = Postgres(
        {"try_lock": (locked,), "refreshed": refreshed}
        | ({} if learners is None else {"learners": (learners,)})
    )
    connection: psycopg.AsyncConnection = postgres  # type: ignore[assignment]
    assert await refresh_cohort(connection, TODAY, T0) is fills
    assert postgres.said[0] == ("try_lock", {"key": LOCK_KEY})
    given = {"today": TODAY, "as_of": T0, "learners": learners, **FORMULA}
    names = ("clear_cohort", "fill_cohort", "note_refresh")
    assert postgres.said[3:] == ([(name, given) for name in names] if fills else [])


def test_the_sql_is_given_the_weights_and_targets_of_the_level() -> None:
    assert FORMULA == {
        "learners_min": 10,
        "cohort_days": 28,
        "smoothed_days": 22,
        "half_life_days": 7,
        "weight_active_days": 0.3,
        "weight_minutes": 0.25,
        "weight_activities": 0.2,
        "weight_discussion": 0.1,
        "weight_punctuality": 0.15,
        "target_active_days": 4,
        "target_minutes": 180,
        "target_activities": 30,
        "target_discussion": 2,
        "target_punctuality": 1,
    }


async def test_a_new_day_is_looked_for_until_the_process_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Postgres is away at first; then the day is computed, and found to be there."""
    stop, registry, looks = asyncio.Event(), CollectorRegistry(), 0
    around = Surroundings(SETTINGS, StoppedClock(), SinkMetrics(registry))

    async def opened(_: Settings) -> Postgres:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise psycopg.OperationalError("away")
        if looks == 4:
            stop.set()
        refreshed = None if looks == 2 else (TODAY, 10_000)
        return Postgres({"try_lock": (True,), "refreshed": refreshed, "learners": (1,)})

    monkeypatch.setattr("sinks.cohort.open_tables", opened)
    monkeypatch.setattr("sinks.cohort.LOOK_SECONDS", 0.001)
    async with asyncio.timeout(10):
        await keep_cohorts(around, stop)
    assert looks == 4
    assert registry.get_sample_value("learnstream_sink_cohort_refreshes_total") == 1


@pytest.mark.parametrize(("lowest", "refreshes"), [(None, 0), (T0, 1)])
async def test_under_the_clock_of_the_stream_nothing_is_computed_before_it_is_known(
    monkeypatch: pytest.MonkeyPatch, lowest: int | None, refreshes: int
) -> None:
    stop, registry = asyncio.Event(), CollectorRegistry()
    settings = SETTINGS.model_copy(update={"clock": "stream"})
    around = Surroundings(settings, StoppedClock(), SinkMetrics(registry))
    rows = {"stream_clock": (lowest,), "refreshed": None, "try_lock": (True,), "learners": (1,)}

    async def opened(_: Settings) -> Postgres:
        stop.set()
        return Postgres(rows)

    monkeypatch.setattr("sinks.cohort.open_tables", opened)
    await keep_cohorts(around, stop)
    assert registry.get_sample_value("learnstream_sink_cohort_refreshes_total") == refreshes
