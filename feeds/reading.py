"""How a feed looks at a topic: where it ends, and what stands in it from given offsets on."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from feeds.producing import Target
from feeds.records import Record, Trace, trace
from runtime.kafka import committed_stream
from runtime.settings import Settings


@asynccontextmanager
async def reader(settings: Settings, target: Target) -> AsyncIterator[AIOKafkaConsumer]:
    """A started reader of every partition, from the beginning, that sees only what is committed."""
    places = places_of(target)
    async with committed_stream(settings) as opened:
        opened.assign(places)
        await opened.seek_to_beginning(*places)
        yield opened


def places_of(target: Target) -> list[TopicPartition]:
    """Every partition of a topic."""
    return [TopicPartition(target.name, partition) for partition in range(target.partitions)]


async def ends(settings: Settings, target: Target) -> dict[int, int]:
    """The offset that the next record of each partition will have."""
    async with reader(settings, target) as opened:
        found = await opened.end_offsets(places_of(target))
    return {place.partition: offset for place, offset in found.items()}


async def found_from(
    settings: Settings, target: Target, offsets: Mapping[int, int]
) -> Counter[Trace]:
    """Traces of what stands in the topic from `offsets` on, each as often as it is there."""
    found: Counter[Trace] = Counter()
    async with reader(settings, target) as opened:
        left = await opened.end_offsets(places_of(target))
        for place in left:
            opened.seek(place, offsets.get(place.partition, 0))
        # By position and not by the last record: the end of a partition may be a marker.
        while left := {p: end for p, end in left.items() if await opened.position(p) < end}:
            for records in (await opened.getmany(timeout_ms=250)).values():
                found.update(trace(Record(record.key, record.value)) for record in records)
    return found
