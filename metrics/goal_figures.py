"""How the figure that a goal is about went over time."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from domain.events.activity import GoalMetric
from domain.keepers.days import (
    BRIDGE_SECONDS,
    day_began_at,
    day_ended_at,
    day_start,
    runs,
    worked,
)
from domain.state.course import FinishedCourse
from domain.state.learner import Goal
from domain.state.limits import DAYS_MAX
from metrics.levels import percents
from metrics.progress_summary import way
from metrics.view import View
from metrics.windows import WEEK, reaches, window


class Point(NamedTuple):
    """The figure from a moment on, until the next point."""

    at: int
    value: float


def figure_at(points: Sequence[Point], at: int) -> float | None:
    """The figure at a moment; None before it is known."""
    return next((each.value for each in reversed(points) if each.at <= at), None)


def figures(view: View, goal: Goal, metric: GoalMetric, until: int) -> list[Point]:
    """The figure from when the goal was set until a moment, in order of time; empty: not known.

    Minutes and activities of a week, days of the streak, percent of scores or of progress.
    """
    if metric == "average_score":
        return list(_scores(view, goal))
    if metric == "course_progress":
        return list(_progress(view, goal))
    if metric == "streak_days":
        return list(_streak(view, until))
    if not _is_all(view, goal.course_id):
        return []
    return list(_weekly(view, goal, metric, until))


def _is_all(view: View, course_id: str | None) -> bool:
    """Whether what was done in a week is that of the goal's course: days are of all courses."""
    known = {course.course_id for course in view.state.courses}
    known |= {course.course_id for course in view.state.finished}
    return course_id is None or known == {course_id}


def _weekly(view: View, goal: Goal, metric: GoalMetric, until: int) -> Iterator[Point]:
    """The sum of seven days: of a day with work from its last work on, else from its start.

    Of the days that the buckets hold, and of the week after them, in which the sum comes to 0.
    """
    last = view.today if until == view.now else view.day_of(until)
    set_on = view.day_of(goal.set_at)
    newest = view.state.days[-1].day if view.state.days else set_on
    first = max(set_on - 1, newest - DAYS_MAX)
    for day in range(first, max(first, min(last, newest + WEEK)) + 1):
        if not reaches(view, day - WEEK + 1, day):
            continue
        week = window(view, day - WEEK + 1, day)
        value = week.minutes(view) if metric == "weekly_minutes" else week.activities
        if value is None:
            continue
        bucket = view.buckets.get(day)
        has_work = bucket is not None and worked(bucket)
        at = day_ended_at(bucket) if bucket and has_work else day_start(day, view.zone)
        yield Point(min(at, until), float(value))


def _streak(view: View, until: int) -> Iterator[Point]:
    """Each day of a run from its first work on, and none from when the run breaks."""
    last = view.today if until == view.now else view.day_of(until)
    yield Point(0, 0.0)
    for run in runs(view.state, last):
        gone = run.length - len(run.days)
        for place, day in enumerate(run.days, 1):
            yield Point(min(day_began_at(day), until), float(gone + place))
        newest = run.days[-1]
        breaks_at = max(
            day_start(newest.day + 2, view.zone), day_ended_at(newest) + BRIDGE_SECONDS + 1
        )
        if breaks_at <= until:
            yield Point(breaks_at, 0.0)


def _scores(view: View, goal: Goal) -> Iterator[Point]:
    """The mean of the counted scores so far, of the goal's course or of all open ones."""
    frozen = _frozen(view, goal.course_id)
    if frozen is not None:
        if frozen.average_score is not None:
            yield Point(frozen.finished_at, frozen.average_score)
        return
    scores = view.scores if goal.course_id is None else view.course_scores.get(goal.course_id, [])
    sums = accumulate(score.percent for score in scores)
    for count, (score, total) in enumerate(zip(scores, sums, strict=True), 1):
        yield Point(score.at, total / count)


def _progress(view: View, goal: Goal) -> Iterator[Point]:
    """Percent done of the goal's course, or of all active courses pooled."""
    frozen = _frozen(view, goal.course_id)
    if frozen is not None:
        if frozen.progress is not None:
            yield Point(frozen.finished_at, frozen.progress)
        return
    asked = [course for course in view.courses if goal.course_id in {None, course.course_id}]
    for at, percent in percents([way(view, course.course_id) for course in asked]):
        yield Point(at, percent)


def _frozen(view: View, course_id: str | None) -> FinishedCourse | None:
    """The finished course that the goal is about; without a course, the last of only such ones."""
    if course_id is None:
        return view.last_finished
    if course_id in view.progress:
        return None
    found = [each for each in view.state.finished if each.course_id == course_id]
    return found[-1] if found else None
