"""The rows that answers about a course are made of, and the statements that read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, LiteralString, NamedTuple

from psycopg.rows import namedtuple_row

from api.alert_rows import transition_of
from api.bounded import HELD_MAX
from api.course_query import Listing, Sort
from api.snapshots import Connection
from domain.alerts import Transition
from domain.course_facts import DAY, CourseFacts
from domain.stored.codec import decode_facts
from domain.stored.course_rows import FAILING_LIKELY, CourseRow
from runtime.database import statements

SQL: Final = statements(Path(__file__).with_name("courses.sql"))
AGAIN_AFTER: Final = 28 * DAY
"""Nobody is contacted again within this time."""

_EVERY_COURSE: Final[LiteralString] = (
    SQL["moment"] + " " + SQL["every_course"] + " " + SQL["courses"]
)
_NAMED_COURSES: Final[LiteralString] = (
    SQL["moment"] + " " + SQL["named_courses"] + " " + SQL["courses"]
)
_COURSE: Final[LiteralString] = SQL["moment"] + " " + SQL["course"]
_LISTED: Final[LiteralString] = SQL["moment"] + " " + SQL["listed"] + " "
_LEARNERS: Final[Mapping[Sort, LiteralString]] = {
    "contact": _LISTED + SQL["contact"] + " " + SQL["learners"],
    "quiet": _LISTED + SQL["quiet"] + " " + SQL["learners"],
    "progress": _LISTED + SQL["progress"] + " " + SQL["learners"],
    "score": _LISTED + SQL["score"] + " " + SQL["learners"],
}


class Moment(NamedTuple):
    """What time it is, and up to where the partition that is furthest behind has come."""

    at: int
    as_of: int | None


class CourseCount(NamedTuple):
    """A course with how many learners are in it, and how many of them have an open alert."""

    course_id: str
    facts: CourseFacts | None
    learners: int
    with_attention: int


class AlertSeen(NamedTuple):
    """An open alert in a list: its id, how bad, since when, and its newest whole transition."""

    alert_id: str
    severity: str
    raised_at: int
    transition: Transition


class Listed(NamedTuple):
    """A learner's row in its place in the order, with the work of 30 days and the worst alerts."""

    part: int
    first: float
    second: int
    row: CourseRow
    first_day: int
    activities: Sequence[int]
    alerts: Sequence[AlertSeen]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCourses:
    """A page of courses; one more than asked where there are more."""

    moment: Moment
    courses: Sequence[CourseCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCourse:
    """One course in figures, by the names of the statement's columns.

    `settled` are learners by an assessment's 32-bit id, `reached` learners by their progress.
    """

    moment: Moment
    facts: CourseFacts | None
    counts: Mapping[str, Any]
    categories: Mapping[str, int] = field(default_factory=dict)
    settled: Mapping[int, int] = field(default_factory=dict)
    reached: Mapping[float, int] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there are facts of it, or learners in it."""
        return self.facts is not None or self.counts["learners"] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLearners:
    """A page of learners; one more than asked where there are more."""

    moment: Moment
    is_known: bool
    learners: Sequence[Listed]


class WhatTime(NamedTuple):
    """What the wall says, and whether the stream's time counts instead."""

    now: int
    stream: bool


async def read_courses(
    connection: Connection, clock: WhatTime, *, after: str, limit: int, names: Sequence[str] | None
) -> CountedCourses:
    """The courses behind one, of those in `names`, or of all; raises psycopg's errors."""
    given: dict[str, Any] = {**clock._asdict(), "after": after, "limit": limit + 1}
    statement = _EVERY_COURSE
    if names is not None:
        statement, given["course_ids"] = _NAMED_COURSES, list(names)
    rows = await _all(connection, statement, given)
    return CountedCourses(
        moment=Moment(rows[0].at, rows[0].as_of),
        courses=[
            CourseCount(row.course_id, _facts(row.facts), row.learners, row.with_attention)
            for row in rows
            if row.course_id is not None
        ],
    )


async def read_course(connection: Connection, clock: WhatTime, course_id: str) -> CountedCourse:
    """One course in figures; raises psycopg's errors."""
    given = {
        **clock._asdict(),
        "course_id": course_id,
        "again_after": AGAIN_AFTER,
        "failing_likely": FAILING_LIKELY,
    }
    (row,) = await _all(connection, _COURSE, given)
    return CountedCourse(
        moment=Moment(row.at, row.as_of),
        facts=_facts(row.facts),
        counts=row._asdict(),
        categories=row.categories or {},
        settled={int(short): count for short, count in (row.settled or {}).items()},
        reached=dict(zip(row.percents or (), row.reached or (), strict=True)),
    )


async def read_learners(connection: Connection, clock: WhatTime, asked: Listing) -> ListedLearners:
    """A page of a course's learners; raises psycopg's errors and msgspec.DecodeError."""
    at = clock if asked.place is None else WhatTime(asked.place.at, stream=False)
    given = {**at._asdict(), **asked.parameters(), "again_after": AGAIN_AFTER}
    rows = await _all(connection, _LEARNERS[asked.filters.sort], given)
    return ListedLearners(
        moment=Moment(rows[0].at, rows[0].as_of),
        is_known=rows[0].is_known,
        learners=[_listed(row) for row in rows if row.user_id is not None],
    )


def _listed(row: Any) -> Listed:
    columns = zip(
        row.alert_ids or (),
        row.alert_severities or (),
        row.alert_times or (),
        row.alert_bodies or (),
        strict=True,
    )
    alerts = {str(each[0]): AlertSeen(*each[:3], transition_of(each[3])) for each in columns}
    own = CourseRow._make(getattr(row, name) for name in CourseRow._fields)
    own = own._replace(alerts=[str(each) for each in own.alerts])
    in_order = [alerts[each] for each in own.alerts if each in alerts]
    return Listed(
        row.part, row.first, row.second, own, row.first_day, row.activities or (), in_order
    )


async def _all(
    connection: Connection, statement: LiteralString, given: Mapping[str, Any]
) -> list[Any]:
    cursor = connection.cursor(binary=True, row_factory=namedtuple_row)
    await cursor.execute(statement, given)
    return list(await cursor.fetchall())


def _facts(data: bytes | None) -> CourseFacts | None:
    return None if data is None else _decoded(data)


@lru_cache(maxsize=HELD_MAX)
def _decoded(data: bytes) -> CourseFacts:
    """Facts, decoded once however often they are shown."""
    return decode_facts(data)
