"""The versioned bytes of a learner's state, of a partition's checkpoint and of course facts."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from domain.course_facts import CourseFacts
from domain.keepers.courses import drop_course
from domain.keepers.days import forget_first_day
from domain.state import upgrade
from domain.state.learner import (
    STATE_VERSION,
    Header,
    Learner,
)
from domain.state.limits import SHRINK_BYTES
from domain.stored.checkpoint import CHECKPOINT_VERSION, Checkpoint


class _Versioned(msgspec.Struct, array_like=True):
    """The first field of every state and checkpoint."""

    version: int


_packer = msgspec.msgpack.Encoder()
_learner = msgspec.msgpack.Decoder(Learner)
_header = msgspec.msgpack.Decoder(Header)
_versioned = msgspec.msgpack.Decoder(_Versioned)
_checkpoint = msgspec.msgpack.Decoder(Checkpoint)
_facts = msgspec.json.Decoder(CourseFacts)
_json = msgspec.json.Encoder()


class UnknownVersionError(Exception):
    """The bytes were written by a newer version of the code than this one."""


class _Versions(NamedTuple):
    """What bytes hold, the version that this code writes, and how older ones are upgraded."""

    what: str
    today: int
    steps: Mapping[int, upgrade.Step]

    def check(self, version: int) -> None:
        """Raise UnknownVersionError for a version that is neither today's nor an older one."""
        if version != self.today and version not in self.steps:
            raise UnknownVersionError(
                f"{self.what} of version {version}, and this program reads versions "
                f"{min(self.steps)} to {self.today}: a newer one wrote it; start that one, "
                "docs/upgrading.md says how"
            )


_LEARNERS = _Versions("learner state", STATE_VERSION, upgrade.LEARNER)
_CHECKPOINTS = _Versions("checkpoint", CHECKPOINT_VERSION, upgrade.CHECKPOINT)


def encode_learner(state: Learner) -> bytes:
    """MessagePack, array-like: the same state gives the same bytes."""
    return _packer.encode(state)


def shrink(state: Learner) -> None:
    """Let the oldest days go, counted, until `state` leaves room for some more steps.

    Where that is not enough, the courses go that are needed least.
    """
    while (excess := _excess(state)) > 0 and len(state.days) > 1:
        _forget_days(state, excess)
    while _excess(state) > 0 and len(state.courses) > 1:
        drop_course(state)


def _excess(state: Learner) -> int:
    return len(encode_learner(state)) - SHRINK_BYTES


def _forget_days(state: Learner, excess: int) -> None:
    """Let the oldest days go that take so many bytes, and no more; the newest day stays."""
    while excess > 0 and len(state.days) > 1:
        excess -= len(_packer.encode(state.days[0]))
        forget_first_day(state)
        state.overflow.days += 1


def decode_learner(data: bytes) -> Learner:
    """The state in `data`, upgraded where an older version of the code wrote it.

    Raises UnknownVersionError where a newer one did, msgspec.DecodeError where it is no state.
    """
    try:
        state = _learner.decode(data)
    except msgspec.ValidationError:  # another version's layout, or no state at all
        state = None
    if state is not None and state.version == STATE_VERSION:
        return state
    return _learner.decode(_upgraded(data, _LEARNERS))


def renewed(data: bytes) -> bytes:
    """A state's bytes in today's version; what a newer one wrote, and what is none, as it is."""
    try:
        return data if _version(data) == STATE_VERSION else encode_learner(decode_learner(data))
    except (UnknownVersionError, msgspec.DecodeError):
        return data


def decode_header(data: bytes) -> Header:
    """The first fields of the state in `data`, and the same errors, without decoding the rest.

    They are the same in every version: what an older one wrote is upgraded when it is first needed.
    """
    header = _header.decode(data)
    if header.version != STATE_VERSION:
        _LEARNERS.check(header.version)
    return header


def _upgraded(data: bytes, versions: _Versions) -> bytes:
    """The same in today's version."""
    versions.check(_version(data))
    try:
        raw = upgrade.upgrade(msgspec.msgpack.decode(data), versions.steps, versions.today)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise msgspec.DecodeError(f"{versions.what}: cannot be upgraded: {error}") from error
    return _packer.encode(raw)


def _version(data: bytes) -> int:
    return _versioned.decode(data).version


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The partition's checkpoint as it stands in `progress.state`."""
    return _packer.encode(checkpoint)


def decode_checkpoint(data: bytes) -> Checkpoint:
    """The partition's checkpoint in `data`, upgraded where an older version wrote it.

    Raises UnknownVersionError where a newer one did, msgspec.DecodeError where it is none.
    """
    if _version(data) == CHECKPOINT_VERSION:
        return _checkpoint.decode(data)
    return _checkpoint.decode(_upgraded(data, _CHECKPOINTS))


def encode_facts(facts: CourseFacts) -> bytes:
    """Course facts as adopted: JSON with epoch seconds."""
    return _json.encode(facts)


def decode_facts(data: bytes) -> CourseFacts:
    """Course facts as adopted."""
    return _facts.decode(data)
