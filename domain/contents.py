"""Which content was viewed in which hour: a content counts once in a course and hour (UTC).

Entries are 8 bytes, big-endian: the hour since the epoch, then 32 bits that stand for the content
of the course; they are kept in order of their hours, those of one hour as they came.
"""

import zlib
from typing import Final

from domain.deduplication import find_entry
from domain.state import CONTENTS_ALWAYS, CONTENTS_HOURS, CONTENTS_MAX, Learner

_ENTRY: Final = 8
_HOUR: Final = 3600


def first_in_hour(state: Learner, course_id: str, content_id: str, at: int, *, timed: bool) -> bool:
    """Whether this is the first view of a content in its hour, as far as that is remembered.

    Views whose time of day is known, and those of a day, are looked up apart. The newest 256
    entries are kept; those older than 72 hours only up to 16 in all.
    """
    hour, known = at // _HOUR, state.contents
    content = zlib.crc32(f"{course_id}\x1f{content_id}".encode(), timed)
    entry = (hour << 32 | content).to_bytes(_ENTRY, "big")
    if find_entry(known, entry, _ENTRY) != -1:
        return False
    place = len(known) // _ENTRY
    while place and _hour(known, place - 1) > hour:
        place -= 1
    before = place * _ENTRY
    state.contents = _trim(state, known[:before] + entry + known[before:])
    return True


def _trim(state: Learner, known: bytes) -> bytes:
    """Let the oldest entries go; counted where they are not older than 72 hours."""
    count, first = len(known) // _ENTRY, 0
    newest = _hour(known, count - 1)
    while count - first > CONTENTS_ALWAYS:
        young = _hour(known, first) >= newest - CONTENTS_HOURS
        if young and count - first <= CONTENTS_MAX:
            break
        state.overflow.contents += young
        first += 1
    return known[first * _ENTRY :]


def _hour(known: bytes, index: int) -> int:
    return int.from_bytes(known[index * _ENTRY : index * _ENTRY + 4], "big")
