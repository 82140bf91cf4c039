"""The sink's loop: read a batch, write it with its position, once."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from psycopg import AsyncConnection

from contracts.schema import SCHEMA_VERSION
from runtime.clock import Clock
from runtime.database import check_refusal, check_schema, connect, one_line
from runtime.errors import CrashError
from runtime.kafka import reaching_kafka
from runtime.servers import Outage
from runtime.settings import Settings
from sinks.batch import Record
from sinks.courses import list_partition
from sinks.metrics import SinkMetrics
from sinks.position import check_position, take_position
from sinks.stream import (
    RebalanceListener,
    lost,
    newest_ends,
    read_logs,
    sink_topics,
    snapshots_topic,
    state_reader,
)
from sinks.tables import Batch, Positions, write_batch

POLL_MS: Final = 500
BACKOFF_SECONDS_MAX: Final = 2.0
COPY_SECONDS: Final = 1.0

_LOSSES: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a sink needs of its process."""

    settings: Settings
    clock: Clock
    metrics: SinkMetrics


class Sink:
    """Reads its share of the partitions and writes it to Postgres until `stop` is set.

    Invariants:
        A row and the position that covers it are committed together (I2).
        What is written next follows on what Postgres says was written last, never on the group's
        committed offset: that is a copy for lag tools.
    """

    def __init__(self, around: Surroundings, stop: asyncio.Event) -> None:
        self._around = around
        self._stop = stop
        self._rebalances = RebalanceListener()
        self._positions: dict[int, Positions] = {}
        self._copied_at = 0.0

    async def run(self) -> None:
        """Return when asked to stop; raises a ProjectError where it cannot continue."""
        settings = self._around.settings
        consumer = state_reader(settings)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(consumer.stop)
            with reaching_kafka(settings):
                await consumer.start()
            topics = [*sink_topics(settings), snapshots_topic(settings)]
            consumer.subscribe(topics, listener=self._rebalances)
            while not self._stop.is_set():
                connection = await self._connected()
                if connection is not None:
                    await self._until_postgres_goes(connection, consumer)

    async def _connected(self) -> AsyncConnection | None:
        """A connection, however long Postgres is away; None when asked to stop.

        Raises UsageError where Postgres refuses us or has other tables.
        """
        wait, outage = 0.05, None
        while not self._stop.is_set():
            try:
                connection = await open_tables(self._around.settings)
            except psycopg.OperationalError as error:
                check_refusal(error)
                outage = outage or Outage("postgres_away")
                outage.say(one_line(error))
                self._around.metrics.postgres_up.set(0)
                await self._pause(wait)
                wait = min(2 * wait, BACKOFF_SECONDS_MAX)
            else:
                self._around.metrics.postgres_up.set(1)
                if outage is not None:
                    log.info("postgres_reconnected")
                return connection
        return None

    async def _until_postgres_goes(
        self, connection: AsyncConnection, consumer: AIOKafkaConsumer
    ) -> None:
        # Whether the last commit came through is not known after a loss: so every position is read
        # anew, and the batch in hand is read again from there.
        self._rebalances.end()
        async with connection:
            try:
                while not self._stop.is_set():
                    await self._step(connection, consumer)
            except _LOSSES as error:
                if not connection.closed and not is_loss(error):
                    raise CrashError(f"Postgres refused a batch: {one_line(error)}") from error
                log.warning("postgres_lost", reason=one_line(error))
                self._around.metrics.postgres_losses.inc()

    async def _step(self, connection: AsyncConnection, consumer: AIOKafkaConsumer) -> None:
        if self._rebalances.over():
            await self._take_places(connection, consumer)
        try:
            records = await consumer.getmany(timeout_ms=POLL_MS)
        except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
            if self._rebalances.over():
                return
            raise lost(error) from error
        if self._rebalances.over() or not records:
            return
        began = time.perf_counter()
        for partition, batch in self._by_partition(records).items():
            if partition not in self._positions:
                continue  # an older sink has its states, and knows no snapshots
            async with self._rebalances.writing:
                if self._rebalances.over():
                    return
                self._positions[partition] = await write_batch(
                    connection, self._positions[partition], batch, self._around.clock.now()
                )
            self._count(batch, time.perf_counter() - began)
        await self._copy_offsets(consumer)

    async def _take_places(self, connection: AsyncConnection, consumer: AIOKafkaConsumer) -> None:
        """Seek every partition to where Postgres says; the group may move them meanwhile."""
        self._rebalances.begin()
        assigned = consumer.assignment()
        if not assigned:
            self._rebalances.end()
            return
        states, transitions = sink_topics(self._around.settings)
        snapshots = snapshots_topic(self._around.settings)
        logs = await read_logs(self._around.settings, consumer, assigned)
        taken = {each: await take_position(connection, each) for each in logs}
        now = await newest_ends(consumer, taken)
        if self._rebalances.over():
            return
        for position, each in zip(taken.values(), now, strict=True):
            check_position(position, each)
        found = {(each.topic, each.partition): each for each in taken.values()}
        for (topic, partition), position in found.items():
            consumer.seek(TopicPartition(topic, partition), position.next)
        self._positions = {
            partition: Positions(
                found[states, partition],
                found[transitions, partition],
                found.get((snapshots, partition)),
            )
            for topic, partition in found
            if topic == states
        }
        await self._list_courses(connection)
        log.info("sink_resumed", positions=sorted(str(position) for position in found.values()))

    async def _list_courses(self, connection: AsyncConnection) -> None:
        """Make the rows of courses that an older program left out; else there is nothing to do."""
        for partition, positions in self._positions.items():
            async with self._rebalances.writing:
                if self._rebalances.over():
                    return
                if await list_partition(connection, positions.states):
                    log.info("courses_listed", partition=partition)

    def _by_partition(self, records: Mapping[TopicPartition, Sequence[Record]]) -> dict[int, Batch]:
        names = [*sink_topics(self._around.settings), snapshots_topic(self._around.settings)]
        return {
            partition: Batch(*(records.get(TopicPartition(name, partition), ()) for name in names))
            for partition in sorted({tp.partition for tp in records})
        }

    def _count(self, batch: Batch, seconds: float) -> None:
        metrics = self._around.metrics
        names = [*sink_topics(self._around.settings), snapshots_topic(self._around.settings)]
        came = batch.states, batch.transitions, batch.snapshots
        for topic, records in zip(names, came, strict=True):
            metrics.records.labels(topic).inc(len(records))
        metrics.batches.inc()
        metrics.batch_seconds.observe(seconds)

    async def _copy_offsets(self, consumer: AIOKafkaConsumer) -> None:
        """Commit to the group too, for lag tools; nothing depends on it."""
        now = time.monotonic()
        if now - self._copied_at < COPY_SECONDS:
            return
        self._copied_at = now
        offsets = {
            TopicPartition(position.topic, position.partition): position.next
            for positions in self._positions.values()
            for position in positions.each
        }
        try:
            await consumer.commit(offsets)
        except KafkaError as error:
            log.debug("offsets_not_copied", reason=str(error))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


async def open_tables(settings: Settings) -> AsyncConnection:
    """A connection to tables of the version that this code writes.

    A sink that is stopped within a transaction holds its position's row, for which its successor
    has to wait: after the time in which the group misses it, Postgres misses it too.
    """
    connection = await connect(settings, "learnstream sink")
    try:
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, false)",
            (f"{int(settings.session_timeout_seconds * 1000)}ms",),
        )
        check_schema(await _schema_version(connection), SCHEMA_VERSION)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _schema_version(connection: AsyncConnection) -> int | None:
    try:
        cursor = await connection.execute("SELECT max(version) FROM schema_version")
    except psycopg.errors.UndefinedTable:
        return None
    row = await cursor.fetchone()
    return None if row is None else row[0]


def is_loss(error: psycopg.Error) -> bool:
    """Whether Postgres went away (or is full, or starting), rather than refused what was sent."""
    state = error.sqlstate
    return state is None or state[:2] in {"08", "53", "57", "58"}
