"""Who compares what is committed with what is said to be: in Kafka and in Postgres."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError
from typing_extensions import override

from contracts.state_keys import PARTITION_KEY, is_learner
from contracts.topics import ACTIVITY, STATE
from domain.state.limits import STATE_BYTES_MAX
from domain.stored.codec import decode_checkpoint, decode_header
from runtime.database import connect_now
from runtime.kafka import admin_client, committed_reader
from runtime.settings import Settings
from tests.faults.plan import PARTITIONS
from tests.faults.steps_back import steps_back
from tests.faults.watching import Disturbances, Rising, Watcher

APART_SECONDS: Final = 1.5
"""So long may the group's offset and the partition's checkpoint differ while both stand still."""
CLEANER_SECONDS: Final = 0.5
"""So soon after a newer state was written, the log cleaner has not removed the one before it."""
MENDED_SECONDS: Final = 120.0
"""What a broker that had to be mended told of the group so long before proves nothing about us."""


@dataclass(frozen=True, slots=True)
class Written:
    """One state of a learner on the topic, and when it was written (epoch seconds)."""

    offset: int
    steps: int
    at: float


class StateReader(Watcher):
    """Follows `progress.state` and the group's offsets (I2, I4, I7, I8)."""

    def __init__(self, settings: Settings, disturbed: Disturbances) -> None:
        super().__init__("state reader", (KafkaError, OSError))
        self.records = 0
        self.following = dict.fromkeys(range(PARTITIONS), 0)
        self.committed: dict[int, int] = {}
        self.next: dict[int, int] = {}
        self.steps: defaultdict[tuple[int, str], list[Written]] = defaultdict(list)
        """By partition and learner: the offsets of the states, and their steps."""
        self._settings = settings
        self._disturbed = disturbed
        self._rising = Rising(self.wrong)
        self._offsets = Rising(self._suspect)
        self._suspected: list[tuple[float, str]] = []
        self._moved: dict[int, tuple[int, int, int]] = {}
        self._apart: dict[int, tuple[int, int, float]] = {}
        self._consumer: KafkaConsumer
        self._admin: KafkaAdminClient

    @override
    def open(self) -> Callable[[], object]:
        self._consumer = committed_reader(self._settings)
        try:
            self._admin = admin_client(self._settings)
        except BaseException:
            self._consumer.close()
            raise
        places = self._places(STATE.name)
        self._consumer.assign(places)
        for place in places:
            self._consumer.seek(place, self.following[place.partition])
        return self._close

    @override
    def look(self) -> None:
        self._read()
        group = self._settings.group
        found = self._admin.list_group_offsets({group: self._places(ACTIVITY.name)})[group]
        for place, stands in found.items():
            if stands.offset >= 0:
                self.committed[place.partition] = stands.offset
                self._offsets.see(("group offset", place.partition), stands.offset, "I4")
        self._read()
        for partition in self.next.keys() & self.committed.keys():
            self._compare(partition)
        self.pause(0.3)

    @override
    def finish(self) -> None:
        super().finish()
        self.judge_suspected()

    def judge_suspected(self) -> None:
        """What was told of the group is wrong, but where the broker had to be mended after it."""
        for at, problem in self._suspected:
            if not self._disturbed.mended_within(at, MENDED_SECONDS):
                self.wrong(problem)

    def _suspect(self, problem: str) -> None:
        """What the broker tells of the group is a copy, and only as true as the broker is well."""
        self._suspected.append((time.monotonic(), problem))

    def _close(self) -> None:
        with suppress(KafkaError):
            self._consumer.close()
        with suppress(KafkaError):
            self._admin.close()

    def _places(self, topic: str) -> list[TopicPartition]:
        name = self._settings.topic(topic)
        return [TopicPartition(name, number) for number in range(PARTITIONS)]

    def _read(self) -> None:
        while found := self._consumer.poll(timeout_ms=100):
            for records in found.values():
                for record in records:
                    self.records += 1
                    self.following[record.partition] = record.offset + 1
                    self._take(record)

    def _take(self, record: ConsumerRecord) -> None:
        partition, offset = record.partition, record.offset
        key, value = record.key, record.value
        if key == PARTITION_KEY and value is not None:
            checkpoint = decode_checkpoint(value)
            self._rising.see(("position", partition), checkpoint.next, "I4")
            self._rising.see(("clock", partition), checkpoint.clock, "I8")
            self._rising.see(("inputs", partition), checkpoint.inputs, "I4")
            self.next[partition] = checkpoint.next
            moved = checkpoint.next, checkpoint.inputs, sum(checkpoint.courses.values())
            if self._moved.get(partition) == moved:
                self.wrong(f"I4: partition {partition}: {moved} was committed twice, at {offset}")
            self._moved[partition] = moved
        elif is_learner(key) and value is not None:
            if len(value) > STATE_BYTES_MAX:
                self.wrong(f"I7: a state of {len(value)} bytes, at most {STATE_BYTES_MAX}")
            header = decode_header(value)
            self._rising.see(("steps", header.user_id), header.steps, "I2")
            written = Written(offset, header.steps, record.timestamp / 1000)
            self.steps[partition, header.user_id].append(written)

    def _compare(self, partition: int) -> None:
        pair = self.committed[partition], self.next[partition]
        if pair[0] == pair[1] or not self._disturbed.calm():
            self._apart.pop(partition, None)
            return
        known = self._apart.get(partition)
        if known is None or known[:2] != pair:
            self._apart[partition] = (*pair, time.monotonic())
        elif time.monotonic() - known[2] > APART_SECONDS:
            self._suspect(
                f"I4: partition {partition}: the group stands at {pair[0]}, its record at {pair[1]}"
            )
            self._apart[partition] = (*pair, time.monotonic() + 3_600)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one snapshot of the tables showed: the sink's positions, and every learner's steps."""

    next: dict[int, int]
    steps: dict[str, int]
    at: float
    """Epoch seconds; nothing in it is later."""


class RowReader(Watcher):
    """Looks at the rows that the sink keeps (I2, I3, I4, I6, I8)."""

    def __init__(self, settings: Settings, states: StateReader) -> None:
        super().__init__("row reader", (psycopg.Error,))
        self.next = dict.fromkeys(range(PARTITIONS), 0)
        self.compared = 0
        """Snapshots that were compared with `progress.state`."""
        self._settings = settings
        self._states = states
        self._shown: Shown | None = None
        self._told = 0
        self._connection: psycopg.Connection

    @override
    def open(self) -> Callable[[], object]:
        self._connection = connect_now(self._settings, "rows of a fault run")
        return self._connection.close

    @override
    def look(self) -> None:
        self.next.update(self._connection.execute("SELECT partition, next FROM partition_record"))
        told = steps_back(self._connection)
        for problem in told[self._told :]:
            self.wrong(problem)
        self._told = len(told)
        if self._shown is None:
            self._shown = self._look_at_all()
        elif all(self._states.following[p] >= at for p, at in self._shown.next.items()):
            self.compare(self._shown)
            self._shown = None
        self.pause(0.3)

    def _look_at_all(self) -> Shown:
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            following = self._connection.execute(
                "SELECT partition, next FROM position WHERE topic = %s",
                [self._settings.topic(STATE.name)],
            )
            steps = self._connection.execute("SELECT user_id, steps FROM learner")
            now = self._connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            ((at,),) = now.fetchall()
            return Shown(dict(following.fetchall()), dict(steps.fetchall()), at)

    def compare(self, shown: Shown) -> None:
        """No row is behind the position that covers it.

        It may be ahead of what we saw: older states are compacted away before we read them. And
        before the sink reads them: where a newer one was written soon enough, the row waits for it.
        """
        self.compared += 1
        known = self._states.steps.copy()  # its thread goes on
        for (partition, user_id), written in known.items():
            position = shown.next.get(partition, 0)
            covered = bisect_left(written, position, key=lambda each: each.offset)
            if not covered or _compacted(written[covered:], shown.at):
                continue
            expected = written[covered - 1]
            if shown.steps.get(user_id, 0) < expected.steps:
                self.wrong(
                    f"I2: row of {user_id}: seen step {shown.steps.get(user_id)}, expected "
                    f"{expected.steps} of offset {expected.offset} of partition {partition}, as "
                    f"the sink's position is {position}"
                )


def _compacted(newer: Sequence[Written], by: float) -> bool:
    """Whether the state before these may have been compacted away by then (epoch seconds)."""
    return bool(newer) and newer[0].at < by - CLEANER_SECONDS


def left_of_states(settings: Settings) -> dict[str, int]:
    """How many records of the partitions' own keys were written, and how many are left."""
    consumer = committed_reader(settings)
    try:
        name = settings.topic(STATE.name)
        places = [TopicPartition(name, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        ends = consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, 0)
        left = 0
        while any(consumer.position(place) < end for place, end in ends.items()):
            left += sum(len(records) for records in consumer.poll(timeout_ms=200).values())
        return {"offsets": sum(ends.values()), "records_left": left}
    finally:
        consumer.close()
