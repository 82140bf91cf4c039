"""A real owner and a real committer, on the model of the log that the simulation uses.

Only what speaks to Kafka is stood in for: the take-over's reader, the producer, `courses`.
"""

import asyncio
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from prometheus_client import CollectorRegistry
from typing_extensions import override

import agents.partition_owner.owner
import agents.worker.stored
import domain.fold.partition
from agents.partition_owner.job import Job, Position, Stored
from agents.partition_owner.owner import Owner
from agents.partition_owner.ownership import Ownership
from agents.partition_owner.takeover import Taken, _check_halted
from agents.partition_owner.transport import Batch, Raw, Standing
from agents.worker.context import Context
from agents.worker.courses import CourseReader
from agents.worker.fold import WorkerFold
from agents.worker.hot_states import HotStates
from agents.worker.metrics import Metrics
from agents.worker.snapshots import SnapshotReader
from agents.worker.stored import WorkerStored
from agents.worker.topology import worker_job
from contracts.snapshots import Serving
from contracts.topics import ALERTS, EXAMPLES, INPUTS, STATE
from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.events.decode import Record
from domain.fold.effects import DeadLetter
from domain.ids import partition_of
from domain.scoring import Scorer
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import decode_checkpoint
from runtime.settings import Settings
from tests.defects import Defect, with_defect
from tests.factories import START, record, seconds
from tests.simulation.model_log import Broker, Kept, Log, Producer

PARTITIONS = 2
NOW = seconds(START)
IDLE = Standing(7, 7)


class _Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        return self.at


class _Builder:
    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def append(
        self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: object
    ) -> bool:
        del timestamp, headers
        self.records.append((key, value))
        return True


class ModelProducer:
    """What the committer asks of aiokafka's producer."""

    def __init__(self, producer: Producer, settings: Settings) -> None:
        self.stopped = 0
        self._producer = producer
        self._settings = settings

    async def begin_transaction(self) -> None:
        """Nothing: the model begins with the first record."""

    def create_batch(self) -> _Builder:
        return _Builder()

    async def send_batch(
        self, builder: _Builder, topic: str, *, partition: int
    ) -> "asyncio.Future[Kept]":
        del partition
        name = topic.removeprefix(self._settings.topic_prefix)
        first, *_ = [self._producer.send(name, key, value) for key, value in builder.records]
        sent: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        sent.set_result(Kept(first, None, None, 0, 0))
        return sent

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, OffsetAndMetadata], group: str
    ) -> None:
        del group
        (position,) = offsets.values()
        self._producer.send_position(position.offset)

    async def commit_transaction(self) -> None:
        self._producer.commit()

    async def stop(self) -> None:
        self.stopped += 1


class Letters:
    """The bad records of `courses`, as they are put here."""

    waiting: list[tuple[int, DeadLetter]]

    def __init__(self, settings: Settings, looked_at: Mapping[int, int]) -> None:
        del settings
        self.waiting = []
        self.looked_at = dict(looked_at)
        self.state = "new"

    async def start(self) -> None:
        self.state = "started"

    async def stop(self) -> None:
        self.state = "stopped"

    async def next(self) -> tuple[list[tuple[int, DeadLetter]], dict[int, int]]:
        found, self.waiting = self.waiting, []
        if found:
            self.looked_at[0] = found[-1][1].record.offset + 1
        return found, dict(self.looked_at)


class Courses(CourseReader):
    """Course facts that are put here."""

    @override
    async def caught_up(self) -> None:
        """It always is."""

    def put(self, facts: CourseFacts) -> None:
        self.latest[facts.course_id] = facts
        self.version += 1


class Snapshots(SnapshotReader):
    """Snapshots that are put here."""

    @override
    async def caught_up(self) -> None:
        """It always is."""

    def put(self, scorer: Scorer, at: int = 0) -> None:
        """This one is to serve from now on."""
        self._decoded[scorer.number] = scorer
        self.serving = Serving(number=scorer.number, newest=scorer.number, at=at)


class SteppedOwner(Owner):
    """An owner that folds a batch when a test says so."""

    ownership: Ownership

    async def open(self) -> None:
        """Take the partition over."""
        self.ownership = await self._take_over(resume=False)
        self._inbox.open(self.ownership.fold.position.next)

    @property
    def fold(self) -> WorkerFold:
        return cast(WorkerFold, self.ownership.fold)

    @property
    def kept(self) -> WorkerStored:
        return cast(WorkerStored, self.stored)


class Stage:
    """One partition's surroundings; owners of it come and go."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        partition: int = 1,
        defect: Defect | None = None,
        **given: Any,
    ) -> None:
        monkeypatch.setattr(agents.partition_owner.owner, "take_over", self._take_over)
        monkeypatch.setattr(agents.worker.stored, "CourseLetters", self._letters_reader)
        if defect is not None:
            monkeypatch.setattr(domain.fold.partition, "advance", with_defect(defect))
        self.settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", **given})
        self.partition = partition
        self.learner = next(
            str(n) for n in count(1) if partition_of(str(n).encode(), PARTITIONS) == partition
        )
        self.broker = Broker()
        self.broker.logs |= {ALERTS.name: Log(), EXAMPLES.name: Log()}
        self.clock = _Clock()
        self.courses = Courses(self.settings, lambda: None)
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.snapshots = Snapshots(self.settings, self.clock, self.metrics, lambda: None)
        self.producers: list[ModelProducer] = []
        self.letters: list[Letters] = []
        self.context = Context(
            settings=self.settings,
            configuration=Configuration(),
            clock=self.clock,
            courses=self.courses,
            snapshots=self.snapshots,
            metrics=self.metrics,
            hot=HotStates(1 << 20),
        )
        self.job = worker_job(self.context)

    def owner(self, stored: Stored | None = None) -> Owner:
        return Owner(self.job, self.partition, stored)

    async def opened(self, stored: Stored | None = None) -> SteppedOwner:
        """An owner that has taken over, and folds a batch when it is told to."""
        owner = SteppedOwner(self.job, self.partition, stored)
        await owner.open()
        return owner

    def batch(self, start: int, *values: Mapping[str, Any] | bytes | None) -> Batch:
        """A fetch of records that follow one another from an offset on."""
        found = []
        for offset, value in enumerate(values, start):
            item = record(value, offset, key=self.learner.encode())
            if isinstance(value, Mapping):
                item = item._replace(key=str(value["user_id"]).encode())
            found.append(Kept(offset, item.key, item.value, item.timestamp, 0))
        return Batch(self.partition, 1, start, cast("list[Raw]", found))

    def written(self, topic: str) -> list[Kept]:
        """What a reader of committed records sees of a topic."""
        return self.broker.logs[topic].committed()

    def record(self) -> Checkpoint:
        """The partition's checkpoint as it was last committed."""
        stored = WorkerStored(self.context, self.partition)
        for kept in self.written(STATE.name):
            stored.load(kept.key or b"", kept.value)
        assert stored.loaded.checkpoint is not None
        return decode_checkpoint(stored.loaded.checkpoint)

    def figure(self, name: str) -> float:
        """A metric of this partition."""
        labels = {"partition": str(self.partition)}
        return self.registry.get_sample_value(f"learnstream_{name}", labels) or 0

    def _letters_reader(self, settings: Settings, looked_at: Mapping[int, int]) -> Letters:
        self.letters.append(Letters(settings, looked_at))
        return self.letters[-1]

    async def _take_over(
        self, job: Job, partition: int, stored: Stored | None, *, resume: bool
    ) -> Taken:
        producer = ModelProducer(self.broker.start_producer("owner"), job.settings)
        self.producers.append(producer)
        stored = stored or job.make_stored(partition)
        log = self.broker.logs[STATE.name]
        for kept in log.committed(stored.next):
            stored.load(kept.key or b"", kept.value)
        stored.next = max(stored.next, log.end)
        position = stored.position() or Position("topic-id", PARTITIONS, 0)
        _check_halted(partition, position, resume=resume)
        return Taken(cast(AIOKafkaProducer, producer), stored, position)


def a_letter(offset: int) -> DeadLetter:
    return DeadLetter(Record(offset, NOW * 1000, b"algebra", b"{"), "not_json", "")


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what is about to be true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - an owner tells nobody
            await asyncio.sleep(0.005)


async def fold_batch(owner: SteppedOwner, standing: Standing = IDLE) -> None:
    """One batch, told how far the consumer is."""
    await owner._fold_batch(owner.ownership, standing)


def kinds(stage: Stage) -> list[str]:
    """The kinds of the inputs that were written, in order."""
    return [
        kind
        for each in stage.written(INPUTS.name)
        for kind in ("fold_version", "configuration", "course", "tick", "resume")
        if f'"kind":"{kind}"'.encode() in (each.value or b"")
    ]
