"""How far Postgres is behind each partition's log, measured in the background.

The worker's records go through `progress.state`, so Postgres alone cannot know what is not folded
yet: the API looks at the end of `activity` itself, and compares it with the partitions' records.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from api.reads import DatabaseAwayError, Reads
from contracts.topics import ACTIVITY
from runtime.clock import Clock
from runtime.kafka import READ_COMMITTED, connect_options
from runtime.settings import Settings

LOOK_SECONDS: Final = 1.0
FETCH_SECONDS: Final = 2.0
AWAY_SECONDS_MAX: Final = 2.0
STALE_SECONDS: Final = 15
YOUNG_SECONDS: Final = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lag:
    """The age of the oldest record not in Postgres yet; stale where it was not measured lately."""

    seconds: float
    stale: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """A lag as it was measured; `behind_since` is the oldest missing record's timestamp."""

    at: int
    behind_since: float | None


class Freshness:
    """Every partition's lag; `keep` measures, and anybody asks."""

    def __init__(self, settings: Settings, clock: Clock, reads: Reads) -> None:
        self._settings = settings
        self._clock = clock
        self._reads = reads
        self._measured: dict[int, Measured] = {}
        self._empty_until: dict[int, int] = {}
        self.kafka_up = False

    def of(self, partition: int) -> Lag:
        """The lag of one partition: as measured, and growing where that was some seconds ago."""
        measured = self._measured.get(partition)
        if measured is None:
            return Lag(0.0, stale=True)
        now = self._clock.now()
        young = now - measured.at <= YOUNG_SECONDS
        since = measured.behind_since
        seconds = 0.0 if since is None else max(0.0, (measured.at if young else now) - since)
        return Lag(seconds, stale=now - measured.at > STALE_SECONDS)

    async def keep(self, stop: asyncio.Event) -> None:
        """Measure until told to stop; Kafka or Postgres away: again later, with what was known."""
        wait, silent = LOOK_SECONDS, True
        while not stop.is_set():
            consumer = AIOKafkaConsumer(
                **connect_options(self._settings),
                isolation_level=READ_COMMITTED,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=65_536,
                fetch_max_wait_ms=100,
            )
            try:
                await consumer.start()
                if not silent:
                    log.info("kafka_back")
                wait, silent = LOOK_SECONDS, True
                await self._watch(consumer, stop)
            except (KafkaError, TimeoutError) as error:
                if silent:
                    log.warning("kafka_away", reason=str(error) or type(error).__name__)
                self.kafka_up = silent = False
                await _pause(stop, wait)
                wait = min(2 * wait, AWAY_SECONDS_MAX)
            finally:
                with suppress(KafkaError):
                    await consumer.stop()

    async def _watch(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        topic = self._settings.topic(ACTIVITY.name)
        partitions = [TopicPartition(topic, p) for p in range(self._settings.partitions)]
        if topic not in await consumer.topics():
            raise KafkaError(f"topic {topic} is not there: run `learnstream topics`")
        consumer.assign(partitions)
        consumer.pause(*partitions)
        while not stop.is_set():
            with suppress(DatabaseAwayError):
                records = await self._reads.records()
                stands = {record.partition: record.next for record in records}
                await self._look(consumer, partitions, stands)
            await _pause(stop, LOOK_SECONDS)

    async def _look(
        self,
        consumer: AIOKafkaConsumer,
        partitions: list[TopicPartition],
        stands: Mapping[int, int],
    ) -> None:
        ends = await asyncio.wait_for(consumer.end_offsets(partitions), FETCH_SECONDS)
        self.kafka_up = True
        now = self._clock.now()
        for tp in partitions:
            next_ = max(stands.get(tp.partition, 0), self._empty_until.get(tp.partition, 0))
            if next_ >= ends[tp]:
                self._measured[tp.partition] = Measured(now, None)
                continue
            async with asyncio.timeout(FETCH_SECONDS):
                self._measured[tp.partition] = Measured(
                    now, await self._oldest(consumer, tp, next_, ends[tp])
                )

    async def _oldest(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, next_: int, end: int
    ) -> float | None:
        """The timestamp of the first record from `next_` on; None where only markers follow."""
        consumer.seek(tp, next_)
        consumer.resume(tp)
        try:
            while True:
                found = await consumer.getmany(tp, timeout_ms=100, max_records=1)
                if records := found.get(tp):
                    return float(records[0].timestamp) / 1000
                if await consumer.position(tp) >= end:
                    self._empty_until[tp.partition] = end
                    return None
        finally:
            consumer.pause(tp)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
