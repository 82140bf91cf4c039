"""When a course will be done: from the pace of units so far, with how sure that is.

Units are what the course requires and the stream sees done: modules completed and assessments
submitted. The pace and what remains count the same ones.
"""

import math
from typing import Final, NamedTuple

from domain.course_facts import CourseFacts
from domain.exact import rounded
from domain.keepers.coursework import assigned, submitted
from domain.keepers.days import day_start, iso_date
from domain.keepers.progress import done_modules, standing_units
from domain.state.course import Course
from domain.statistics import beta_quantile, beta_share
from metrics.figures import Status, needs, pct, prob
from metrics.progress_summary import ends_on, overall
from metrics.schedule import Schedule, schedule
from metrics.shapes import CourseRef, Prob
from metrics.shapes_predictions import CompletionPrediction
from metrics.view import View

LEVEL: Final = 0.9
HALF_LIFE_DAYS: Final = 14
UNITS_MIN: Final = 3
UNIT_DAYS_MIN: Final = 2
DAYS_MAX: Final = 3650  # a date further off than ten years says nothing
_DAY: Final = 86_400
_WEEK: Final = 7


class Pace(NamedTuple):
    """Units a day, as a Gamma variable of this mean and shape."""

    per_day: float
    shape: float


class Task(NamedTuple):
    """What is left of one course, or of all of them together."""

    ref: CourseRef
    progress: float | None
    units_done: int
    unit_days: int
    remaining: int | None  # None where the course's facts are not known
    pace: Pace
    released_at: int  # when the last module that is left is released
    ends_at: int | None
    ends_on: str | None
    schedule: Schedule


def completion_predictions(view: View, horizon: int) -> list[CompletionPrediction]:
    """One for each open course, and one over all of them, whose `course_id` is None."""
    tasks = [_task(view, course) for course in view.courses]
    if not tasks:
        return []
    return [_prediction(view, task, horizon) for task in [*tasks, _pooled(view, tasks)]]


def pace_of(course: Course, facts: CourseFacts | None, now: int) -> Pace:
    """The exponentially weighted rate of units a day, by the time that stood open for them.

    With weights w = 2^(-age / 14 days), the weighted count divided by the integral of w since the
    course began; for a long course that is count x ln 2 / 14. The shape of the Gamma variable is
    that of a weighted sum of Poisson arrivals: mean^2 / variance.
    """
    units = [unit.at for unit in standing_units(course, facts) if unit.at <= now]
    if not units:
        return Pace(0.0, 0.0)
    starts_at = None if facts is None else facts.starts_at
    begins = max(filter(None, (course.enrolled_at, starts_at)), default=now)
    since = min(begins, course.first_at or now, units[0])
    days = max(1.0, (now - since) / _DAY)
    count = math.fsum(math.pow(0.5, (now - at) / _DAY / HALF_LIFE_DAYS) for at in units)
    faded = math.pow(0.5, days / HALF_LIFE_DAYS)
    exposure = HALF_LIFE_DAYS / math.log(2) * (1 - faded)
    squared = HALF_LIFE_DAYS / 2 / math.log(2) * (1 - faded * faded)
    return Pace(count / exposure, count * exposure / squared)


def days_until_done(remaining: int, pace: Pace, share: float) -> float:
    """The days within which `remaining` units are done with probability `share`.

    Units arrive as a Poisson process whose rate is the Gamma variable: the time to the r-th is the
    rate's scale x beta prime (r, shape).
    """
    x = beta_quantile(share, remaining, pace.shape)
    return math.inf if x >= 1 else pace.shape / pace.per_day * x / (1 - x)


def probability_within(remaining: int, pace: Pace, days: float) -> float:
    """The probability that `remaining` units are done within `days`."""
    if days <= 0:
        return 0.0
    scaled = pace.per_day * days
    return beta_share(scaled / (scaled + pace.shape), remaining, pace.shape)


def _task(view: View, course: Course) -> Task:
    facts = view.facts.get(course.course_id)
    completed = done_modules(course)
    left_modules = [
        module
        for short, module in ({} if facts is None else facts.module_by_short).items()
        if module.required and short not in completed
    ]
    left_assessments = [
        each
        for each in assigned(course, facts)
        if each.required and submitted(course, each.work) is None
    ]
    units = [unit for unit in standing_units(course, facts) if unit.at <= view.now]
    known = facts is not None and bool(facts.modules or facts.assessments)
    return Task(
        ref=view.refs[course.course_id],
        progress=view.progress[course.course_id].percent,
        units_done=len(units),
        unit_days=len({unit.day for unit in units}),
        remaining=len(left_modules) + len(left_assessments) if known else None,
        pace=pace_of(course, facts, view.now),
        released_at=max(filter(None, (m.release_at for m in left_modules)), default=view.now),
        ends_at=None if facts is None else facts.ends_at,
        ends_on=ends_on(view, facts),
        schedule=schedule(view, course),
    )


def _pooled(view: View, tasks: list[Task]) -> Task:
    """All open courses as one: their rates add up, and so do the variances of the rates."""
    rate = sum(task.pace.per_day for task in tasks)
    variance = sum(t.pace.per_day**2 / t.pace.shape for t in tasks if t.pace.shape)
    known = [task.remaining for task in tasks if task.remaining is not None]
    ends = [task.ends_at for task in tasks if task.ends_at is not None]
    last = max(ends) if len(ends) == len(tasks) else None
    return Task(
        ref=CourseRef(course_id=None, title=None, course_status="active", outcome=None),
        progress=overall(view).percent,
        units_done=sum(task.units_done for task in tasks),
        unit_days=max(task.unit_days for task in tasks),
        remaining=sum(known) if len(known) == len(tasks) else None,
        pace=Pace(rate, rate * rate / variance if variance else 0.0),
        released_at=max(task.released_at for task in tasks),
        ends_at=last,
        ends_on=None if last is None else iso_date(view.day_of(last)),
        schedule=schedule(view, None),
    )


class _Estimate(NamedTuple):
    """What can be said of a task whose pace is known."""

    expected_at: float
    earliest_at: float
    latest_at: float
    by_horizon: float
    by_end: float | None


_NOTHING: Final = _Estimate(math.inf, math.inf, math.inf, 0.0, None)


def _prediction(view: View, task: Task, horizon: int) -> CompletionPrediction:
    status = _status(task)
    done = task.remaining == 0
    estimate = None
    if task.remaining and status.status == "ok" and task.pace.per_day > 0:
        estimate = _estimate(view, task, task.remaining, horizon)
    shown = estimate or _NOTHING
    return CompletionPrediction(
        course_id=task.ref.course_id,
        title=task.ref.title,
        course_status=task.ref.course_status,
        outcome=task.ref.outcome,
        status=status.status,
        missing=status.missing,
        progress=pct(task.progress),
        remaining_units=task.remaining,
        pace_per_week=rounded(task.pace.per_day * _WEEK, 2) if status.status == "ok" else None,
        needed_pace_per_week=_needed(view, task),
        expected_date=_date(view, shown.expected_at),
        earliest_date=_date(view, shown.earliest_at),
        latest_date=_date(view, shown.latest_at),
        course_ends_on=task.ends_on,
        probability_by_horizon=_shown(1.0 if done else shown.by_horizon, known=done or estimate),
        probability_by_course_end=_shown(1.0 if done else shown.by_end, known=done or estimate),
        confidence=LEVEL if estimate else None,
        schedule="done" if done else task.schedule,
    )


def _status(task: Task) -> Status:
    if task.remaining == 0:
        return needs()
    return needs(
        ("course_facts", int(task.remaining is not None), 1),
        ("modules", task.units_done, UNITS_MIN),
        ("active_days", task.unit_days, UNIT_DAYS_MIN),
    )


def _estimate(view: View, task: Task, remaining: int, horizon: int) -> _Estimate:
    tail = (1 - LEVEL) / 2
    expected = remaining / task.pace.per_day
    horizon_at = day_start(view.today + horizon + 1, view.zone)
    return _Estimate(
        expected_at=_reached(view, task, expected),
        earliest_at=_reached(view, task, days_until_done(remaining, task.pace, tail)),
        latest_at=_reached(view, task, days_until_done(remaining, task.pace, 1 - tail)),
        by_horizon=_by(view, task, remaining, horizon_at),
        by_end=None if task.ends_at is None else _by(view, task, remaining, task.ends_at),
    )


def _reached(view: View, task: Task, days: float) -> float:
    """When that many days have passed, but not before the last module is released."""
    return max(view.now + days * _DAY, task.released_at)


def _by(view: View, task: Task, remaining: int, at: int) -> float:
    if at < task.released_at:
        return 0.0
    return probability_within(remaining, task.pace, (at - view.now) / _DAY)


def _date(view: View, at: float) -> str | None:
    if at > view.now + DAYS_MAX * _DAY:
        return None
    return iso_date(view.day_of(int(at)))


def _shown(value: float | None, *, known: object) -> Prob | None:
    return prob(value) if known and value is not None else None


def _needed(view: View, task: Task) -> float | None:
    if task.remaining is None or task.ends_at is None or task.ends_at <= view.now:
        return None
    return rounded(task.remaining / ((task.ends_at - view.now) / _DAY / _WEEK), 2)
