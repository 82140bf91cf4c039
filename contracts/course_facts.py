"""Course facts on the wire (topic `courses`): JSON with RFC 3339 times, checked and converted."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct, field

from domain.course_facts import Assessment, AttemptRule, CourseFacts, Module, WeeklyTargets
from domain.decode import VALUE_BYTES_MAX, Reason, Rejected
from domain.zones import is_zone

_Text = Annotated[str, Meta(max_length=512)]
_Id = Annotated[str, Meta(min_length=1, max_length=256)]
_Weight = Annotated[float, Meta(ge=0, le=1e9)]


class _Module(Struct, frozen=True):
    id: _Id
    title: _Text | None = None
    weight: _Weight = 1.0
    required: bool = True
    release_at: datetime | None = None


class _Assessment(Struct, frozen=True):
    id: _Id
    title: _Text | None = None
    kind: _Text | None = None
    weight: _Weight = 1.0
    max_score: _Weight | None = None
    due_at: datetime | None = None
    required: bool = True


class _Break(Struct, frozen=True, rename={"from_": "from"}):
    from_: datetime
    to: datetime


class _Course(Struct, frozen=True):
    course_id: _Id
    title: _Text | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    breaks: Annotated[list[_Break], Meta(max_length=64)] = field(default_factory=list)
    timezone: str | None = None
    pass_mark: Annotated[float, Meta(ge=0, le=100)] | None = None
    attempt_rule: AttemptRule = "latest"
    weekly_targets: WeeklyTargets | None = None
    modules: Annotated[list[_Module], Meta(max_length=1024)] = field(default_factory=list)
    assessments: Annotated[list[_Assessment], Meta(max_length=1024)] = field(default_factory=list)


_courses: Final = msgspec.json.Decoder(_Course)


class _NaiveTimeError(Exception):
    pass


def decode_course_facts(key: bytes | None, value: bytes | None) -> CourseFacts | Rejected:
    """The facts in a record of `courses`, or why there are none; `breaks` are {"from", "to"}."""
    if value is None:
        return Rejected("null_value", "the record has no value")
    if len(value) > VALUE_BYTES_MAX:
        return Rejected("too_large", f"{len(value)} bytes, at most {VALUE_BYTES_MAX}")
    try:
        course = _courses.decode(value)
        facts = _facts(course)
    except _NaiveTimeError as error:
        return Rejected("naive_time", f"{error} has no offset from UTC")
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        return Rejected(_reason(value, error), str(error))
    return _refused(key, course) or facts


def _refused(key: bytes | None, course: _Course) -> Rejected | None:
    if not key:
        return Rejected("no_key", "the record has no key; expected the course's id")
    if key != course.course_id.encode():
        return Rejected("key_mismatch", "the record's key is not the course_id of its value")
    if "\x00" in course.course_id:
        return Rejected("bad_id", "course_id holds NUL")
    if course.timezone is not None and not is_zone(course.timezone):
        return Rejected("wrong_type", "timezone is not an IANA zone")
    return None


def _reason(value: bytes, error: Exception) -> Reason:
    if isinstance(error, RecursionError):
        return "too_deep"
    if isinstance(error, UnicodeError) or not _is_utf8(value):
        return "not_utf8"
    if not isinstance(error, msgspec.ValidationError):
        return "not_json"
    return "missing_field" if "missing required field" in str(error) else "wrong_type"


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _facts(course: _Course) -> CourseFacts:
    return CourseFacts(
        course_id=course.course_id,
        title=course.title,
        starts_at=_seconds("starts_at", course.starts_at),
        ends_at=_seconds("ends_at", course.ends_at),
        breaks=tuple(
            (_required("breaks.from", item.from_), _required("breaks.to", item.to))
            for item in course.breaks
        ),
        timezone=course.timezone,
        pass_mark=course.pass_mark,
        attempt_rule=course.attempt_rule,
        weekly_targets=course.weekly_targets,
        modules=tuple(
            Module(
                id=module.id,
                title=module.title,
                weight=module.weight,
                required=module.required,
                release_at=_seconds("release_at", module.release_at),
            )
            for module in course.modules
        ),
        assessments=tuple(
            Assessment(
                id=item.id,
                title=item.title,
                kind=item.kind,
                weight=item.weight,
                max_score=item.max_score,
                due_at=_seconds("due_at", item.due_at),
                required=item.required,
            )
            for item in course.assessments
        ),
    )


def _seconds(name: str, value: datetime | None) -> int | None:
    return None if value is None else _required(name, value)


def _required(name: str, value: datetime) -> int:
    if value.tzinfo is None:
        raise _NaiveTimeError(name)
    return int(value.timestamp() // 1)
