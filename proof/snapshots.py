"""The snapshots of `model.snapshots` by number, and where the trainer stands."""

from collections.abc import Iterable
from typing import Final

import msgspec

from contracts.snapshots import (
    SERVING_KEY,
    TRAINER_KEY,
    Serving,
    Trainer,
    UnknownTrainerError,
    decode_serving,
    decode_trainer,
    snapshot_number,
)
from contracts.topics import SNAPSHOTS
from domain.fold.inputs import Input, ModelAdopted
from domain.scoring import NoModels, Scorer
from models.serving import Served
from models.snapshot import BadSnapshotError, UnknownSnapshotError, decode_snapshot
from proof.examples import Snapshot
from proof.logs import Logs

_KEPT: Final = 3


class Snapshots:
    """Every snapshot that is still there; where two have one number, the first that can be read."""

    def __init__(self, logs: Logs) -> None:
        self.found: dict[int, Snapshot] = {}
        self.unreadable: dict[int, str] = {}
        """Why a snapshot that is there cannot be read."""
        self.twice: list[int] = []
        """The numbers of records that came under a number that was there."""
        self.serving: bytes | None = None
        self.trainer: bytes | None = None
        self.last = -1
        """The offset of the newest record."""
        self._logs = logs
        self._next = -1
        self._decoded: dict[int, Scorer] = {}

    def catch_up(self) -> None:
        """Read what came since."""
        if self._next < 0:
            self._next = self._logs.begin(SNAPSHOTS, 0)
        end = self._logs.end(SNAPSHOTS, 0)
        for batch in self._logs.read(SNAPSHOTS, 0, self._next, end):
            for record in batch:
                self._take(record.key or b"", record.value)
                self.last = record.offset
        self._next = max(self._next, end)

    def get(self, number: int) -> Scorer:
        """The scorer of a snapshot that `why_not` has nothing to say of."""
        if number == 0:
            return NoModels()
        scorer = self._decoded.pop(number, None)
        if scorer is None:
            scorer = Served(decode_snapshot(self.found[number].data))
        self._decoded[number] = scorer
        while len(self._decoded) > _KEPT:
            del self._decoded[next(iter(self._decoded))]
        return scorer

    def why_not(self, inputs: Iterable[Input]) -> str | None:
        """Why what was predicted cannot be computed again: a snapshot that was adopted is gone."""
        for value in inputs:
            if value.kind == "model":
                number = msgspec.json.decode(value.payload, type=ModelAdopted).number
                if number and number not in self.found:
                    why = self.unreadable.get(number, "is gone from model.snapshots")
                    return f"snapshot {number}, adopted before offset {value.after}: {why}"
        return None

    def stands(self) -> Trainer | str | None:
        """Where the trainer stands; as text, why that cannot be read."""
        if self.trainer is None:
            return None
        try:
            return decode_trainer(self.trainer)
        except (UnknownTrainerError, msgspec.DecodeError) as error:
            return str(error)

    def serves(self) -> Serving | None:
        """Which snapshot is to be adopted; None where nothing was said or it cannot be read."""
        try:
            return None if self.serving is None else decode_serving(self.serving)
        except msgspec.DecodeError:
            return None

    def _take(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            return
        number = snapshot_number(key)
        if key == SERVING_KEY:
            self.serving = value
        elif key == TRAINER_KEY:
            self.trainer = value
        elif number is not None and number in self.found:
            self.twice.append(number)
        elif number is not None:
            try:
                learned = decode_snapshot(value).learned
            except (UnknownSnapshotError, BadSnapshotError) as error:
                self.unreadable[number] = str(error)
            else:
                self.found[number] = Snapshot(number, learned, value)
                self.unreadable.pop(number, None)
