"""What is accepted, or nearly, and yet looks like a mistake: warnings about a producer's sample."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, get_args

import msgspec

from domain.course_facts import Assessment, CourseFacts, Module, WeeklyTargets
from domain.events.activity import EVENT_TYPES, AnyEvent, Event
from domain.events.decode import NEVER


class Warned(NamedTuple):
    """One warning: its kind, by which it is counted, and what was seen and may be meant."""

    kind: str
    detail: str


_ALIKE: Final = 0.8
_SHORTEST_PART: Final = 3
_WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_OTHER_NAMES: Final[dict[str, str]] = {
    "id": "event_id",
    "learner_id": "user_id",
    "student_id": "user_id",
    "event_type": "type",
    "timestamp": "occurred_at",
    "time": "occurred_at",
    "event_time": "occurred_at",
    "created_at": "occurred_at",
    "tz": "timezone",
    "grade": "score",
    "points": "score",
}


def _names(kind: type) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


_COMMON: Final = _names(Event) | {"type"}
_NAMES: Final[dict[str, frozenset[str]]] = {
    str(kind.__struct_config__.tag): _names(kind) | {"type"} for kind in get_args(AnyEvent)
}
_EVERY_NAME: Final = frozenset().union(*_NAMES.values())
_FACTS: Final = _names(CourseFacts)
_FACTS_ALONE: Final = frozenset({"modules", "assessments", "starts_at", "ends_at"})
_COURSE_NAMES: Final[dict[str, frozenset[str]]] = {
    "modules": _names(Module),
    "assessments": _names(Assessment),
    "weekly_targets": _names(WeeklyTargets),
    "breaks": frozenset({"from", "to"}),
}


# -- names ---------------------------------------------------------------------------------------


def event_warnings(members: Mapping[str, Any]) -> Iterator[Warned]:
    """Names and a type that are nearly ours, and fields that events of this type do not have."""
    kind = members.get("type")
    if kind is None and members.keys() & _FACTS_ALONE:
        yield Warned("other_topic", "these seem to be course facts: check them with --courses")
        return
    if isinstance(kind, str) and kind not in _NAMES:
        meant = _nearest(kind, EVENT_TYPES)
        if meant is not None:
            yield Warned("near_type", f"type {kind[:40]!r}: is {meant} meant?")
    known = _NAMES.get(kind, _COMMON) if isinstance(kind, str) else _COMMON
    missing = known - members.keys()
    yield from _near_names(members.keys() - _EVERY_NAME, missing, "")
    if isinstance(kind, str) and kind in _NAMES:
        unread = (members.keys() & _EVERY_NAME) - known
        near = {name for name in unread if _nearest(name, sorted(missing)) is not None}
        yield from _near_names(near, missing, "")
        for name in sorted(unread - near):
            yield Warned("unread_field", f"{name} is not read in {kind}")


def course_name_warnings(members: Mapping[str, Any]) -> Iterator[Warned]:
    """Names in course facts that are nearly ours, those of modules and assessments among them."""
    if "event_id" in members:
        yield Warned("other_topic", "this seems to be an event: check it without --courses")
        return
    yield from _near_names(members.keys() - _FACTS, _FACTS - members.keys(), "")
    for outer, known in _COURSE_NAMES.items():
        inside = members.get(outer)
        for number, each in enumerate(inside if isinstance(inside, list) else [inside]):
            if isinstance(each, Mapping):
                where = f"{outer}[{number}]." if isinstance(inside, list) else f"{outer}."
                yield from _near_names(each.keys() - known, known - each.keys(), where)


def _near_names(
    ignored: AbstractSet[str], missing: AbstractSet[str], where: str
) -> Iterator[Warned]:
    """Ignored names beside which the field that may be meant is missing."""
    for name in sorted(ignored):
        meant = _nearest(name, sorted(missing))
        if meant is not None:
            yield Warned("near_name", f"{where}{name[:40]} is ignored: is {meant} meant?")


def _nearest(name: str, known: Collection[str]) -> str | None:
    """The one of `known` that `name` is nearly: otherwise written, mistyped, or cut short."""
    plain = "_".join(word.lower() for word in _WORDS.findall(name))
    if plain in known:
        return plain
    if _OTHER_NAMES.get(plain) in known:
        return _OTHER_NAMES[plain]
    part = (each for each in known if _is_part(plain, each))
    return next(part, None) or next(iter(get_close_matches(plain, known, 1, _ALIKE)), None)


def _is_part(name: str, known: str) -> bool:
    """Whether one begins or ends with the other: `duration` of `duration_seconds`, `module_id`."""
    if len(name) < _SHORTEST_PART:
        return False
    return known.startswith(f"{name}_") or known.endswith(f"_{name}") or name.endswith(f"_{known}")


# -- course facts --------------------------------------------------------------------------------


def course_warnings(facts: CourseFacts) -> Iterator[Warned]:
    """Where facts that are accepted contradict themselves, or say what is rarely meant."""
    for what, at in _dated(facts):
        if facts.starts_at is not None and at < facts.starts_at:
            yield Warned("outside_course", f"{what} is before starts_at")
        elif facts.ends_at is not None and at > facts.ends_at:
            yield Warned("outside_course", f"{what} is after ends_at")
    yield from _weights("modules", facts.modules)
    yield from _weights("assessments", facts.assessments)
    for number, item in enumerate(facts.assessments):
        if item.max_score == 0:
            yield Warned("no_points", f"assessments[{number}].max_score is 0: it has no score")
    if facts.pass_mark is not None and 0 < facts.pass_mark <= 1:
        yield Warned("share", f"pass_mark is {facts.pass_mark:g} percent: is a share meant?")
    targets = facts.weekly_targets
    if targets is not None and targets.active_days is not None and targets.active_days > _WEEK:
        yield Warned("target", f"weekly_targets.active_days is {targets.active_days:g} of 7 days")


_WEEK: Final = 7


def _dated(facts: CourseFacts) -> Iterator[tuple[str, int]]:
    """What is to lie within the course, and when it is; what never comes is left out."""
    for number, module in enumerate(facts.modules):
        if module.release_at is not None:
            yield f"modules[{number}].release_at", module.release_at
    for number, item in enumerate(facts.assessments):
        if item.due_at is not None:
            yield f"assessments[{number}].due_at", item.due_at
    for number, (start, end) in enumerate(facts.breaks):
        yield f"breaks[{number}].from", start
        if end < NEVER:
            yield f"breaks[{number}].to", end


def _weights(where: str, parts: Iterable[Module | Assessment]) -> Iterator[Warned]:
    parts = list(parts)
    required = [part for part in parts if part.required]
    if parts and not required:
        yield Warned("nothing_required", f"none of the {where} is required: they count for nothing")
    elif required and not sum(part.weight for part in required):
        yield Warned("no_weight", f"the weights of the required {where} sum to 0")
