"""The Kafka side of the sink: its group, its topics, and where their logs begin and end."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError as ReaderError
from kafka.errors import KafkaError as AdminError
from typing_extensions import override

from contracts.topics import SNAPSHOTS, STATE, TRANSITIONS
from runtime.errors import CrashError, LossError
from runtime.kafka import READ_COMMITTED, connect_options, ends_behind, topic_ids
from runtime.settings import Settings
from sinks.position import Log, Position

FETCH_BYTES: Final = 4_194_304
POSTGRES_OUTAGE_MS: Final = 24 * 3_600_000
"""The sink does not poll while Postgres is away, and stays in its group all the same."""


class RebalanceListener(ConsumerRebalanceListener):
    """Knows when partitions came or went; a write that has begun ends before they go."""

    def __init__(self) -> None:
        self.writing = asyncio.Lock()
        self._over = True

    def over(self) -> bool:
        """Whether what was looked up no longer holds: the positions are to be taken anew."""
        return self._over

    def end(self) -> None:
        """From here on nothing holds."""
        self._over = True

    def begin(self) -> None:
        """From here on what is looked up holds, until partitions come or go."""
        self._over = False

    @override
    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Wait for the running transaction; the compare-and-set holds should that take too long."""
        del revoked
        self._over = True
        async with self.writing:
            pass

    @override
    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """The loop looks up where to go on."""
        del assigned
        self._over = True


def state_reader(settings: Settings) -> AIOKafkaConsumer:
    """A consumer in the sink's group; range assignment keeps a number's partitions together."""
    session_ms = int(settings.session_timeout_seconds * 1000)
    return AIOKafkaConsumer(
        **connect_options(settings),
        group_id=f"{settings.group}-sink",
        isolation_level=READ_COMMITTED,
        enable_auto_commit=False,
        auto_offset_reset="none",
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=session_ms // 3,
        max_poll_interval_ms=POSTGRES_OUTAGE_MS,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=250,
    )


def sink_topics(settings: Settings) -> tuple[str, str]:
    """The names of the states' and the transitions' topic on this cluster."""
    return settings.topic(STATE.name), settings.topic(TRANSITIONS.name)


def snapshots_topic(settings: Settings) -> str:
    """The name of the snapshots' topic: its one partition goes to the sink of partition 0."""
    return settings.topic(SNAPSHOTS.name)


async def read_logs(
    settings: Settings, consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> list[Log]:
    """Each partition with its topic's id, first and end offset.

    Raises CrashError where Kafka does not say, or a topic is missing.
    """
    try:
        ids = await asyncio.to_thread(topic_ids, settings)
        beginnings = await consumer.beginning_offsets(list(partitions))
        ends = await consumer.end_offsets(list(partitions))
    except (AdminError, ReaderError) as error:
        raise CrashError(f"Kafka does not say where its logs begin and end: {error}") from error
    names = {settings.topic(name): identity for name, identity in ids.items()}
    if missing := {tp.topic for tp in partitions} - names.keys():
        raise CrashError(f"topic {min(missing)} is not there: run `learnstream topics`")
    return [
        Log(tp.topic, tp.partition, names[tp.topic], beginnings[tp], ends[tp])
        for tp in sorted(partitions)
    ]


async def newest_ends(consumer: AIOKafkaConsumer, taken: Mapping[Log, Position]) -> list[Log]:
    """The logs with their ends as they are now, asked for after the positions.

    Another sink may move a position on until we hold it, and with it the log's end.

    Raises CrashError where Kafka does not say.
    """
    places = {
        TopicPartition(log.topic, log.partition): position.next for log, position in taken.items()
    }
    try:
        ends = await ends_behind(consumer, places)
    except ReaderError as error:
        raise CrashError(f"Kafka does not say where its logs end: {error}") from error
    return [replace(log, end=ends[place]) for log, place in zip(taken, places, strict=True)]


def lost(error: Exception) -> LossError:
    """What an offset out of range means while partitions stay: the log went, not we."""
    return LossError(f"Kafka no longer has what comes next: {error}")
