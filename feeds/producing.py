"""The one producer of all feeds: idempotent, all replicas, murmur2 by key, whole batches."""

import asyncio
import sys
import zlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Never, Protocol, TypeAlias

import kafka.errors
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from tqdm import tqdm

from domain.ids import partition_of
from feeds.position import PositionFile, Reached
from feeds.records import Record, Trace, trace
from runtime.errors import CrashError, UsageError
from runtime.kafka import admin_client, connect_options, reaching_kafka
from runtime.settings import Settings

ROUND_RECORDS: Final = 10_000
ROUNDS_AHEAD: Final = 2  # so that the broker writes one round while the next is made
ROUNDS_PER_SECOND: Final = 10  # with a rate: smaller rounds, evenly spread
BATCH_BYTES: Final = 524_288  # well under the broker's 1 MiB for a batch


@dataclass(frozen=True, slots=True)
class Target:
    """A topic as it is on the cluster; `topic_id` changes when it is deleted and made again."""

    name: str
    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast to send and whether to show it: `progress` None means where stderr is a terminal."""

    rate: float | None = None
    progress: bool | None = None
    label: str = "events"
    total: int | None = None


def target_of(settings: Settings, topic: str) -> Target:
    """Describe a topic, by its name on this cluster.

    Raises CrashError where Kafka cannot be reached, UsageError where the topic cannot be used.
    """
    with reaching_kafka(settings):
        admin = admin_client(settings)
    with closing(admin):
        (found,) = admin.describe_topics([topic])
    if found["error_code"] != 0:
        reason = kafka.errors.for_code(found["error_code"]).__name__
        raise UsageError(f"topic {topic} cannot be used ({reason}): run `learnstream topics` first")
    return Target(topic, str(found["topic_id"]), len(found["partitions"]))


@asynccontextmanager
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer, stopped at the end whatever happens."""
    opened = AIOKafkaProducer(
        **connect_options(settings),
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=20_000,
    )
    try:
        await opened.start()
        yield opened
    finally:
        await opened.stop()


@dataclass(slots=True, kw_only=True)
class Resumption:
    """Where a feed resumes; the position moves only behind what Kafka has acknowledged.

    `beyond` holds what an earlier run sent without hearing of it: it is not sent again.
    """

    position: PositionFile | None = None
    reached: Reached = field(default_factory=Reached)
    beyond: Counter[Trace] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was sent now, and what had been sent before."""

    sent: int
    already: int


async def deliver(
    opened: AIOKafkaProducer,
    target: Target,
    records: Iterable[Record],
    *,
    pace: Pace,
    resumption: Resumption | None = None,
) -> Delivered:
    """Send what was not sent before, in order within each partition, each record once.

    Raises UsageError where the source has changed since, CrashError where Kafka fails.
    """
    resumption = resumption or Resumption()
    before = resumption.reached
    left = iter(records)
    _skip(left, before)
    run = _Run(opened, target, resumption)
    try:
        with _bar(pace, before.records) as bar:
            async for batch in _paced(left, pace.rate):
                await run.send(batch)
                bar.update(len(batch))
            await run.acknowledge(leave=0)
    except asyncio.CancelledError:
        await run.acknowledge(leave=0)  # an interrupt: what was sent still counts
        raise
    except KafkaError as error:
        raise CrashError(_failed(resumption, error)) from error
    finally:
        run.abandon()
    passed = resumption.reached.records - before.records
    return Delivered(passed - run.found, before.records + run.found)


class DayOver(Protocol):
    """What comes between two days of a feed."""

    async def __call__(self, at: int, reached: Reached) -> Reached:
        """Return once the day that ended at `at` (epoch seconds) is over for everybody."""
        ...


async def deliver_by_day(
    opened: AIOKafkaProducer,
    target: Target,
    days: Iterable[tuple[int, Sequence[Record]]],
    day_over: DayOver,
    *,
    pace: Pace,
    resumption: Resumption,
) -> Delivered:
    """As `deliver`, a day at a time: each day's end, its records, and then `day_over`.

    Raises what `deliver` raises, and whatever `day_over` does.
    """
    before, seen = resumption.reached, Reached()
    run = _Run(opened, target, resumption)
    try:
        with _bar(pace, before.records) as bar:
            for at, records in days:
                rest, seen = _unsent(records, seen, before)
                for first in range(0, len(rest), ROUND_RECORDS):
                    await run.send(rest[first : first + ROUND_RECORDS])
                await run.acknowledge(leave=0)
                if at > resumption.reached.learned_at:
                    await run.pass_day(at, day_over)
                bar.update(len(rest))
        if seen.records < before.records:
            raise UsageError(_changed(before.records))
    except asyncio.CancelledError:
        await run.acknowledge(leave=0)  # an interrupt: what was sent still counts
        raise
    except KafkaError as error:
        raise CrashError(_failed(resumption, error)) from error
    finally:
        run.abandon()
    passed = resumption.reached.records - before.records
    return Delivered(passed - run.found, before.records + run.found)


_Sending: TypeAlias = tuple[asyncio.Future[Any], int]


@dataclass(slots=True)
class _Run:
    """What is on its way to Kafka and what has arrived."""

    opened: AIOKafkaProducer
    target: Target
    resumption: Resumption
    found: int = 0
    waiting: deque[tuple[Reached, list[_Sending]]] = field(default_factory=deque)

    async def send(self, batch: list[Record]) -> None:
        """Hand one round over; wait while too many are on their way.

        Raises UsageError where a record is for a wrong partition and there is only one.
        """
        before = self.waiting[-1][0] if self.waiting else self.resumption.reached
        sendings: list[_Sending] = []
        self.waiting.append((_advanced(before, batch), sendings))
        for partition, builder in self._packed(batch, before.records):
            future = await self.opened.send_batch(builder, self.target.name, partition=partition)
            sendings.append((future, builder.record_count()))
        await self.acknowledge(leave=ROUNDS_AHEAD)

    async def acknowledge(self, *, leave: int) -> None:
        """Wait until at most `leave` rounds are on their way, and move the position behind them."""
        while len(self.waiting) > leave:
            after, sendings = self.waiting[0]
            offsets = dict(self.resumption.reached.offsets)
            for future, records in sendings:
                stored = await future
                offsets[stored.partition] = stored.offset + records
            self.waiting.popleft()
            self.resumption.reached = msgspec.structs.replace(after, offsets=offsets)
            if self.resumption.position:
                self.resumption.position.write(self.resumption.reached)

    async def pass_day(self, at: int, day_over: DayOver) -> None:
        """Wait for the end of a day, and move the position behind it."""
        self.resumption.reached = await day_over(at, self.resumption.reached)
        if self.resumption.position:
            self.resumption.position.write(self.resumption.reached)

    def abandon(self) -> None:
        """Give up what is still on its way, without a warning for each future."""
        for _, sendings in self.waiting:
            for future, _ in sendings:
                future.add_done_callback(_retrieved)

    def _packed(self, batch: list[Record], first: int) -> Iterator[tuple[int, Any]]:
        builders: dict[int, Any] = {}
        for index, record in enumerate(batch, first):
            if self.resumption.beyond and self._was_sent(record):
                continue
            partition = self._partition(record, index)
            builder = builders.get(partition)
            if builder is None:
                builder = builders[partition] = self.opened.create_batch()
            if builder.append(timestamp=None, key=record.key, value=record.value) is None:
                yield partition, builder
                builder = builders[partition] = self.opened.create_batch()
                taken = builder.append(timestamp=None, key=record.key, value=record.value)
                assert taken is not None, "an empty batch takes one record of any size"
        yield from builders.items()

    def _was_sent(self, record: Record) -> bool:
        traced = trace(record)
        if self.resumption.beyond[traced] == 0:
            return False
        self.resumption.beyond[traced] -= 1
        self.found += 1
        return True

    def _partition(self, record: Record, index: int) -> int:
        # Without a key the place must not depend on chance: a repeated feed puts it there again.
        home = index if record.key is None else partition_of(record.key, self.target.partitions)
        if record.shift and self.target.partitions == 1:
            raise UsageError(
                f"{self.target.name} has one partition: no record can be on a wrong one"
            )
        return (home + record.shift) % self.target.partitions


def _unsent(
    records: Sequence[Record], seen: Reached, before: Reached
) -> tuple[list[Record], Reached]:
    """What of a day was not sent before, and what is seen of the source with this day.

    Raises UsageError where the part that was sent is not what it was then.
    """
    known = max(0, min(len(records), before.records - seen.records))
    if known:
        seen = _advanced(seen, list(records[:known]))
        if seen.records == before.records and seen.checksum != before.checksum:
            raise UsageError(_changed(before.records))
    rest = list(records[known:])
    return rest, _advanced(seen, rest)


def _failed(resumption: Resumption, error: KafkaError) -> str:
    return (
        f"Kafka acknowledged {resumption.reached.records} records and then failed "
        f"({type(error).__name__}): start the same command again"
    )


def _changed(records: int) -> str:
    return (
        f"the first {records} records are not those that were sent before: the source "
        "has changed since (--restart sends everything again)"
    )


def _retrieved(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _advanced(before: Reached, batch: list[Record]) -> Reached:
    checksum = before.checksum
    for record in batch:
        checksum = zlib.crc32(record.value or b"", checksum)
    records = before.records + len(batch)
    return msgspec.structs.replace(before, records=records, checksum=checksum)


def _skip(records: Iterator[Record], reached: Reached) -> None:
    seen = Reached()
    while seen.records < reached.records:
        batch = list(islice(records, min(ROUND_RECORDS, reached.records - seen.records)))
        if not batch:
            break
        seen = _advanced(seen, batch)
    if (seen.records, seen.checksum) != (reached.records, reached.checksum):
        raise UsageError(_changed(reached.records))


async def _paced(records: Iterator[Record], rate: float | None) -> AsyncIterator[list[Record]]:
    """Cut the records into rounds, none earlier than the rate allows."""
    loop = asyncio.get_running_loop()
    started, sent = loop.time(), 0
    size = ROUND_RECORDS
    if rate is not None:
        size = max(1, min(ROUND_RECORDS, int(rate / ROUNDS_PER_SECOND)))
    while batch := list(islice(records, size)):
        if rate is not None:
            await asyncio.sleep(max(0.0, started + sent / rate - loop.time()))
        sent += len(batch)
        yield batch


def _bar(pace: Pace, initial: int) -> "tqdm[Never]":
    shown = sys.stderr.isatty() if pace.progress is None else pace.progress
    return tqdm(
        desc=pace.label,
        total=pace.total,
        initial=initial,
        unit="",
        unit_scale=True,
        disable=not shown,
        file=sys.stderr,
    )
