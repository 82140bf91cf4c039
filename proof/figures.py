"""A learner's state by the names of its figures, and which of them one step changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import fields

from domain.state.learner import Learner

_NAMED_BY: Final = ("course_id", "name", "goal_id", "target", "alert_id", "kind", "skill", "day")
"""The fields that tell the members of a list apart, the best one first."""
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
    """By a field that tells them apart, else by their place."""
    for field in _NAMED_BY:
        names = [str(_plain(getattr(each, field, None))) for each in values]
        if len(set(names)) == len(names) and "None" not in names:
            return {name: _named(each) for name, each in zip(names, values, strict=True)}
    return {str(place): _named(each) for place, each in enumerate(values)}
