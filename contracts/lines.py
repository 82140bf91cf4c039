"""A line of a producer's file, judged by itself: its key, and what the workers will say of it."""

from typing import Final

import msgspec

from domain.events.decode import Accepted, Record, Rejected, decode

_WHOLE: Final = 1  # partitions: with one, every key is on its own
_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeError)


class _Learner(msgspec.Struct):
    user_id: int | str


class _Course(msgspec.Struct):
    course_id: str


_LEARNER: Final = msgspec.json.Decoder(_Learner)
_COURSE: Final = msgspec.json.Decoder(_Course)


def learner_key_of(line: bytes) -> bytes | None:
    """The key that a producer gives to the event in `line`; None where none can be read."""
    try:
        return str(_LEARNER.decode(line).user_id).encode()
    except _UNREADABLE:
        return None


def course_key_of(line: bytes) -> bytes | None:
    """The key of the course facts in `line`; None where none can be read."""
    try:
        return _COURSE.decode(line).course_id.encode()
    except _UNREADABLE:
        return None


def judge_event(key: bytes | None, line: bytes, number: int, now: int) -> Accepted | Rejected:
    """The workers' verdict on a line that arrives with this key at `now` (epoch seconds)."""
    return decode(Record(number, now * 1000, key, line), 0, _WHOLE)
