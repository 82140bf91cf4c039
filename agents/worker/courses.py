"""Topic `courses` as a worker reads it: the newest facts for all, the bad records for one owner."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from agents.partition_owner.transport import Raw
from contracts.course_facts import decode_course_facts
from contracts.topics import COURSES
from domain.course_facts import CourseFacts
from domain.events.decode import Record, Rejected
from domain.fold.effects import DeadLetter
from runtime.kafka import READ_COMMITTED, connect_options, ends_behind
from runtime.same_log import Extent, check_same_log
from runtime.settings import Settings

_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 100  # a broker answers nothing else on a connection that it lets wait
_CATCH_UP_SECONDS: Final = 30.0
_LETTERS_MAX: Final = 1_000


class CourseReader:
    """Reads all of `courses` from its start and keeps reading; one a worker process.

    `version` moves whenever any course's facts may have changed.
    """

    def __init__(self, settings: Settings, on_change: Callable[[], object]) -> None:
        self.latest: dict[str, CourseFacts] = {}
        self.version = 0
        self._settings = settings
        self._on_change = on_change
        self._consumer: AIOKafkaConsumer | None = None
        self._partitions: list[TopicPartition] = []
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Read for ever; what this raises ends the process."""
        self._consumer, self._partitions = await _open(self._settings)
        try:
            await self._consumer.seek_to_beginning(*self._partitions)
            self._moved.set()
            while True:
                found = await self._consumer.getmany(timeout_ms=_POLL_MS)
                for record in _in_order(found):
                    self._take(record)
                self._moved.set()
                if found:
                    self._on_change()
        finally:
            await self._consumer.stop()

    async def caught_up(self) -> None:
        """Return when everything that stands in `courses` now was read."""
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        while self._consumer is None:
            await self._wait(deadline)
        ends = await self._consumer.end_offsets(self._partitions)
        for partition, end in ends.items():
            while await self._consumer.position(partition) < end:
                await self._wait(deadline)

    def changed(self, adopted: Mapping[str, CourseFacts]) -> Iterator[CourseFacts]:
        """The facts that differ from those adopted, in order of the course's id."""
        for course_id in sorted(self.latest):
            if adopted.get(course_id) != self.latest[course_id]:
                yield self.latest[course_id]

    def _take(self, record: Raw) -> None:
        verdict = decode_course_facts(record.key, record.value)
        if not isinstance(verdict, Rejected):
            self.latest[verdict.course_id] = verdict
            self.version += 1

    async def _wait(self, deadline: float) -> None:
        self._moved.clear()
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            await self._moved.wait()


class CourseLetters:
    """The bad records of `courses`, for the owner of partition 0: each goes out exactly once."""

    def __init__(self, settings: Settings, looked_at: Mapping[int, int]) -> None:
        self._settings = settings
        self._looked_at = dict(looked_at)
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Continue where the checkpoint says; where compaction took records, at the next."""
        self._consumer, partitions = await _open(self._settings)
        places = {each: self._looked_at.get(each.partition, 0) for each in partitions}
        ends = await ends_behind(self._consumer, places)
        for partition, offset in places.items():
            seen = Extent(None, 0, ends[partition])
            check_same_log(partition.topic, "the reader", seen, topic_id=None, at=offset)
            self._consumer.seek(partition, offset)

    async def stop(self) -> None:
        """Close the reader."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

    async def next(self) -> tuple[list[tuple[int, DeadLetter]], dict[int, int]]:
        """What is bad of what came, by partition of `courses`, and where to look next."""
        assert self._consumer is not None, "not started"
        found = await self._consumer.getmany(timeout_ms=0, max_records=_LETTERS_MAX)
        letters: list[tuple[int, DeadLetter]] = []
        for record in _in_order(found):
            verdict = decode_course_facts(record.key, record.value)
            if isinstance(verdict, Rejected):
                seen = Record(record.offset, record.timestamp, record.key, record.value)
                letters.append((record.partition, DeadLetter(seen, *verdict)))
            self._looked_at[record.partition] = record.offset + 1
        return letters, dict(self._looked_at)


async def _open(settings: Settings) -> tuple[AIOKafkaConsumer, list[TopicPartition]]:
    topic = settings.topic(COURSES.name)
    consumer = AIOKafkaConsumer(
        **connect_options(settings),
        group_id=None,
        isolation_level=READ_COMMITTED,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    await consumer.start()
    partitions = [TopicPartition(topic, 0)]
    consumer.assign(partitions)
    return consumer, partitions


def _in_order(
    found: Mapping[TopicPartition, list[Raw]],
) -> Iterator[Raw]:
    for partition in sorted(found):
        yield from found[partition]
