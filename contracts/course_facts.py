"""Course facts on the wire (topic `courses`): JSON with RFC 3339 times, checked and converted."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from domain.course_facts import Assessment, AttemptRule, CourseFacts, Module, WeeklyTargets
from domain.events.decode import (
    NEVER,
    VALUE_BYTES_MAX,
    Reason,
    Rejected,
    as_msgspec_says,
    never_or_instant,
)
from domain.events.json_objects import (
    Problem,
    Shape,
    first_problem,
    parse_object,
    without_leap_seconds,
)
from domain.zones import is_zone

_Text = Annotated[str, Meta(max_length=512)]
_Id = Annotated[str, Meta(min_length=1, max_length=256)]
_Series = Annotated[str, Meta(min_length=1, max_length=256)]
_Weight = Annotated[float, Meta(ge=0, le=1e9)]
_Target = Annotated[float, Meta(gt=0, le=1e9)]


class _Module(Struct, frozen=True):
    id: _Id
    title: _Text | None = None
    weight: _Weight | None = None
    required: bool | None = None
    release_at: datetime | None = None


class _Assessment(Struct, frozen=True):
    id: _Id
    title: _Text | None = None
    kind: _Text | None = None
    weight: _Weight | None = None
    max_score: _Weight | None = None
    due_at: datetime | None = None
    required: bool | None = None


class _Break(Struct, frozen=True, rename={"from_": "from"}):
    from_: datetime
    to: datetime


class _WeeklyTargets(Struct, frozen=True):
    active_days: _Target | None = None
    minutes: _Target | None = None
    activities: _Target | None = None


class _Course(Struct, frozen=True):
    course_id: _Id
    series: _Series | None = None
    title: _Text | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    breaks: Annotated[list[_Break], Meta(max_length=64)] | None = None
    timezone: str | None = None
    pass_mark: Annotated[float, Meta(ge=0, le=100)] | None = None
    attempt_rule: AttemptRule | None = None
    weekly_targets: _WeeklyTargets | None = None
    modules: Annotated[list[_Module], Meta(max_length=1024)] | None = None
    assessments: Annotated[list[_Assessment], Meta(max_length=1024)] | None = None


_courses: Final = msgspec.json.Decoder(_Course)
SHAPE: Final[Shape] = {
    "course_id": "id",
    "series": "other",
    "title": "other",
    "starts_at": "time",
    "ends_at": "time",
    "breaks": {"from": "time", "to": "time"},
    "timezone": "other",
    "pass_mark": "other",
    "attempt_rule": "other",
    "weekly_targets": {"active_days": "other", "minutes": "other", "activities": "other"},
    "modules": {
        "id": "id",
        "title": "other",
        "weight": "other",
        "required": "other",
        "release_at": "time",
    },
    "assessments": {
        "id": "id",
        "title": "other",
        "kind": "other",
        "weight": "other",
        "max_score": "other",
        "due_at": "time",
        "required": "other",
    },
}


class _RefusedError(Exception):
    """What is wrong with a value that has the right type."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.rejected = Rejected(reason, detail)


def decode_course_facts(key: bytes | None, value: bytes | None) -> CourseFacts | Rejected:
    """The facts in a record of `courses`, or why there are none; `breaks` are {"from", "to"}."""
    if value is None:
        return Rejected("null_value", "the record has no value")
    if len(value) > VALUE_BYTES_MAX:
        return Rejected("too_large", f"{len(value)} bytes, at most {VALUE_BYTES_MAX}")
    members = parse_object(value)
    problem = members if isinstance(members, Problem) else first_problem(members, SHAPE)
    if isinstance(members, Problem) or problem is not None:
        return Rejected(*(problem or members))
    try:
        course = _courses.decode(without_leap_seconds(members, SHAPE) or value)
        facts = _facts(course)
    except _RefusedError as error:
        return error.rejected
    except msgspec.MsgspecError as error:
        return as_msgspec_says(error)
    return _refused_key(key, course) or facts


def _refused_key(key: bytes | None, course: _Course) -> Rejected | None:
    if not key:
        return Rejected("no_key", "the record has no key; expected the course's id")
    if key != course.course_id.encode():
        return Rejected("key_mismatch", "the record's key is not the course_id of its value")
    return None


def _facts(course: _Course) -> CourseFacts:
    if course.timezone is not None and not is_zone(course.timezone):
        raise _RefusedError("wrong_type", "timezone is not an IANA zone")
    starts_at = _instant("starts_at", course.starts_at)
    ends_at = _instant("ends_at", course.ends_at)
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise _RefusedError("wrong_type", "ends_at is before starts_at")
    modules, assessments = course.modules or (), course.assessments or ()
    _once("modules", (module.id for module in modules))
    _once("assessments", (item.id for item in assessments))
    return CourseFacts(
        course_id=course.course_id,
        series=course.series,
        title=course.title,
        starts_at=starts_at,
        ends_at=ends_at,
        breaks=_breaks(course.breaks or ()),
        timezone=course.timezone,
        pass_mark=_plain(course.pass_mark),
        attempt_rule=course.attempt_rule or "latest",
        weekly_targets=_targets(course.weekly_targets),
        modules=tuple(_module(f"modules[{n}]", item) for n, item in enumerate(modules)),
        assessments=tuple(
            _assessment(f"assessments[{n}]", item) for n, item in enumerate(assessments)
        ),
    )


def _once(where: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for number, each in enumerate(ids):
        if each in seen:
            raise _RefusedError("bad_id", f"{where}[{number}].id stands twice")
        seen.add(each)


def _module(where: str, module: _Module) -> Module:
    return Module(
        id=module.id,
        title=module.title,
        weight=_weight(module.weight),
        required=module.required is not False,
        release_at=_instant(f"{where}.release_at", module.release_at),
    )


def _assessment(where: str, item: _Assessment) -> Assessment:
    return Assessment(
        id=item.id,
        title=item.title,
        kind=item.kind,
        weight=_weight(item.weight),
        max_score=_plain(item.max_score),
        due_at=_instant(f"{where}.due_at", item.due_at),
        required=item.required is not False,
    )


def _targets(targets: _WeeklyTargets | None) -> WeeklyTargets | None:
    if targets is None:
        return None
    return WeeklyTargets(
        active_days=targets.active_days, minutes=targets.minutes, activities=targets.activities
    )


def _breaks(breaks: Iterable[_Break]) -> tuple[tuple[int, int], ...]:
    """Without those that never begin; one that never ends, to the end of our times."""
    found = []
    for number, item in enumerate(breaks):
        where = f"breaks[{number}]"
        start = _instant(f"{where}.from", item.from_)
        end = _instant(f"{where}.to", item.to)
        end = NEVER if end is None else end
        if start is None:
            continue
        if end < start:
            raise _RefusedError("wrong_type", f"{where}.to is before from")
        found.append((start, end))
    return tuple(found)


def _instant(name: str, value: datetime | None) -> int | None:
    at = never_or_instant(name, value)
    if isinstance(at, Rejected):
        raise _RefusedError(*at)
    return at


def _weight(value: float | None) -> float:
    return 1.0 if value is None else value + 0.0


def _plain(value: float | None) -> float | None:
    """The number, a negative zero as 0."""
    return None if value is None else value + 0.0
