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

from agents.table import Table
from agents.transaction import make_producer
from agents.transport import Raw
from contracts.state_keys import PARTITION_KEY, TAKEN_KEY, course_of, is_learner
from contracts.topics import ACTIVITY, STATE, TOPICS
from domain.checkpoint import Checkpoint
from domain.codec import UnknownVersionError, decode_checkpoint, decode_facts
from domain.course_facts import CourseFacts
from domain.fold import new_checkpoint
from runtime.errors import CrashError, LossError, TooManyRejectedError, UsageError
from runtime.kafka import admin_client, committed_stream, ends_behind
from runtime.process import collector_off
from runtime.settings import Settings

_POLL_MS: Final = 200
_FETCH_BYTES: Final = 4_194_304
_FETCH_WAIT_MS: Final = 10  # what is asked beside fetches waits for them: one connection


@dataclass(frozen=True, slots=True)
class Log:
    """The topic `activity` as the cluster has it now."""

    topic_id: str
    partitions: int


@dataclass(slots=True)
class Loaded:
    """What an owner's predecessor left in `progress.state`; kept in memory between assignments."""

    table: Table
    facts: dict[str, CourseFacts]
    checkpoint: bytes | None = None


@dataclass(slots=True)
class Taken:
    """A partition taken over: nobody else can write for it any more."""

    producer: AIOKafkaProducer
    loaded: Loaded
    checkpoint: Checkpoint


def look_at_log(settings: Settings) -> Log:
    """Ask the cluster for the topics; whatever is missing or of another size is a UsageError."""
    names = [settings.topic(topic.name) for topic in TOPICS]
    with closing(admin_client(settings)) as admin:
        found = {each["name"]: each for each in admin.describe_topics(names)}
    sizes: dict[str, int] = {}
    for topic in TOPICS:
        name = settings.topic(topic.name)
        error = found[name]["error_code"] if name in found else 3
        if error != 0:
            reason = kafka.errors.for_code(error).__name__
            raise UsageError(f"topic {name}: {reason}; run `learnstream topics` first")
        sizes[topic.name] = len(found[name]["partitions"])
    partitions = sizes[ACTIVITY.name]
    for topic in TOPICS:
        expected = partitions if topic.partitioning == "activity" else 1
        if sizes[topic.name] != expected:
            raise UsageError(
                f"topic {settings.topic(topic.name)}: seen {sizes[topic.name]} partitions, "
                f"expected {expected}"
            )
    return Log(str(found[settings.topic(ACTIVITY.name)]["topic_id"]), partitions)


async def take_over(
    settings: Settings, partition: int, loaded: Loaded | None, *, resume: bool
) -> Taken:
    """Fence, load and check one partition; the caller seeks and adopts what is new.

    Raises UnknownVersionError where a newer version of the code wrote the partition's checkpoint.
    """
    log = await asyncio.to_thread(look_at_log, settings)
    producer = make_producer(settings, partition)
    try:
        await producer.start()
        mark = await leave_mark(producer, settings, partition)
        loaded = loaded or Loaded(Table(), {})
        _check_mark(settings, partition, loaded, mark)
        record = await _read(settings, partition, loaded, log, mark)
        _check_halted(record, resume=resume)
    except BaseException:
        await producer.stop()
        raise
    return Taken(producer, loaded, record)


def _check_mark(settings: Settings, partition: int, loaded: Loaded, mark: int) -> None:
    """What was read lies before the fence marker.

    Checked before there is a consumer: one that is stopped as soon as it was started raises
    CancelledError (aiokafka 0.14), and that would hide the loss.
    """
    if loaded.table.next > mark:
        raise LossError(
            f"topic {settings.topic(STATE.name)} partition {partition}: read up to "
            f"{loaded.table.next}, but it ends at {mark}"
        )


def _check_halted(checkpoint: Checkpoint, *, resume: bool) -> None:
    if checkpoint.halted is not None and not resume:
        raise TooManyRejectedError(
            f"partition {checkpoint.partition} is halted: {checkpoint.halted.reason}"
        )


async def leave_mark(producer: AIOKafkaProducer, settings: Settings, partition: int) -> int:
    """Write into `progress.state` as its new owner; returns the offset of what was written.

    For a moment after its start a broker may report an end of a log that is behind what was
    committed. Who has read its own mark has read all that stands before it.
    """
    await producer.begin_transaction()
    sent = await producer.send(
        settings.topic(STATE.name), key=TAKEN_KEY, value=None, partition=partition
    )
    mark: int = (await sent).offset
    await producer.commit_transaction()
    if mark < 0:
        raise CrashError(
            f"partition {partition}: the broker does not say where the fence marker stands"
        )
    return mark


async def halted_partitions(settings: Settings) -> list[int]:
    """The partitions whose checkpoint says that they are halted; nobody is fenced for it.

    Raises UsageError where a newer version of the code wrote a checkpoint.
    """
    log = await asyncio.to_thread(look_at_log, settings)
    found = []
    async with _reader(settings) as consumer:
        for partition in range(log.partitions):
            state = TopicPartition(settings.topic(STATE.name), partition)
            end = (await consumer.end_offsets([state]))[state]
            loaded = Loaded(Table(), {})
            await _load(consumer, settings, partition, loaded, end - 1)
            if loaded.checkpoint is not None and _is_halted(partition, loaded.checkpoint):
                found.append(partition)
    return found


def _is_halted(partition: int, checkpoint: bytes) -> bool:
    try:
        return decode_checkpoint(checkpoint).halted is not None
    except UnknownVersionError as error:
        raise UsageError(f"partition {partition}: {error}") from error


async def _read(
    settings: Settings, partition: int, loaded: Loaded, log: Log, mark: int
) -> Checkpoint:
    async with _reader(settings) as consumer:
        with collector_off():
            await _load(consumer, settings, partition, loaded, mark)
        return await _record(consumer, settings, partition, loaded, log)


def _reader(settings: Settings) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    return committed_stream(
        settings, max_partition_fetch_bytes=_FETCH_BYTES, fetch_max_wait_ms=_FETCH_WAIT_MS
    )


async def _load(
    consumer: AIOKafkaConsumer, settings: Settings, partition: int, loaded: Loaded, mark: int
) -> None:
    """Read `progress.state` up to our own mark."""
    state = TopicPartition(settings.topic(STATE.name), partition)
    consumer.assign([state])
    consumer.seek(state, loaded.table.next)
    async for records in _up_to(consumer, state, mark):
        for record in records:
            _keep(loaded, record.key, record.value)
    loaded.table.next = await consumer.position(state)


async def _up_to(
    consumer: AIOKafkaConsumer, place: TopicPartition, mark: int
) -> AsyncIterator[Sequence[Raw]]:
    """What stands from the consumer's position on up to an offset, as it is fetched."""
    while await consumer.position(place) <= mark:
        yield (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, ())


def _keep(loaded: Loaded, key: bytes | None, value: bytes | None) -> None:
    assert key is not None, "every record of progress.state has a key"
    if is_learner(key):
        loaded.table.load(key.decode(), value)
    elif key == PARTITION_KEY:
        loaded.checkpoint = value
    elif (course_id := course_of(key)) is not None and value is not None:
        loaded.facts[course_id] = decode_facts(value)


async def _record(
    consumer: AIOKafkaConsumer, settings: Settings, partition: int, loaded: Loaded, log: Log
) -> Checkpoint:
    """The partition's checkpoint, checked against the log as it is now."""
    activity = TopicPartition(settings.topic(ACTIVITY.name), partition)
    start = (await consumer.beginning_offsets([activity]))[activity]
    if loaded.checkpoint is None:
        await asyncio.to_thread(_check_nothing_was_folded, settings, activity)
        checkpoint = new_checkpoint(partition, log.partitions, log.topic_id, settings.clock)
        checkpoint.next = start
        return checkpoint
    checkpoint = decode_checkpoint(loaded.checkpoint)
    ends = await ends_behind(consumer, {activity: checkpoint.next})
    check_checkpoint(checkpoint, log, settings, start, ends[activity])
    return checkpoint


def _check_nothing_was_folded(settings: Settings, log: TopicPartition) -> None:
    """Without a checkpoint nothing may have been folded: else all alerts would go out again."""
    place = kafka.TopicPartition(*log)
    with closing(admin_client(settings)) as admin:
        found = admin.list_group_offsets({settings.group: [place]})[settings.group]
    stands = found[place].offset if place in found else -1
    if stands > 0:
        raise LossError(
            f"{settings.topic(STATE.name)} holds nothing of partition {log.partition}, but group "
            f"{settings.group} stands at {stands}: the states are gone. To fold the log again from "
            "its start, empty every topic that the worker writes and use another group"
        )


def check_checkpoint(
    checkpoint: Checkpoint, log: Log, settings: Settings, start: int, end: int
) -> None:
    """Refuse a log that is not the one that was folded, or a clock that is not the partition's."""
    place = f"{settings.topic(ACTIVITY.name)} partition {checkpoint.partition}"
    if checkpoint.topic_id != log.topic_id:
        raise LossError(
            f"{place}: topic id {log.topic_id}, but {checkpoint.topic_id} was folded: "
            "the topic was deleted and made again"
        )
    if checkpoint.partitions != log.partitions:
        raise UsageError(
            f"{place}: seen {log.partitions} partitions, expected {checkpoint.partitions}: their "
            "number is fixed for life"
        )
    if checkpoint.clock_mode != settings.clock:
        raise UsageError(
            f"{place}: its clock is `{checkpoint.clock_mode}`, "
            f"this process is set to `{settings.clock}`"
        )
    if start > checkpoint.next:
        raise LossError(
            f"{place}: the log starts at {start}, the fold stands at {checkpoint.next}: "
            f"{start - checkpoint.next} offsets are gone"
        )
    if end < checkpoint.next:
        raise LossError(
            f"{place}: the log ends at {end}, the fold stands at {checkpoint.next}: "
            f"{checkpoint.next - end} offsets are gone"
        )
