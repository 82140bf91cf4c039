"""What `progress.state` holds of one partition, and how its fold is opened from there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from typing_extensions import override

from agents.partition_owner.job import Position, Stored
from agents.worker.context import Context
from agents.worker.courses import CourseLetters
from agents.worker.fold import WorkerFold, position_of
from agents.worker.table import Loaded, Table
from contracts.state_keys import PARTITION_KEY, course_of, is_learner
from contracts.topics import ACTIVITY
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError, decode_checkpoint, decode_facts
from runtime.errors import UsageError

_LETTERS_PARTITION: Final = 0


class WorkerStored(Stored):
    """Learners, course facts as adopted and the checkpoint of one partition, as committed."""

    def __init__(self, context: Context, partition: int) -> None:
        self.next = 0
        self.loaded = Loaded(Table(context.hot))
        self._context = context
        self._partition = partition

    @override
    def load(self, key: bytes, value: bytes | None) -> None:
        loaded = self.loaded
        if is_learner(key):
            loaded.table.load(key.decode(), value)
        elif key == PARTITION_KEY:
            loaded.checkpoint = value
        elif (course_id := course_of(key)) is not None and value is not None:
            with self._versions():
                loaded.facts[course_id] = decode_facts(value)

    @override
    def position(self) -> Position | None:
        if self.loaded.checkpoint is None:
            return None
        with self._versions():
            checkpoint = decode_checkpoint(self.loaded.checkpoint)
        self._check_clock(checkpoint)
        return position_of(checkpoint)

    @override
    async def open(self, position: Position) -> WorkerFold:
        context, loaded = self._context, self.loaded
        checkpoint = self._checkpoint_at(position)
        await context.courses.caught_up()
        await context.snapshots.caught_up()
        await context.snapshots.load(checkpoint.model)
        with self._versions():
            fold = PartitionFold(
                checkpoint,
                context.configuration,
                loaded.facts,
                loaded.table,
                context.snapshots.get,
            )
        letters = None
        if self._partition == _LETTERS_PARTITION:
            letters = CourseLetters(context.settings, checkpoint.courses)
            await letters.start()
        opened = WorkerFold(context, loaded, fold, letters)
        opened.adopt_what_is_new()
        return opened

    @override
    def measure(self) -> None:
        self._context.metrics.show("learners", self._partition, len(self.loaded.table))

    def _checkpoint_at(self, position: Position) -> Checkpoint:
        if self.loaded.checkpoint is not None:
            return decode_checkpoint(self.loaded.checkpoint)
        made = new_checkpoint(
            self._partition, position.partitions, position.topic_id, self._context.settings.clock
        )
        made.next = position.next
        return made

    def _check_clock(self, checkpoint: Checkpoint) -> None:
        settings = self._context.settings
        if checkpoint.clock_mode != settings.clock:
            raise UsageError(
                f"{settings.topic(ACTIVITY.name)} partition {self._partition}: its clock is "
                f"`{checkpoint.clock_mode}`, this process is set to `{settings.clock}`"
            )

    @contextmanager
    def _versions(self) -> Iterator[None]:
        """What another version of the code wrote is for a person to judge."""
        try:
            yield
        except UnknownVersionError as error:
            raise UsageError(f"partition {self._partition}: {error}") from error
