"""The memory of duplicates: a learner's last 64 event ids, as 8-byte hashes with their days."""

from typing import Final

from domain.state import SEEN_MAX, Learner

_HASH: Final = 8
_DAY: Final = 2
_DAY_SECONDS: Final = 86_400
_DAY_MAX: Final = 0xFFFF


def is_duplicate(state: Learner, wanted: bytes) -> bool:
    """Whether the event of that hash is one of the last 64 that were folded into `state`."""
    seen = state.seen
    index = seen.find(wanted)
    while index % _HASH and index != -1:
        index = seen.find(wanted, index + 1)
    return index != -1


def remember(state: Learner, hashed: bytes, at: int) -> None:
    """Remember the hash of an event that is being folded.

    One that is older than all that is remembered might repeat one that is forgotten: it is counted.
    """
    day = min(max(at // _DAY_SECONDS, 0), _DAY_MAX)
    if len(state.seen) == SEEN_MAX * _HASH:
        if at < state.last_event_at - _DAY_SECONDS and day < min(_days(state.seen_days)):
            state.overflow.late_unchecked += 1
        state.seen = state.seen[_HASH:] + hashed
        state.seen_days = state.seen_days[_DAY:] + day.to_bytes(_DAY, "little")
    else:
        state.seen += hashed
        state.seen_days += day.to_bytes(_DAY, "little")


def _days(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + _DAY], "little") for i in range(0, len(data), _DAY)]
