"""The versioned bytes of a learner's state, of a partition's record and of course facts."""

import msgspec

from domain.course_facts import CourseFacts
from domain.partition import RECORD_VERSION, PartitionRecord
from domain.state import SHRINK_BYTES, STATE_VERSION, Header, Learner

_DAY_BYTES = 20

_packer = msgspec.msgpack.Encoder()
_learner = msgspec.msgpack.Decoder(Learner)
_header = msgspec.msgpack.Decoder(Header)
_record = msgspec.msgpack.Decoder(PartitionRecord)
_facts = msgspec.json.Decoder(CourseFacts)
_json = msgspec.json.Encoder()


class UnknownVersionError(Exception):
    """The bytes were written by another version of the code than this one reads."""


def encode_learner(state: Learner) -> bytes:
    """MessagePack, array-like: the same state gives the same bytes."""
    return _packer.encode(state)


def shrink(state: Learner) -> None:
    """Let the oldest days go, counted, until `state` leaves room for some more steps."""
    size = len(encode_learner(state))
    while size > SHRINK_BYTES and len(state.days) > 1:
        dropped = max(1, min(len(state.days) - 1, (size - SHRINK_BYTES) // _DAY_BYTES))
        del state.days[:dropped]
        state.overflow.days += dropped
        size = len(encode_learner(state))


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


def encode_record(record: PartitionRecord) -> bytes:
    """The partition's record as it stands in `progress.state`."""
    return _packer.encode(record)


def decode_record(data: bytes) -> PartitionRecord:
    """The partition's record in `data`; raises UnknownVersionError for another version's."""
    record = _record.decode(data)
    if record.version != RECORD_VERSION:
        raise UnknownVersionError(
            f"partition record of version {record.version}, not {RECORD_VERSION}"
        )
    return record


def encode_facts(facts: CourseFacts) -> bytes:
    """Course facts as adopted: JSON with epoch seconds."""
    return _json.encode(facts)


def decode_facts(data: bytes) -> CourseFacts:
    """Course facts as adopted."""
    return _facts.decode(data)
