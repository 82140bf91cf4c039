"""Which content was viewed in which hour: a content counts once in a course and hour (UTC).

Entries are 8 bytes, big-endian: the hour since the epoch, then 32 bits that stand for the content
of the course; they are kept in order of their hours, those of one hour as they came.
"""

import zlib
from typing import Final

from domain.keepers.deduplication import find_entry
from domain.state.learner import Learner
from domain.state.limits import (
    CONTENTS_ALWAYS,
    CONTENTS_HOURS,
    CONTENTS_MAX,
)

_ENTRY: Final = 8
_HOUR_BYTES: Final = 4
_HOUR: Final = 3600


def first_in_hour(state: Learner, course_id: str, content_id: str, at: int, *, timed: bool) -> bool:
    """Whether this is the first view of a content in its hour, as far as that is remembered.

    Views whose time of day is known, and those of a day, are looked up apart. The newest 256
    entries are kept; those older than 72 hours only up to 16 in all.
    """
    known = state.contents
    content = zlib.crc32(f"{course_id}\x1f{content_id}".encode(), timed)
    entry = (at // _HOUR << 32 | content).to_bytes(_ENTRY, "big")
    if find_entry(known, entry, _ENTRY) != -1:
        return False
    place = len(known)
    while place and _hour(known, place - _ENTRY) > entry[:_HOUR_BYTES]:
        place -= _ENTRY
    state.contents = _trim(state, known[:place] + entry + known[place:])
    return True


def _trim(state: Learner, known: bytes) -> bytes:
    """Let the oldest entries go; counted where they are not older than 72 hours."""
    if len(known) <= CONTENTS_ALWAYS * _ENTRY:
        return known
    newest = int.from_bytes(_hour(known, len(known) - _ENTRY), "big")
    oldest = max(0, newest - CONTENTS_HOURS).to_bytes(_HOUR_BYTES, "big")
    first, always = 0, len(known) - CONTENTS_ALWAYS * _ENTRY
    while first < always:
        young = _hour(known, first) >= oldest
        if young and len(known) - first <= CONTENTS_MAX * _ENTRY:
            break
        state.overflow.contents += young
        first += _ENTRY
    return known[first:]


def _hour(known: bytes, place: int) -> bytes:
    """The hour of the entry that begins there; as bytes, big-endian, it compares alike."""
    return known[place : place + _HOUR_BYTES]
