"""The versioned bytes of a learner's state, of a partition's checkpoint and of course facts."""

import msgspec

from domain.checkpoint import CHECKPOINT_VERSION, Checkpoint
from domain.course_facts import CourseFacts
from domain.courses import drop_course
from domain.days import forget_first_day
from domain.state import SHRINK_BYTES, STATE_VERSION, Header, Learner

_packer = msgspec.msgpack.Encoder()
_learner = msgspec.msgpack.Decoder(Learner)
_header = msgspec.msgpack.Decoder(Header)
_checkpoint = msgspec.msgpack.Decoder(Checkpoint)
_facts = msgspec.json.Decoder(CourseFacts)
_json = msgspec.json.Encoder()


class UnknownVersionError(Exception):
    """The bytes were written by another version of the code than this one reads."""


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
    """The state in `data`; raises UnknownVersionError where another version wrote it."""
    state = _learner.decode(data)
    _check_version(state)
    return state


def decode_header(data: bytes) -> Header:
    """The first fields of the state in `data`, and the same error, without decoding the rest."""
    header = _header.decode(data)
    _check_version(header)
    return header


def _check_version(state: Learner | Header) -> None:
    if state.version != STATE_VERSION:
        raise UnknownVersionError(f"learner state of version {state.version}, not {STATE_VERSION}")


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The partition's checkpoint as it stands in `progress.state`."""
    return _packer.encode(checkpoint)


def decode_checkpoint(data: bytes) -> Checkpoint:
    """The partition's checkpoint in `data`; raises UnknownVersionError for another version's."""
    checkpoint = _checkpoint.decode(data)
    if checkpoint.version != CHECKPOINT_VERSION:
        raise UnknownVersionError(
            f"checkpoint of version {checkpoint.version}, not {CHECKPOINT_VERSION}"
        )
    return checkpoint


def encode_facts(facts: CourseFacts) -> bytes:
    """Course facts as adopted: JSON with epoch seconds."""
    return _json.encode(facts)


def decode_facts(data: bytes) -> CourseFacts:
    """Course facts as adopted."""
    return _facts.decode(data)
