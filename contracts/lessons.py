"""What stands in `model.examples`: lessons, and orders to the trainer, as JSON objects."""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from domain.events.decode import Rejected, as_msgspec_says
from domain.events.json_objects import LEARNER_ID_MAX, Problem, parse_object
from domain.examples import Lesson, Order

TIME_MAX: Final = 221_845_392_000
"""9000-01-01T00:00:00Z, in epoch seconds."""

Decoded: TypeAlias = Lesson | Order

_encoder: Final = msgspec.json.Encoder()
_lessons: Final = msgspec.json.Decoder(Lesson)
_orders: Final = msgspec.json.Decoder(Order)


class _Kind(Struct):
    """Whether a record is an order."""

    order: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_kinds: Final = msgspec.json.Decoder(_Kind)


def encode_lesson(lesson: Lesson) -> bytes:
    """The JSON of a lesson; the same lesson gives the same bytes."""
    return _encoder.encode(lesson)


def encode_order(order: Order) -> bytes:
    """The JSON of an order."""
    return _encoder.encode(order)


def decode_lesson(key: bytes | None, value: bytes | None) -> Decoded | Rejected:
    """The lesson or order in a record of `model.examples`, or why it is neither.

    Whether an example can be learned is for its model to say.
    """
    if value is None:
        return Rejected("null_value", "the record has no value")
    try:
        if _kinds.decode(value).order is not msgspec.UNSET:
            return _checked_order(key, _orders.decode(value))
        lesson = _lessons.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        found = parse_object(value)
        return Rejected(*found) if isinstance(found, Problem) else as_msgspec_says(error)
    return _checked_lesson(key, lesson)


def _checked_order(key: bytes | None, order: Order) -> Order | Rejected:
    if key is not None:
        return Rejected("key_mismatch", "an order has no key")
    if not 0 <= order.at <= TIME_MAX:
        return Rejected("bad_time", "at is no time of an order")
    if order.snapshot < 0:
        return Rejected("wrong_type", "snapshot is below 0")
    return order


def _checked_lesson(key: bytes | None, lesson: Lesson) -> Lesson | Rejected:
    if not 0 < len(lesson.user_id) <= LEARNER_ID_MAX:
        return Rejected("bad_id", f"user_id has {len(lesson.user_id)} characters")
    if not key:
        return Rejected("no_key", "the record has no key; expected the learner's id")
    if key != lesson.user_id.encode():
        return Rejected("key_mismatch", "the record's key is not the user_id of its value")
    if not 0 <= lesson.at <= TIME_MAX:
        return Rejected("bad_time", "at is no time of a lesson")
    if lesson.outcome not in {None, 0, 1}:
        return Rejected("wrong_type", "outcome is neither 0 nor 1")
    return lesson
