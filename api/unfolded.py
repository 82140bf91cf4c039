"""The oldest record of `activity` that is not folded yet, also where nobody may read it yet.

A transaction that a producer holds open hides its records from readers of committed records, and
with them all that stands behind: the worker waits, and so does a reader of the log's committed end.
The log's real end shows them. What an abort took back, and the markers of transactions, stand
there too; they are passed once they are decided.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from contracts.topics import ACTIVITY
from runtime.kafka import READ_COMMITTED, connect_options
from runtime.settings import Settings

ANSWER_SECONDS: Final = 2.0
SEARCH_SECONDS: Final = 2.0
"""So long one partition is searched at a time."""
_POLL_MS: Final = 100
_FETCH_BYTES: Final = 65_536
_READ_UNCOMMITTED: Final = "read_uncommitted"


@dataclass(slots=True)
class Unfolded:
    """Two readers of `activity`: of what is committed, and of all that stands there."""

    committed: AIOKafkaConsumer
    whole: AIOKafkaConsumer
    partitions: list[TopicPartition]
    _passed: dict[TopicPartition, int] = field(default_factory=dict)

    async def oldest(self, stands: Mapping[int, int]) -> AsyncIterator[tuple[int, float | None]]:
        """Each partition with the timestamp of its first record from `stands` on, None where none.

        A partition whose search takes too long is left out, and its next search continues there.
        Raises TimeoutError or an error of aiokafka where Kafka does not answer.
        """
        ends = await _ends(self.whole, self.partitions)
        behind = {}
        for place in self.partitions:
            start = max(stands.get(place.partition, 0), self._passed.get(place, 0))
            if start < ends[place]:
                behind[place] = start
            else:
                yield place.partition, None
        visible = await _ends(self.committed, list(behind)) if behind else {}
        for place, start in behind.items():
            found, at = await _search(self.committed, place, start, visible[place])
            if found is None:
                self._passed[place] = at
                if at < visible[place]:
                    continue
                found, at = await _search(self.whole, place, at, ends[place])
            yield place.partition, found


@asynccontextmanager
async def unfolded(settings: Settings) -> AsyncIterator[Unfolded]:
    """Both readers, connected; raises an error of aiokafka without Kafka or without the topic."""
    async with (
        _reader(settings, READ_COMMITTED) as committed,
        _reader(settings, _READ_UNCOMMITTED) as whole,
    ):
        topic = settings.topic(ACTIVITY.name)
        if topic not in await committed.topics():
            raise UnknownTopicOrPartitionError(f"{topic} is not there: run `learnstream topics`")
        partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        for consumer in (committed, whole):
            consumer.assign(partitions)
            consumer.pause(*partitions)
        yield Unfolded(committed, whole, partitions)


@asynccontextmanager
async def _reader(settings: Settings, isolation_level: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **connect_options(settings),
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=_POLL_MS,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        with suppress(KafkaError):
            await consumer.stop()


async def _ends(
    consumer: AIOKafkaConsumer, places: list[TopicPartition]
) -> dict[TopicPartition, int]:
    ends: dict[TopicPartition, int] = await asyncio.wait_for(
        consumer.end_offsets(places), ANSWER_SECONDS
    )
    return ends


async def _search(
    consumer: AIOKafkaConsumer, place: TopicPartition, start: int, end: int
) -> tuple[float | None, int]:
    """The timestamp of the first record in [start, end), and up to where there is none."""
    if start >= end:
        return None, start
    consumer.seek(place, start)
    consumer.resume(place)
    deadline = asyncio.get_running_loop().time() + SEARCH_SECONDS
    try:
        while True:
            found = await consumer.getmany(place, timeout_ms=_POLL_MS, max_records=1)
            if records := found.get(place):
                return float(records[0].timestamp) / 1000, records[0].offset
            at: int = await consumer.position(place)
            if at >= end:
                return None, at
            if asyncio.get_running_loop().time() > deadline:
                if at == start:
                    raise TimeoutError(f"{place.topic}[{place.partition}] is not read from {at}")
                return None, at
    finally:
        consumer.pause(place)
