"""The newest ten events of a learner, as the dashboard lists them.

The fold only orders them, so each is kept packed: its event time (5 bytes, big-endian), then the
rest as MessagePack. Of a learner's decoded state they would be the largest part.
"""

from typing import Final, TypeAlias

import msgspec

from domain.events.activity import (
    EVENT_TYPES,
    EVENTS,
    AnyEvent,
    AssessmentGraded,
    ContentViewed,
    Event,
)
from domain.keepers.scores import percent_of
from domain.state.learner import Learner
from domain.state.limits import RECENT_MAX

_KINDS: Final[dict[type[Event], tuple[int, str | None]]] = {
    kind: (code, None if kind.OBJECT[0] == "course" else kind.OBJECT[1])
    for code, kind in enumerate(EVENTS.values())
    if kind.OBJECT is not None
}
"""Of each type that is listed its code, and the field that names its object, but for the course."""

_AT_BYTES: Final = 5
_Packed: TypeAlias = tuple[
    bytes, int, str | None, str | None, float | None, int | None, int | None, bool
]
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Packed)


class Recent(msgspec.Struct, frozen=True, gc=False):
    """One of the newest events."""

    at: int
    packed_id: bytes  # see `pack_event_id`
    code: int  # index into EVENT_TYPES
    course_id: str | None
    object_id: str | None
    score: float | None
    count: int | None
    seconds: int | None
    timed: bool

    @property
    def event_id(self) -> str:
        """The event's id as it came."""
        return unpack_event_id(self.packed_id)

    @property
    def type(self) -> str:
        """The event's type."""
        return EVENT_TYPES[self.code]


def note(state: Learner, event: AnyEvent, at: int, *, timed: bool) -> None:
    """Keep `event` among the newest ten, in order of event time, where its type is listed."""
    if event.__class__ not in _KINDS:
        return
    recent, when = state.recent, at.to_bytes(_AT_BYTES, "big")
    if len(recent) == RECENT_MAX:
        if when < recent[0][:_AT_BYTES]:
            return
        del recent[0]
    place = len(recent)
    while place and recent[place - 1][:_AT_BYTES] > when:
        place -= 1
    recent.insert(place, when + _packed(event, timed=timed))


def newest(state: Learner) -> list[Recent]:
    """The newest ten events, oldest first."""
    return [
        Recent(int.from_bytes(each[:_AT_BYTES], "big"), *_decoder.decode(each[_AT_BYTES:]))
        for each in state.recent
    ]


def _packed(event: AnyEvent, *, timed: bool) -> bytes:
    code, field = _KINDS[event.__class__]
    score = count = seconds = None
    if isinstance(event, ContentViewed):
        count = event.count
        seconds = None if event.duration_seconds is None else int(event.duration_seconds)
    elif isinstance(event, AssessmentGraded) and event.score is not None and event.max_score:
        score = percent_of(event.score, event.max_score)
    object_id = None if field is None else getattr(event, field)
    packed_id = pack_event_id(event.event_id)
    said: _Packed = (packed_id, code, event.course_id, object_id, score, count, seconds, timed)
    return _encoder.encode(said)


# -- ids of events -------------------------------------------------------------------------------

_AS_TEXT: Final = b"\x00"
_AS_UUID: Final = b"\x01"
_UUID_LENGTH: Final = 36
_UUID_DASHES: Final = "----"
_UUID_BYTES: Final = 16


def pack_event_id(event_id: str) -> bytes:
    """17 bytes where the id is a UUID in its usual form, else one byte and the id's UTF-8."""
    if len(event_id) == _UUID_LENGTH and event_id[8::5][:4] == _UUID_DASHES:
        digits = event_id.replace("-", "")
        try:
            packed = bytes.fromhex(digits)
        except ValueError:
            return _AS_TEXT + event_id.encode()
        if packed.hex() == digits and len(packed) == _UUID_BYTES:
            return _AS_UUID + packed
    return _AS_TEXT + event_id.encode()


def unpack_event_id(packed: bytes) -> str:
    """The id that `pack_event_id` packed."""
    if packed[:1] == _AS_TEXT:
        return packed[1:].decode()
    text = packed[1:].hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
