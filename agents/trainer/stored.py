"""What `model.snapshots` holds of the trainer itself, and how its fold is opened from there."""

from typing import Final

import msgspec
from typing_extensions import override

from agents.partition_owner.job import Position, Stored
from agents.trainer.context import Context
from agents.trainer.fold import TrainerFold
from contracts.snapshots import (
    TRAINER_KEY,
    TRAINER_VERSION,
    Trainer,
    UnknownTrainerError,
    decode_trainer,
    learning_part,
)
from models.learning import BadLearningError, Learning, UnknownLearningError
from models.training import Training
from runtime.errors import UsageError

_WHERE: Final = "the trainer's own state in model.snapshots"


class TrainerStored(Stored):
    """Where the trainer stands and what it has learned, as committed; snapshots pass by."""

    def __init__(self, context: Context) -> None:
        self.next = 0
        self.parts: dict[str, bytes] = {}
        self.record: bytes | None = None
        self._context = context

    @override
    def load(self, key: bytes, value: bytes | None) -> None:
        if key == TRAINER_KEY:
            self.record = value
        elif (part := learning_part(key)) is not None:
            if value is None:
                self.parts.pop(part, None)
            else:
                self.parts[part] = value

    @override
    def position(self) -> Position | None:
        trainer = self._trainer()
        return None if trainer is None else position_of(trainer)

    @override
    async def open(self, position: Position) -> TrainerFold:
        trainer = self._trainer() or Trainer(
            version=TRAINER_VERSION,
            topic_id=position.topic_id,
            partitions=position.partitions,
            next=position.next,
        )
        try:
            learning = Learning.restore(self.parts) if self.parts else Learning()
        except (UnknownLearningError, BadLearningError) as error:
            raise UsageError(f"{_WHERE}: {error}") from error
        return TrainerFold(self._context, self, Training(learning, trainer), learning)

    @override
    def measure(self) -> None:
        """What it holds does not depend on how many learners there are."""

    def _trainer(self) -> Trainer | None:
        if self.record is None:
            return None
        try:
            return decode_trainer(self.record)
        except UnknownTrainerError as error:
            raise UsageError(f"{_WHERE}: {error}") from error
        except msgspec.DecodeError as error:
            raise UsageError(f"{_WHERE} cannot be read: {error}") from error


def position_of(trainer: Trainer) -> Position:
    """What an owner needs to know of where the trainer stands."""
    return Position(trainer.topic_id, trainer.partitions, trainer.next)
