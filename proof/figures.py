"""A learner's state by the names of its figures, and which of them one step changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import fields

from domain.state.learner import Learner

_NAMED_BY: Final = (
    "alert_id",
    "goal_id",
    "name",
    "target",
    "course_id",
    "kind",
    "skill",
    "short",
    "at",
    "day",
)
"""Members of a list are called by the first of these fields that they have."""
_PACKED: Final = frozenset({"seen", "marks", "contents", "recent"})
"""Fields of the state that are memory in packed bytes, and no figures."""


class Change(NamedTuple):
    """One figure, by its path in the state, before a step and after it; null: not there."""

    figure: str
    before: Any
    after: Any


def figures(state: Learner | None) -> dict[str, Any]:
    """Every figure of a state by its name, lists of things by what they are called."""
    return {} if state is None else _named(state)


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str = ""
) -> Iterator[Change]:
    """The figures that differ, in the order of the state."""
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if [] in (old, new):  # a list without members has no names for them
            old, new = old or {}, new or {}
        place = f"{path}.{name}" if path else name
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from changed(old, new, place)
        elif old != new:
            yield Change(place, old, new)


def _named(value: Struct) -> dict[str, Any]:
    names = [field.name for field in fields(value)]
    return {name: _plain(getattr(value, name)) for name in names if name not in _PACKED}


def _plain(value: Any) -> Any:
    match value:
        case Struct():
            return _named(value)
        case bytes():
            return str(UUID(bytes=value)) if len(value) == 16 else value.hex()  # noqa: PLR2004
        case list() | tuple() if value and isinstance(value[0], Struct):
            return _members(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case _:
            return value


def _members(values: Sequence[Struct]) -> dict[str, Any]:
    """By their names, else by their places; the second of a name has `#2` behind it."""
    known = {field.name for field in fields(values[0])}
    field = next((name for name in _NAMED_BY if name in known), None)
    members: dict[str, Any] = {}
    times: Counter[str] = Counter()
    for place, each in enumerate(values):
        name = str(place) if field is None else str(_plain(getattr(each, field)))
        times[name] += 1
        members[name if times[name] == 1 else f"{name}#{times[name]}"] = _named(each)
    return members
