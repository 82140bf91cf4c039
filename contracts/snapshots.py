"""The records of `model.snapshots`: snapshots by number, which one serves, the trainer's own."""

import re
from typing import Final

import msgspec
from msgspec import Struct

TRAINER_VERSION: Final = 1
TRAINER_KEY: Final = b"\x00trainer"
"""The trainer's position and what it was told; written in every one of its transactions."""
SERVING_KEY: Final = b"serving"
NUMBER_DIGITS_MAX: Final = 15
_LEARNING_PREFIX: Final = b"\x00learning:"
_SNAPSHOT: Final = re.compile(rb"snapshot:([1-9][0-9]{0,%d})" % (NUMBER_DIGITS_MAX - 1))


class Serving(Struct, frozen=True, kw_only=True):
    """Which snapshot is to be adopted. 0 stands for none.

    `at` is set in a lockstep replay only: the time up to which events were folded before it.
    """

    number: int = 0
    newest: int = 0
    pinned: bool = False
    frozen: bool = False
    at: int = 0


class Trainer(Struct, frozen=True, kw_only=True):
    """Where the trainer stands; `next` is the first offset of `model.examples` not learned (I4)."""

    version: int
    topic_id: str
    partitions: int
    next: int
    serving: Serving = Serving()
    learned: int = 0
    """Examples that were learned."""
    passed_over: int = 0
    """Examples that came while learning was frozen: they are never learned."""
    rejected: int = 0
    """Records that are neither a lesson nor an order, or an order that cannot be carried out."""
    published_learned: int = 0
    """`learned` when the newest snapshot was published."""
    published_at: int = 0
    """The clock's time of that, in epoch seconds."""
    gathering: bool = False
    """Whether a lockstep replay is under way: nothing is learned before an order."""


class _Version(Struct):
    version: int


class UnknownTrainerError(Exception):
    """The trainer's record is of a version that this program does not read."""


_encoder: Final = msgspec.json.Encoder()
_serving: Final = msgspec.json.Decoder(Serving)
_version: Final = msgspec.json.Decoder(_Version)
_trainer: Final = msgspec.json.Decoder(Trainer)


def snapshot_key(number: int) -> bytes:
    """The key of a snapshot; its record is never overwritten."""
    return b"snapshot:%d" % number


def snapshot_number(key: bytes) -> int | None:
    """The number of the snapshot that stands under `key`; None where it is another kind."""
    found = _SNAPSHOT.fullmatch(key)
    return None if found is None else int(found[1])


def learning_key(part: str) -> bytes:
    """The key of one part of what the trainer has learned."""
    return _LEARNING_PREFIX + part.encode()


def learning_part(key: bytes) -> str | None:
    """The part of what was learned that stands under `key`; None where it is another kind."""
    return key[len(_LEARNING_PREFIX) :].decode() if key.startswith(_LEARNING_PREFIX) else None


def encode_serving(serving: Serving) -> bytes:
    """The JSON under `serving`."""
    return _encoder.encode(serving)


def decode_serving(value: bytes) -> Serving:
    """What stands under `serving`; raises msgspec.DecodeError where it is no such record."""
    return _serving.decode(value)


def encode_trainer(trainer: Trainer) -> bytes:
    """The JSON under the trainer's key."""
    return _encoder.encode(trainer)


def decode_trainer(value: bytes) -> Trainer:
    """Where the trainer stands.

    Raises UnknownTrainerError where another version of the program wrote it, msgspec.DecodeError
    where it is no such record.
    """
    version = _version.decode(value).version
    if version != TRAINER_VERSION:
        raise UnknownTrainerError(
            f"a trainer's state of version {version}, and this program reads version "
            f"{TRAINER_VERSION}: a newer one wrote it; start that one, docs/upgrading.md says how"
        )
    return _trainer.decode(value)
