"""What instructors ask of courses: which there are, one in figures, its learners, one of these."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from pydantic import TypeAdapter

from api import course_answers as answers
from api.alert_query import AlertQuery, Filter
from api.asked import asked
from api.auth import READ_COURSES, WRITE_COURSES, Principal, is_id
from api.bodies import ALERT_IDS_ALLOWED, HelpBody, read_body
from api.bounded import Bounded
from api.changes import Changes
from api.course_query import (
    ID_MAX,
    LearnersQuery,
    ListQuery,
    NoQuery,
    courses_after,
    courses_cursor,
    listing,
)
from api.course_rows import (
    CountedCourse,
    CountedCourses,
    Listed,
    ListedLearners,
    Moment,
    read_course,
    read_courses,
    read_learners,
)
from api.course_shapes import (
    CourseEnv,
    CourseFreshness,
    CourseLearner,
    CourseLearners,
    CourseOverview,
    Courses,
    HelpTaken,
)
from api.endpoint import HEADERS, Context, bearer
from api.envelope import view_of
from api.etag import BUILD, is_known
from api.problems import ParameterError, invalid_parameter, not_found
from api.rows import Rows
from api.stream import hints_of_course
from api.why import AlertWhy, alert_why
from domain.ids import shown_id
from domain.keepers.courses import find_course
from domain.keepers.days import iso_date
from domain.keepers.helping import helps
from domain.state.course import Course, Help
from metrics.course_learner import (
    course_work,
    daily_activities,
    expected_progress,
    learner_forecast,
    learner_progress,
    only,
)
from metrics.figures import instant, maybe_instant
from metrics.view import Models

MANY_LEARNERS: Final = 10_000
MANY_SECONDS: Final = 10.0
"""The figures of a course with so many learners are counted so often, and not at each request."""
HISTORY_READ: Final = 100
_UNKNOWN_COURSE: Final = "no such course"
_UNKNOWN_LEARNER: Final = "no such learner in this course"
_UNKNOWN_ALERT: Final = "no such alert of this learner in this course"


@dataclass(slots=True)
class Counted:
    """The figures of large courses, counted lately."""

    found: Bounded[object, tuple[float, Any]]

    def get(self, key: object) -> Any:
        """What was counted, None where that is too long ago."""
        at, value = self.found.get(key, (float("-inf"), None))
        return value if time.monotonic() - at <= MANY_SECONDS else None

    def put(self, key: object, value: Any, learners: int) -> None:
        """Keep what was counted, where that took long."""
        if learners >= MANY_LEARNERS:
            self.found.put(key, (time.monotonic(), value))


class CoursePages:
    """The answers about courses; each is one statement, that about one learner two at most."""

    def __init__(self, context: Context, changes: Changes) -> None:
        self._context = context
        self._changes = changes
        self._counted = Counted(Bounded(1_000))

    async def courses(self, request: Request) -> Response:
        """The courses that the token names; raises ProblemError, and the errors of `Reads`."""
        principal = await self._context.authenticator.identify(bearer(request))
        principal.check(READ_COURSES)
        query = asked(request, ListQuery)
        after, limit, named = courses_after(query.cursor), query.limit, principal.courses
        names = None if named is None else tuple(sorted(filter(_is_course_id, named)))
        key = "courses", names, after, limit
        found, stale = self._counted.get(key), False
        if found is None:
            found, stale = await self._context.reads.of_course(
                key,
                lambda one, now: read_courses(one, now, after=after, limit=limit, names=names),
            )
            self._counted.put(key, found, sum(each.learners for each in found.courses))
        assert isinstance(found, CountedCourses)
        page, at = found.courses[:limit], found.moment.at
        zone = self._context.settings.timezone
        more = len(found.courses) > limit
        rest = {
            "items": [answers.course_item(each, at, zone) for each in page],
            "limit": limit,
            "next_cursor": courses_cursor(page[-1].course_id) if more else None,
        }
        return self._answer(request, found.moment, Courses, rest, stale=stale)

    async def course(self, request: Request) -> Response:
        """One course in figures; a 404 where there is none."""
        course_id = await self._course_id(request, READ_COURSES)
        asked(request, NoQuery)
        found, stale = self._counted.get(course_id), False
        if found is None:
            found, stale = await self._context.reads.of_course(
                ("course", course_id), lambda one, now: read_course(one, now, course_id)
            )
            self._counted.put(course_id, found, found.counts["learners"])
        if not found.is_known:
            raise not_found(_UNKNOWN_COURSE)
        models = await self._context.reads.models() if not stale else None
        rest = self._overview(course_id, found, models)
        return self._answer(request, found.moment, CourseOverview, rest, stale=stale)

    async def learners(self, request: Request) -> Response:
        """A page of a course's learners; a 404 where there is no such course."""
        course_id = await self._course_id(request, READ_COURSES)
        wanted = listing(course_id, asked(request, LearnersQuery))
        found, stale = await self._context.reads.of_course(
            wanted, lambda one, now: read_learners(one, now, wanted)
        )
        assert isinstance(found, ListedLearners)
        if not found.is_known:
            raise not_found(_UNKNOWN_COURSE)
        at, zone = found.moment.at, self._context.settings.timezone
        page = [self._with_help(each) for each in found.learners[: wanted.limit]]
        rest = {
            "course_id": course_id,
            "filters": answers.shown_filters(wanted),
            "items": [answers.learner_item(each, at, zone) for each in page],
            "limit": wanted.limit,
            "next_cursor": answers.next_place(wanted, found.learners, at),
        }
        return self._answer(request, found.moment, CourseLearners, rest, stale=stale)

    async def learner(self, request: Request) -> Response:
        """One learner in one course; a 404 where the learner is not in it."""
        course_id = await self._course_id(request, READ_COURSES)
        asked(request, NoQuery)
        user_id = _user_id(request)
        query = AlertQuery(filter=Filter(), limit=HISTORY_READ)
        rows = await self._context.reads.rows(user_id, query, models=True)
        course = _open_course(rows, course_id)
        now = self._context.reads.now(rows.checkpoint)
        clock = None if rows.checkpoint is None else rows.checkpoint.clock or None
        rest = self._of_learner(rows, course, now)
        moment = Moment(now, clock)
        return self._answer(request, moment, CourseLearner, rest, stale=rows.stale)

    async def why(self, request: Request) -> Response:
        """Why an alert of the learner's came; a 404 for one that instructors are not told of."""
        course_id = await self._course_id(request, READ_COURSES)
        asked(request, NoQuery)
        user_id = _user_id(request)
        rows = await self._context.reads.rows(user_id)
        _open_course(rows, course_id)
        row = await self._context.reads.alert(user_id, _alert_id(request))
        if row is None or not answers.is_told(row, course_id):
            raise not_found(_UNKNOWN_ALERT)
        found = alert_why(row, rows.configuration, to_learner=False)
        return Response(_WHY.dump_json(found), headers=HEADERS, media_type="application/json")

    async def stream(self, request: Request) -> Response:
        """Hints that something of a course has changed; a 503 where too many streams are open.

        Whether there is such a course is not looked at: there may be one later.
        """
        principal, course_id = await self._asked_of(request, READ_COURSES)
        asked(request, NoQuery)
        return hints_of_course(self._changes, course_id, request, principal)

    async def help(self, request: Request) -> Response:
        """202 with the help as it will stand; raises what `learner` does, and what `Writer.write`.

        A 422 names alerts that are not of this learner in this course.
        """
        course_id = await self._course_id(request, WRITE_COURSES)
        asked(request, NoQuery)
        body = await read_body(request, HelpBody)
        user_id = _user_id(request)
        rows = await self._context.reads.rows(user_id)
        _open_course(rows, course_id)
        names = sorted({str(each) for each in body.alert_ids})
        for name in names:
            row = await self._context.reads.alert(user_id, name)
            if row is None or not answers.is_told(row, course_id):
                raise invalid_parameter(
                    ParameterError(
                        parameter="alert_ids", code="unknown_value", allowed=ALERT_IDS_ALLOWED
                    )
                )
        now = self._context.reads.now(rows.checkpoint)
        given = Help(now, body.kind, [UUID(name).bytes for name in names])
        event = {"type": "help_noted", "course_id": course_id, "kind": body.kind}
        await self._context.writer.write(user_id, now, {**event, "alert_ids": names})
        self._context.pending.note_help(course_id, user_id, given)
        (shown,) = answers.help_given([given])
        answer = _HELP.dump_json(HelpTaken(help=shown, pending=True))
        return Response(answer, 202, HEADERS, "application/json")

    async def _course_id(self, request: Request, scope: str) -> str:
        """The course that the path names; raises what `_asked_of` does."""
        return (await self._asked_of(request, scope))[1]

    async def _asked_of(self, request: Request, scope: str) -> tuple[Principal, str]:
        """Who asks, and the course that the path names; a 403 where the token does not cover it.

        The claim is looked at before the course: who may not ask does not learn what there is.
        """
        principal = await self._context.authenticator.identify(bearer(request))
        course_id: str = request.path_params["course_id"]
        principal.course(course_id, scope)
        if not _is_course_id(course_id):
            raise not_found(_UNKNOWN_COURSE)
        return principal, course_id

    def _overview(
        self, course_id: str, found: CountedCourse, models: Models | None
    ) -> dict[str, Any]:
        counts, facts, at = found.counts, found.facts, found.moment.at
        zone = self._context.settings.timezone
        starts_on, ends_on = answers.course_dates(facts, zone)
        expected = expected_progress(facts, at, zone)
        below = answers.behind_below(expected)
        gate_open, scores = answers.course_models(models, course_id)
        return {
            "course_id": course_id,
            "title": None if facts is None else facts.title,
            "course_status": answers.course_status(facts, at),
            "timezone": zone if facts is None else facts.timezone or zone,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "learners": counts["learners"],
            "with_attention": counts["with_attention"],
            "with_high_attention": counts["with_high"],
            "silent_7_days": counts["silent"],
            "behind": answers.behind(found.reached, below),
            "missing_likely": counts["missing_likely"],
            "not_passing_likely": counts["failing_likely"],
            "helped_28_days": counts["helped"],
            "expected_progress": expected,
            "behind_below": below,
            "progress": answers.quartiles(counts["progress"], counts["with_progress"]),
            "average_score": answers.quartiles(counts["score"], counts["with_score"]),
            "categories": answers.category_counts(found),
            "assessments": answers.assessment_counts(found),
            "gate_open": gate_open,
            "models": scores,
        }

    def _of_learner(self, rows: Rows, course: Course, now: int) -> dict[str, Any]:
        assert rows.state is not None
        course_id, last_day = course.course_id, rows.state.streak.last_day
        alone = replace(rows, state=only(rows.state, course))
        view = view_of(alone, now, self._context.settings)
        helped = helps(course)
        noted = self._context.pending.helped(
            course_id, rows.user_id, helped[-1].at if helped else None
        )
        return {
            "course_id": course_id,
            "title": view.title(course_id),
            "user_id": shown_id(rows.user_id),
            "entered_at": maybe_instant(course.entered_at or None),
            "last_work_on": iso_date(last_day) if last_day else None,
            "days": daily_activities(view),
            "progress": learner_progress(view),
            "assessments": course_work(view),
            "alerts": answers.open_alerts(rows.alerts.current, course_id, now),
            "alert_history": list(answers.past_alerts(rows.alerts.history, course_id, now)),
            "helped": answers.help_given([*helped, *([] if noted is None else [noted])]),
            "forecast": learner_forecast(view),
        }

    def _with_help(self, found: Listed) -> Listed:
        """The row with help that was noted and that the stream may not have yet."""
        row = found.row
        noted = self._context.pending.helped(row.course_id, row.user_id, row.helped_at)
        if noted is None:
            return found
        helped = [*row.helped, noted.kind]
        return found._replace(row=row._replace(helped_at=noted.at, helped=helped))

    def _answer(
        self, request: Request, moment: Moment, shape: Any, rest: dict[str, Any], *, stale: bool
    ) -> Response:
        """The answer with what opens it; 304 where the client has the rest already."""
        settings, lags = self._context.settings, self._context.lags
        found = [lags.of(partition) for partition in range(settings.partitions)]
        opening = CourseEnv(
            timestamp=instant(moment.at),
            degraded=["database"] if stale else [],
            freshness=CourseFreshness(
                as_of=maybe_instant(moment.as_of),
                lag_seconds=round(max(each.seconds for each in found), 1),
                clock=settings.clock,
                stale=stale or any(each.stale for each in found),
            ),
        )
        own = {each.name: getattr(opening, each.name) for each in fields(opening)}
        etag = _etag(request, shape, rest, opening.degraded)
        headers = {**HEADERS, "ETag": etag}
        if is_known(request, etag):
            return Response(status_code=304, headers=headers)
        body = _ADAPTERS[shape].dump_json(shape(**own, **rest))
        return Response(body, headers=headers, media_type="application/json")


_ADAPTERS: Final[dict[Any, TypeAdapter[Any]]] = {
    shape: TypeAdapter(shape) for shape in (Courses, CourseOverview, CourseLearners, CourseLearner)
}
_HELP: Final = TypeAdapter(HelpTaken)
_WHY: Final = TypeAdapter(AlertWhy)
_ANY: Final = TypeAdapter(Any)


def _etag(request: Request, shape: Any, rest: dict[str, Any], degraded: Sequence[str]) -> str:
    """The weak ETag of what an answer says, but for its time and how far the pipeline is."""
    said = repr((BUILD, request.url.path, shape.__name__, list(degraded), rest)).encode()
    return f'W/"{hashlib.blake2b(said, digest_size=12).hexdigest()}"'


def _open_course(rows: Rows, course_id: str) -> Course:
    """The course, of a learner who is in it now; raises a 404."""
    course = None if rows.state is None else find_course(rows.state, course_id)
    if course is None or not course.is_open:
        raise not_found(_UNKNOWN_LEARNER)
    return course


def _user_id(request: Request) -> str:
    user_id: str = request.path_params["user_id"]
    if not is_id(user_id):
        raise not_found(_UNKNOWN_LEARNER)
    return user_id


def _alert_id(request: Request) -> str:
    try:
        return str(UUID(request.path_params["alert_id"]))
    except ValueError:
        raise not_found(_UNKNOWN_ALERT) from None


def _is_course_id(text: str) -> bool:
    """Whether this can be a course's id, and Postgres takes it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return 0 < len(text) <= ID_MAX and "\x00" not in text
