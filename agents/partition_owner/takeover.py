"""How a partition is taken over: fence the old owner, load what it committed, check the log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from typing import Final

import kafka
import kafka.errors
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from agents.partition_owner.job import Job, Position, Stored
from agents.partition_owner.transaction import make_producer
from agents.partition_owner.transport import Raw
from contracts.state_keys import TAKEN_KEY
from runtime.errors import CrashError, LossError, TooManyRejectedError, UsageError
from runtime.kafka import admin_client, committed_stream, ends_behind
from runtime.process import collector_off
from runtime.same_log import Extent, check_same_log

_POLL_MS: Final = 200
_FETCH_BYTES: Final = 4_194_304
_FETCH_WAIT_MS: Final = 10  # what is asked beside fetches waits for them: one connection


@dataclass(frozen=True, slots=True)
class Log:
    """The job's source as the cluster has it now."""

    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A partition taken over: nobody else can write for it any more."""

    producer: AIOKafkaProducer
    stored: Stored
    position: Position


def look_at_log(job: Job) -> Log:
    """Ask the cluster for the topics; whatever is missing or of another size is a UsageError."""
    topic = job.settings.topic
    names = [topic(each.name) for each in job.topics]
    with closing(admin_client(job.settings)) as admin:
        found = {each["name"]: each for each in admin.describe_topics(names)}
    sizes: dict[str, int] = {}
    for name in names:
        error = found[name]["error_code"] if name in found else 3
        if error != 0:
            reason = kafka.errors.for_code(error).__name__
            raise UsageError(f"topic {name}: {reason}; run `learnstream topics` first")
        sizes[name] = len(found[name]["partitions"])
    source = topic(job.source.name)
    known = {"single": 1, job.source.partitioning: sizes[source]}
    for each in job.topics:
        seen = sizes[topic(each.name)]
        expected = known.get(each.partitioning, seen)  # a trainer knows no number of `activity`
        if seen != expected:
            raise UsageError(
                f"topic {topic(each.name)}: seen {seen} partitions, expected {expected}"
            )
    return Log(str(found[source]["topic_id"]), sizes[source])


async def take_over(job: Job, partition: int, stored: Stored | None, *, resume: bool) -> Taken:
    """Fence, load and check one partition; the caller opens the fold and seeks.

    Raises UsageError where what was committed cannot be continued by this process, LossError where
    the log is another one or lost records, TooManyRejectedError where the partition is halted and
    is not to be resumed.
    """
    log = await asyncio.to_thread(look_at_log, job)
    producer = make_producer(job, partition)
    try:
        await producer.start()
        mark = await leave_mark(producer, job, partition)
        stored = stored or job.make_stored(partition)
        _check_mark(job, partition, stored, mark)
        position = await _read(job, partition, stored, log, mark)
        _check_halted(partition, position, resume=resume)
    except BaseException:
        await producer.stop()
        raise
    return Taken(producer, stored, position)


async def halted_partitions(job: Job) -> list[int]:
    """The partitions whose newest checkpoint says that they are halted; nobody is fenced for it.

    Raises UsageError where a checkpoint cannot be continued by this process.
    """
    log = await asyncio.to_thread(look_at_log, job)
    found = []
    async with _reader(job) as consumer:
        for partition in range(log.partitions):
            state = TopicPartition(job.settings.topic(job.state.name), partition)
            end = (await consumer.end_offsets([state]))[state]
            stored = job.make_stored(partition)
            await _load(consumer, state, stored, end - 1)
            position = stored.position()
            if position is not None and position.halted is not None:
                found.append(partition)
    return found


async def leave_mark(producer: AIOKafkaProducer, job: Job, partition: int) -> int:
    """Write into the state topic as its new owner; returns the offset of what was written.

    For a moment after its start a broker may report an end of a log that is behind what was
    committed. Who has read its own mark has read all that stands before it.
    """
    await producer.begin_transaction()
    state = job.settings.topic(job.state.name)
    sent = await producer.send(state, key=TAKEN_KEY, value=None, partition=partition)
    mark: int = (await sent).offset
    await producer.commit_transaction()
    if mark < 0:
        raise CrashError(
            f"partition {partition}: the broker does not say where the fence marker stands"
        )
    return mark


def _check_mark(job: Job, partition: int, stored: Stored, mark: int) -> None:
    """What was read lies before the fence marker.

    Checked before there is a consumer: one that is stopped as soon as it was started raises
    CancelledError (aiokafka 0.14), and that would hide the loss.
    """
    if stored.next > mark:
        raise LossError(
            f"topic {job.settings.topic(job.state.name)} partition {partition}: read up to "
            f"{stored.next}, but it ends at {mark}"
        )


def _check_halted(partition: int, position: Position, *, resume: bool) -> None:
    if position.halted is not None and not resume:
        raise TooManyRejectedError(f"partition {partition} is halted: {position.halted}")


async def _read(job: Job, partition: int, stored: Stored, log: Log, mark: int) -> Position:
    async with _reader(job) as consumer:
        with collector_off():
            state = TopicPartition(job.settings.topic(job.state.name), partition)
            await _load(consumer, state, stored, mark)
        return await _position(consumer, job, partition, stored, log)


def _reader(job: Job) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    return committed_stream(
        job.settings, max_partition_fetch_bytes=_FETCH_BYTES, fetch_max_wait_ms=_FETCH_WAIT_MS
    )


async def _load(
    consumer: AIOKafkaConsumer, state: TopicPartition, stored: Stored, mark: int
) -> None:
    """Read the state topic up to our own mark."""
    consumer.assign([state])
    consumer.seek(state, stored.next)
    async for records in _up_to(consumer, state, mark):
        for record in records:
            assert record.key is not None, "every record of a state topic has a key"
            if record.key != TAKEN_KEY:
                stored.load(record.key, record.value)
    stored.next = await consumer.position(state)


async def _up_to(
    consumer: AIOKafkaConsumer, place: TopicPartition, mark: int
) -> AsyncIterator[Sequence[Raw]]:
    """What stands from the consumer's position on up to an offset, as it is fetched."""
    while await consumer.position(place) <= mark:
        yield (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, ())


async def _position(
    consumer: AIOKafkaConsumer, job: Job, partition: int, stored: Stored, log: Log
) -> Position:
    """Where the partition stands, checked against the log as it is now."""
    source = TopicPartition(job.settings.topic(job.source.name), partition)
    begin = (await consumer.beginning_offsets([source]))[source]
    position = stored.position()
    if position is None:
        await asyncio.to_thread(_check_nothing_was_folded, job, source)
        return Position(log.topic_id, log.partitions, begin)
    ends = await ends_behind(consumer, {source: position.next})
    place = f"{source.topic} partition {partition}"
    check_position(place, position, log.partitions, Extent(log.topic_id, begin, ends[source]))
    return position


def _check_nothing_was_folded(job: Job, source: TopicPartition) -> None:
    """Without a checkpoint nothing may have been folded: else all would be published again."""
    place = kafka.TopicPartition(*source)
    with closing(admin_client(job.settings)) as admin:
        found = admin.list_group_offsets({job.group: [place]})[job.group]
    stands = found[place].offset if place in found else -1
    if stands > 0:
        raise LossError(
            f"{job.settings.topic(job.state.name)} holds nothing of partition {source.partition}, "
            f"but group {job.group} stands at {stands}: the states are gone. To fold the log again "
            "from its start, empty every topic that this group writes and use another group"
        )


def check_position(place: str, position: Position, partitions: int, seen: Extent) -> None:
    """Raise LossError or UsageError where the log is not the one that was folded."""
    check_same_log(place, "the fold", seen, topic_id=position.topic_id, at=position.next)
    if position.partitions != partitions:
        raise UsageError(
            f"{place}: seen {partitions} partitions, expected {position.partitions}: their "
            "number is fixed for life"
        )
