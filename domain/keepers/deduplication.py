"""The deduplication window: what a learner's last 64 events were.

An entry is 11 bytes: 6 that stand for the event's id, 3 for its content, 2 for its UTC day.
"""

import zlib
from operator import attrgetter
from typing import Final, get_args

import msgspec

from domain.events.activity import AnyEvent, AssessmentGraded
from domain.state.learner import Learner
from domain.state.limits import SEEN_MAX

ID_BYTES: Final = 6
_CONTENT: Final = 9
_ENTRY: Final = 11
_DAY_SECONDS: Final = 86_400
_DAY_MAX: Final = 0xFFFF

_SPELLED: Final = {"event_id", "user_id", "v", "given_precision", "given_banked", "given_missing"}
"""Fields that are left out of what an event says, or put in by their meaning."""
_SAID: Final = {
    kind: attrgetter(*(name for name in kind.__struct_fields__ if name not in _SPELLED))
    for kind in get_args(AnyEvent)
}
_encoder: Final = msgspec.msgpack.Encoder(order="deterministic")


def content_of(event: AnyEvent) -> bytes:
    """3 bytes that stand for what an event says, however it is spelled (instants in UTC)."""
    kind, by_day = event.__class__, event.given_precision == "day"
    marks = (event.banked, event.missing) if isinstance(event, AssessmentGraded) else None
    said = _encoder.encode((kind.__name__, _SAID[kind](event), by_day, marks))
    return zlib.crc32(said).to_bytes(4, "big")[1:]


def seen_content(state: Learner, event_id: bytes) -> bytes | None:
    """The content of the event of that id among the last 64; None where it is not among them."""
    seen = state.seen
    index = find_entry(seen, event_id, _ENTRY)
    return None if index == -1 else seen[index + ID_BYTES : index + _CONTENT]


def find_entry(packed: bytes, start: bytes, size: int) -> int:
    """Where the first entry of `size` bytes begins that starts with `start`; -1 where none does."""
    index = packed.find(start)
    while index % size and index != -1:
        index = packed.find(start, index + 1)
    return index


def remember(state: Learner, event_id: bytes, content: bytes, at: int) -> None:
    """Remember an event that is being folded.

    One that is older than all that is remembered might repeat one that is forgotten: it is counted.
    """
    day = min(at // _DAY_SECONDS, _DAY_MAX)
    entry = event_id + content + day.to_bytes(2, "little")
    if len(state.seen) == SEEN_MAX * _ENTRY:
        if at < state.last_event_at - _DAY_SECONDS and day < min(_days(state.seen)):
            state.overflow.late_unchecked += 1
        state.seen = state.seen[_ENTRY:] + entry
    else:
        state.seen += entry


def _days(seen: bytes) -> list[int]:
    places = range(_CONTENT, len(seen), _ENTRY)
    return [int.from_bytes(seen[place : place + 2], "little") for place in places]
