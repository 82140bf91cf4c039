"""The worker's fold of one partition: events, and what changes states beside them."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from typing_extensions import override

from agents.partition_owner.job import Fold, Position, Writing
from agents.partition_owner.transport import Raw
from agents.worker.backfill import Backfill
from agents.worker.context import Context
from agents.worker.courses import CourseLetters
from agents.worker.messages import Encoded, Outputs, states
from agents.worker.table import Loaded
from domain.configuration import canonical
from domain.events.decode import Record
from domain.fold.effects import DeadLetter, Effects
from domain.fold.inputs import FoldVersion, ModelAdopted, Tick
from domain.fold.partition import PartitionFold
from domain.stored.checkpoint import FOLD_VERSION, Checkpoint, Counters
from domain.stored.codec import encode_checkpoint, encode_learner

TICK_SECONDS: Final = 60

log = structlog.get_logger()


@dataclass(slots=True)
class _Batch:
    """What one batch changes, and where the fold stood before it."""

    effects: Effects
    start: int
    counters: Counters
    letters: list[tuple[int, DeadLetter]] = field(default_factory=list)
    """The bad records of `courses`, by its partition."""
    encoded: list[Encoded] = field(default_factory=list)
    checkpoint: bytes = b""


class WorkerFold(Fold):
    """`PartitionFold` with what the shell knows: the time, the course facts, who is behind.

    Invariants:
        I4: what `loaded` holds is what was committed last.
    """

    def __init__(
        self,
        context: Context,
        loaded: Loaded,
        fold: PartitionFold,
        letters: CourseLetters | None,
    ) -> None:
        self._context = context
        self._loaded = loaded
        self._fold = fold
        self._letters = letters
        self._partition = fold.checkpoint.partition
        self._backfill = Backfill(waited_since=context.clock.now())
        self._courses_version = -1
        self._ticked_at = 0
        self._batch = self._new_batch()

    @property
    @override
    def position(self) -> Position:
        return position_of(self._fold.checkpoint)

    @override
    def begin(self) -> None:
        self._batch = self._new_batch()

    def _new_batch(self) -> _Batch:
        checkpoint = self._fold.checkpoint
        return _Batch(self._fold.begin(), checkpoint.next, copy.copy(checkpoint.counters))

    # -- beside events ---------------------------------------------------------------------------

    def adopt_what_is_new(self) -> None:
        """What changed since the last owner: the code, the configuration, the course facts."""
        checkpoint, configuration = self._fold.checkpoint, self._context.configuration
        if checkpoint.fold_version != FOLD_VERSION:
            self._adopt("fold_version", FoldVersion(FOLD_VERSION))
        if checkpoint.configuration != canonical(configuration):
            self._adopt("configuration", configuration)
        if checkpoint.halted is not None:
            reason = checkpoint.halted.reason
            log.warning("partition_resumed", partition=self._partition, was=reason)
            self._adopt("resume", {})
        self._adopt_courses()

    @override
    async def adopt(self, *, idle: bool) -> None:
        self._adopt_courses()
        await self._adopt_model()
        self._adopt_tick(idle=idle)
        if self._letters is not None:
            self._batch.letters, self._fold.checkpoint.courses = await self._letters.next()

    def _adopt(self, kind: str, payload: object) -> None:
        self._fold.adopt(self._fold.next_input(kind, payload), self._batch.effects)

    def _adopt_courses(self) -> None:
        courses = self._context.courses
        if self._courses_version == courses.version:
            return
        self._courses_version = courses.version
        for facts in list(courses.changed(self._fold.facts)):
            self._adopt("course", facts)

    async def _adopt_model(self) -> None:
        """Take the snapshot that is to serve; under lockstep also the time that comes with it."""
        serving, checkpoint = self._context.snapshots.serving, self._fold.checkpoint
        if serving.number == checkpoint.model and serving.at <= checkpoint.ticked:
            return
        await self._context.snapshots.load(serving.number)
        self._adopt("model", ModelAdopted(serving.number, serving.at))

    def _adopt_tick(self, *, idle: bool) -> None:
        """Wake who was due; the events of a backlog or a backfill come first: they know better.

        A tick fires what was due before it, so at the very moment of a timer it is too early.
        """
        checkpoint = self._fold.checkpoint
        if checkpoint.clock_mode != "wall":
            return
        due, now = self._fold.due_at(), self._context.clock.now()
        behind = 0 if idle else now - checkpoint.clock
        self._backfill.look(now, behind)
        if due is None or due >= now or now - self._ticked_at < TICK_SECONDS:
            return
        if behind > TICK_SECONDS or self._backfill.holds_ticks(now):
            return
        self._ticked_at = now
        self._backfill.ticked(now)
        self._adopt("tick", Tick(now))

    # -- events ----------------------------------------------------------------------------------

    @override
    def fold(self, records: Sequence[Raw]) -> None:
        self._fold.fold(
            [Record(each.offset, each.timestamp, each.key, each.value) for each in records],
            self._batch.effects,
        )
        if self._batch.effects.backfill:
            self._backfill.came(self._context.clock.now())

    # -- the transaction -------------------------------------------------------------------------

    @override
    def writing(self) -> Writing | None:
        batch, effects, checkpoint = self._batch, self._batch.effects, self._fold.checkpoint
        if effects.empty and not batch.letters and checkpoint.next == batch.start:
            return None
        batch.encoded = [
            Encoded(user_id, encode_learner(state), state)
            for user_id, state in effects.changed.items()
        ]
        batch.checkpoint = encode_checkpoint(checkpoint)
        outputs = Outputs(
            settings=self._context.settings,
            partition=self._partition,
            alert_source=self._fold.configuration.alert_source,
            effects=effects,
            letters_of_courses=batch.letters,
        )
        return Writing(
            outputs=outputs.by_topic(),
            states=list(states(batch.encoded, effects, batch.checkpoint)),
            next=checkpoint.next,
        )

    @override
    def committed(self) -> None:
        for user_id, data, state in self._batch.encoded:
            self._loaded.table.put(user_id, data, state)
        self._loaded.checkpoint = self._batch.checkpoint

    @override
    def report(self) -> None:
        effects, before = self._batch.effects, self._batch.counters
        metrics, partition, now = (
            self._context.metrics,
            self._partition,
            self._fold.checkpoint.counters,
        )
        metrics.count("batches", partition)
        metrics.count("events", partition, now.events - before.events)
        metrics.count("rejected", partition, now.rejected - before.rejected)
        metrics.count("duplicates", partition, now.duplicates - before.duplicates)
        metrics.count("defects", partition, now.defects - before.defects)
        metrics.count("inputs", partition, len(effects.inputs))
        metrics.count("transitions", partition, len(effects.transitions))
        metrics.count("lessons", partition, len(effects.lessons))
        metrics.show("clock", partition, self._fold.checkpoint.clock)
        metrics.show("model_adopted", partition, self._fold.checkpoint.model)
        for letter in effects.dead_letters:
            if letter.reason == "defect":
                log.error(
                    "event_defect",
                    partition=partition,
                    offset=letter.record.offset,
                    detail=letter.detail,
                )

    @override
    async def close(self) -> None:
        if self._letters is not None:
            await self._letters.stop()


def position_of(checkpoint: Checkpoint) -> Position:
    """What an owner needs to know of a checkpoint."""
    return Position(
        checkpoint.topic_id,
        checkpoint.partitions,
        checkpoint.next,
        None if checkpoint.halted is None else checkpoint.halted.reason,
    )
