"""The topics as `verify` reads them: one partition at a time, from one offset to another."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeAlias

import kafka.errors
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord, TopicPartition
from anyio.from_thread import BlockingPortal, start_blocking_portal

from contracts.topics import Topic
from runtime.errors import LossError, UsageError
from runtime.kafka import READ_COMMITTED, admin_client, connect_options, reaching_kafka
from runtime.settings import Settings

Entry: TypeAlias = ConsumerRecord[bytes, bytes]

_POLL_MS: Final = 200
_BATCH_RECORDS: Final = 20_000
_FETCH_BYTES: Final = 8_388_608
_FETCH_WAIT_MS: Final = 20
"""A broker answers one connection's requests in order: what is asked next waits for a fetch."""
_REQUEST_MS: Final = 40_000


@dataclass(frozen=True, slots=True)
class Log:
    """A topic as the cluster has it now."""

    topic_id: str
    partitions: int


def look_at(settings: Settings, topic: Topic) -> Log:
    """Ask the cluster for a topic; a missing one is a UsageError.

    Raises CrashError where Kafka cannot be reached.
    """
    name = settings.topic(topic.name)
    with reaching_kafka(settings), closing(admin_client(settings)) as admin:
        (found,) = admin.describe_topics([name])
    if found["error_code"] != 0:
        reason = kafka.errors.for_code(found["error_code"]).__name__
        raise UsageError(f"topic {name}: {reason}; run `learnstream topics` first")
    return Log(str(found["topic_id"]), len(found["partitions"]))


class Logs:
    """Reads committed records only. Only one read is under way at a time; close it by `with`.

    The clients have a thread of their own. They answer their brokers there while what was read is
    folded, however long that takes: without that, what they wait for would time out meanwhile.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = ExitStack()
        self._portal: BlockingPortal
        self._consumers: list[AIOKafkaConsumer] = []

    def __enter__(self) -> Self:
        with reaching_kafka(self._settings), ExitStack() as stack:
            self._portal = stack.enter_context(start_blocking_portal())
            for _ in range(2):  # one reads, the other asks for offsets and never waits for it
                consumer = self._portal.call(self._open)
                stack.callback(self._portal.call, consumer.stop)
                self._consumers.append(consumer)
            self._opened = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumers.clear()
        self._opened.__exit__(kind, error, trace)

    def begin(self, topic: Topic, partition: int) -> int:
        """The first offset that the partition still has."""
        place = self._place(topic, partition)
        found: dict[TopicPartition, int] = self._portal.call(self._asker.beginning_offsets, [place])
        return found[place]

    def end(self, topic: Topic, partition: int) -> int:
        """The offset behind everything that is committed now."""
        place = self._place(topic, partition)
        found: dict[TopicPartition, int] = self._portal.call(self._asker.end_offsets, [place])
        return found[place]

    def read(self, topic: Topic, partition: int, start: int, until: int) -> Iterator[list[Entry]]:
        """What stands in [start, until), in order; by position, since the end may be a marker.

        Raises LossError where records disappear while they are read.
        """
        place = self._place(topic, partition)
        if start >= until:
            return
        self._portal.call(self._go_to, place, start)
        while self._portal.call(self._reader.position, place) < until:
            try:
                found = self._portal.call(self._fetch, place)
            except OffsetOutOfRangeError as error:
                raise LossError(
                    f"{place.topic}[{partition}] disappeared while it was read"
                ) from error
            if found:
                yield found if found[-1].offset < until else _below(found, until)

    async def _open(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **connect_options(self._settings),
            group_id=None,
            isolation_level=READ_COMMITTED,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            request_timeout_ms=_REQUEST_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
            max_poll_records=_BATCH_RECORDS,
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _go_to(self, place: TopicPartition, start: int) -> None:
        self._reader.assign([place])
        self._reader.seek(place, start)

    async def _fetch(self, place: TopicPartition) -> list[Entry]:
        found = await self._reader.getmany(place, timeout_ms=_POLL_MS)
        records: list[Entry] = found.get(place, [])
        return records

    def name(self, topic: Topic) -> str:
        """The topic's name on this cluster."""
        return self._settings.topic(topic.name)

    def _place(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(self.name(topic), partition)

    @property
    def _reader(self) -> AIOKafkaConsumer:
        assert self._consumers, "used outside of its `with`"
        return self._consumers[0]

    @property
    def _asker(self) -> AIOKafkaConsumer:
        return self._consumers[-1]


@dataclass(slots=True)
class Follower:
    """One partition of an output, read to wherever it ends and on from there."""

    logs: Logs
    topic: Topic
    partition: int
    records: list[Entry] = field(default_factory=list)
    _next: int = -1

    def catch_up(self) -> int:
        """Read what came since, and return the offset where that ends."""
        if self._next < 0:
            self._next = self.logs.begin(self.topic, self.partition)
        until = self.logs.end(self.topic, self.partition)
        for batch in self.logs.read(self.topic, self.partition, self._next, until):
            self.records += batch
        self._next = max(self._next, until)
        return self._next

    @property
    def last(self) -> int:
        """The offset of the newest record; -1 where there is none."""
        return self.records[-1].offset if self.records else -1


def _below(records: Sequence[Entry], until: int) -> list[Entry]:
    return [record for record in records if record.offset < until]
