"""Comparisons: what was expected against what was found, by id, each difference named."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from proof.report import Check

Key = TypeVar("Key", bound=Hashable)


class _PublishedId(msgspec.Struct):
    kind: str
    alert_id: str
    at: int
    revision: int | None = None


class _EventId(msgspec.Struct):
    id: str


_published_ids = msgspec.json.Decoder(_PublishedId)
_event_ids = msgspec.json.Decoder(_EventId)


def compare_maps(
    check: Check, expected: Mapping[Key, Any], found: Mapping[Key, Any], where: str
) -> None:
    """One value a key on either side; `where` says which partition it is about."""
    check.expected += len(expected)
    check.found += len(found)
    for key, value in expected.items():
        if key not in found:
            check.miss(f"{key} ({where})")
        elif found[key] != value:
            check.differ(f"{key} ({where})")
    for key in found:
        if key not in expected:
            check.add_extra(f"{key} ({where})")


def compare_sequences(
    check: Check,
    expected: Sequence[tuple[str, bytes]],
    found: Sequence[tuple[str, bytes]],
    where: str,
) -> None:
    """Pairs of id and bytes, in order: what is there twice is extra, what moved is different."""
    check.expected += len(expected)
    check.found += len(found)
    if expected == found:
        return
    wanted, there = _numbered(expected), _numbered(found)
    for key, data in wanted.items():
        if key not in there:
            check.miss(f"{key[0]} ({where})")
        elif there[key] != data:
            check.differ(f"{key[0]} ({where})")
    for key in there:
        if key not in wanted:
            check.add_extra(f"{key[0]} ({where})")
    _compare_order(check, [key for key in wanted if key in there], there, where)


def transition_id(data: bytes) -> str:
    """The id of a transition: of one alert, one revision; of a response, its kind and time."""
    try:
        found = _published_ids.decode(data)
    except msgspec.DecodeError:
        return "not a transition"
    what = f"{found.kind} at {found.at}" if found.revision is None else found.revision
    return f"{found.alert_id}/{what}"


def event_id(data: bytes) -> str:
    """The CloudEvents id of an alert event."""
    try:
        return _event_ids.decode(data).id
    except msgspec.DecodeError:
        return "not an alert event"


def _numbered(items: Iterable[tuple[str, bytes]]) -> dict[tuple[str, int], bytes]:
    """Items by id, those of the same id by their number too."""
    seen: Counter[str] = Counter()
    numbered = {}
    for name, data in items:
        numbered[name, seen[name]] = data
        seen[name] += 1
    return numbered


def _compare_order(
    check: Check,
    common: Sequence[tuple[str, int]],
    there: Mapping[tuple[str, int], bytes],
    where: str,
) -> None:
    known = set(common)
    moved = next(
        (
            want
            for want, seen in zip(common, (key for key in there if key in known), strict=True)
            if want != seen
        ),
        None,
    )
    if moved is not None:
        check.differ(f"{moved[0]} ({where}: in another order)")
