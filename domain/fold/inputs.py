"""What changes states beside events: the inputs that a fold adopts between two batches."""

from typing import Literal, TypeAlias

import msgspec

InputKind: TypeAlias = Literal["fold_version", "configuration", "course", "tick", "resume", "model"]


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input: it is folded before the event at offset `after`, in order of `seq`.

    `payload` is the JSON of: fold_version FoldVersion, configuration Configuration, course
    CourseFacts, tick Tick, resume {}, model ModelAdopted.
    """

    after: int
    seq: int
    kind: InputKind
    payload: msgspec.Raw


class Tick(msgspec.Struct, frozen=True):
    """The clock reached `at` (epoch seconds) and something was due."""

    at: int


class FoldVersion(msgspec.Struct, frozen=True):
    """From here on this version of the fold's code."""

    version: int


class ModelAdopted(msgspec.Struct, frozen=True, omit_defaults=True):
    """From here on the models of this snapshot predict.

    Where `at` is set (epoch seconds), the timers that are due before it fire first.
    """

    number: int
    at: int = 0
