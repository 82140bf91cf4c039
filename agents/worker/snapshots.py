"""Topic `model.snapshots` as a worker reads it: which snapshot serves, and each by its number."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from agents.partition_owner.transport import Raw
from agents.worker.metrics import Metrics
from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    Serving,
    UnknownTrainerError,
    decode_serving,
    decode_trainer,
    snapshot_number,
)
from contracts.topics import EXAMPLES, SNAPSHOTS
from domain.scoring import NoModels, Scorer
from models.serving import Served
from models.snapshot import BadSnapshotError, UnknownSnapshotError, decode_snapshot
from runtime.clock import Clock
from runtime.errors import LossError, UsageError
from runtime.kafka import committed_stream
from runtime.settings import Settings

BEHIND_SECONDS: Final = 60.0
"""The trainer is said to be behind when it left examples alone for so long."""
KEPT: Final = 4
"""So many decoded snapshots are kept: partitions adopt one after the other."""
_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 100
_LOOK_SECONDS: Final = 5.0
_CATCH_UP_SECONDS: Final = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a snapshot stands, and when it was written, in epoch seconds."""

    offset: int
    at: int


class SnapshotReader:
    """Reads all of `model.snapshots` from its start and keeps reading; one a worker process.

    `serving` is the newest record of that name whose snapshot can be read: what cannot is refused,
    and the one before it serves on.
    """

    def __init__(
        self, settings: Settings, clock: Clock, metrics: Metrics, on_change: Callable[[], object]
    ) -> None:
        self.serving = Serving()
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._on_change = on_change
        self._asked = Serving()
        self._places: dict[int, list[_Place]] = {}
        self._fresh: dict[int, bytes] = {}
        """The bytes of the newest record read, by its offset, so that it need not be read again."""
        self._decoded: dict[int, Scorer] = {}
        self._refused: str | None = None
        self._behind = _Behind(settings)
        self._topic = TopicPartition(settings.topic(SNAPSHOTS.name), 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """Read for ever; what this raises ends the process."""
        async with committed_stream(
            self._settings, fetch_max_wait_ms=_FETCH_WAIT_MS
        ) as self._consumer:
            self._consumer.assign([self._topic])
            await self._consumer.seek_to_beginning(self._topic)
            end = (await self._consumer.end_offsets([self._topic]))[self._topic]
            while True:
                found = await self._consumer.getmany(self._topic, timeout_ms=_POLL_MS)
                for record in found.get(self._topic, ()):
                    self._take(record)
                if await self._consumer.position(self._topic) >= end:
                    await self._prepare()
                self._moved.set()
                await self._measure()

    async def caught_up(self) -> None:
        """Return when everything that stands in `model.snapshots` now was read."""
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        while self._consumer is None:
            await self._wait(deadline)
        end = (await self._consumer.end_offsets([self._topic]))[self._topic]
        while await self._consumer.position(self._topic) < end or self._asked_for_more:
            await self._wait(deadline)

    async def load(self, number: int) -> Scorer:
        """The scorer of a snapshot, from then on at hand by `get`; 0 is the one that knows nothing.

        Raises LossError where there is no such snapshot, UsageError where a newer program wrote it,
        or where its bytes are none.
        """
        if number == 0:
            return NoModels()
        scorer = self._decoded.pop(number, None)
        if scorer is None:
            scorer = await self._read(number)
        self._decoded[number] = scorer  # the last ones used stand last
        while len(self._decoded) > KEPT:
            del self._decoded[next(iter(self._decoded))]
        return scorer

    def get(self, number: int) -> Scorer:
        """The scorer of a snapshot that was loaded just now."""
        return NoModels() if number == 0 else self._decoded[number]

    @property
    def _asked_for_more(self) -> bool:
        """Whether a record `serving` was read and not looked at yet."""
        return self._asked != self.serving and self._refused is None

    def _take(self, record: Raw) -> None:
        key, value = record.key or b"", record.value
        if value is None:
            return
        if (number := snapshot_number(key)) is not None:
            place = _Place(record.offset, record.timestamp // 1000)
            self._places.setdefault(number, []).append(place)
            self._fresh = {record.offset: value}
        elif key == SERVING_KEY:
            try:
                self._asked = decode_serving(value)
                self._refused = None
            except msgspec.DecodeError as error:
                self._refuse(f"offset {record.offset}: `serving` cannot be read: {error}")
        elif key == TRAINER_KEY:
            self._behind.take(value)

    async def _prepare(self) -> None:
        """Let the snapshot serve that is to, if it can be read."""
        if not self._asked_for_more:
            return
        try:
            await self.load(self._asked.number)
        except (UsageError, LossError) as error:
            self._refuse(str(error))
            return
        self.serving = self._asked
        self._metrics.tell("snapshot_refused", 0)
        self._on_change()

    def _refuse(self, why: str) -> None:
        self._refused = why
        self._metrics.tell("snapshot_refused", 1)
        log.error("snapshot_refused", reason=why, serving=self.serving.number)

    async def _read(self, number: int) -> Scorer:
        """The snapshot of a number; where more records claim it, the first that can be read."""
        wrong: Exception | None = None
        for place in self._places.get(number, ()):
            data = self._fresh.get(place.offset) or await self._fetch(number, place)
            try:
                return Served(decode_snapshot(data))
            except (UnknownSnapshotError, BadSnapshotError) as error:
                wrong = wrong or error
        if wrong is None:
            raise LossError(f"{self._topic.topic} holds no snapshot {number}")
        raise UsageError(f"{self._topic.topic}: snapshot {number}: {wrong}") from wrong

    async def _fetch(self, number: int, place: _Place) -> bytes:
        """A snapshot's bytes, read again from where it stands."""
        async with committed_stream(self._settings) as consumer:
            consumer.assign([self._topic])
            consumer.seek(self._topic, place.offset)
            found: Sequence[Raw] = ()
            while not found and await consumer.position(self._topic) <= place.offset:
                records = await consumer.getmany(self._topic, timeout_ms=_POLL_MS, max_records=1)
                found = records.get(self._topic, ())
        if not found or found[0].offset != place.offset or found[0].value is None:
            raise LossError(f"{self._topic.topic}: snapshot {number} is gone from {place.offset}")
        return bytes(found[0].value)

    async def _measure(self) -> None:
        assert self._consumer is not None, "read from before"
        places = self._places.get(self.serving.number)
        age = max(0, self._clock.now() - places[0].at) if places else 0
        self._metrics.tell("model_age_seconds", age)
        self._metrics.tell("trainer_behind_seconds", await self._behind.seconds(self._consumer))

    async def _wait(self, deadline: float) -> None:
        self._moved.clear()
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            await self._moved.wait()


_TRANSACTION_END: Final = 1
"""Offsets that the end of a transaction takes."""


class _Behind:
    """For how long the trainer has left examples alone that came.

    Its position is behind the last example that it learned. There the end of that example's
    transaction stands, which is nothing to learn, and an example that it has not learned is
    followed by another one. That examples came is seen by the end that moves.
    """

    def __init__(self, settings: Settings) -> None:
        self._topic = TopicPartition(settings.topic(EXAMPLES.name), 0)
        self._next = -1
        self._end = -1
        self._since: float | None = None
        self._looked_at = 0.0
        self._said = False

    def take(self, value: bytes) -> None:
        """The trainer's own record, as it writes it."""
        try:
            following = decode_trainer(value).next
        except (UnknownTrainerError, msgspec.DecodeError):
            return  # for the trainer to say
        if following != self._next:
            self._next, self._since = following, None

    async def seconds(self, consumer: AIOKafkaConsumer) -> float:
        """How long; 0 where it is not behind. Looks at the log's end once in five seconds."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            end = (await consumer.end_offsets([self._topic]))[self._topic]
            if end > max(self._end, self._next + _TRANSACTION_END) and self._since is None:
                self._since = now
            self._end = end
        waited = 0.0 if self._since is None else now - self._since
        behind = waited >= BEHIND_SECONDS
        if behind != self._said:
            self._said = behind
            log.warning("trainer_behind" if behind else "trainer_caught_up", seconds=int(waited))
        return waited if behind else 0.0
