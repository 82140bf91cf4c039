"""How far the learner is: over the active courses, course by course, and the streak."""

from typing import Literal, NamedTuple, TypeAlias

from domain.course_facts import CourseFacts
from domain.keepers.coursework import assigned
from domain.keepers.days import BRIDGE_SECONDS, day_start, iso_date
from domain.keepers.progress import Basis, counting_units, percent_done
from domain.keepers.scores import mean_score, weighted_score
from domain.state.course import (
    Course,
    FinishedCourse,
)
from metrics.assessments import open_dues
from metrics.figures import instant, pct
from metrics.level_for_now import level_for_now
from metrics.levels import Level, Way, level, level_of, pooled_percent
from metrics.shapes_dashboard import CourseProgress, NextDue, ProgressSummary
from metrics.view import View, once
from metrics.windows import longest_run, newest_run

PooledBasis: TypeAlias = Literal["modules", "assessments", "mixed", "none"]


class Overall(NamedTuple):
    """The pooled figures of all active courses, or of the last one that is finished."""

    percent: float | None
    basis: PooledBasis
    modules_completed: int
    total_modules: int | None
    average_score: float | None
    score_count: int


class StreakNow(NamedTuple):
    """The streak as it stands now; `ends_at` is when it breaks without work."""

    days: int
    ends_at: int | None


def progress_summary(view: View) -> ProgressSummary:
    """The section `progress_summary`."""
    pooled = overall(view)
    streak = streak_now(view)
    today = view.today_bucket
    worked = bool(view.state.last_work_at)
    return ProgressSummary(
        overall_progress=pct(pooled.percent),
        modules_completed=pooled.modules_completed,
        total_modules=pooled.total_modules,
        current_level=_current_level(view) if worked else None,
        level_for_now=level_for_now(view) if worked else None,
        streak_days=streak.days,
        longest_streak_days=longest_run(view),
        active_today=today is not None and today.activities > 0,
        streak_ends_at=None if streak.ends_at is None else instant(streak.ends_at),
        basis=pooled.basis,
        courses=[
            *_open_courses(view),
            *(
                _finished_course(view, each)
                for each in reversed(view.state.finished)
                if each.course_id not in view.progress
            ),
        ],
    )


def overall(view: View) -> Overall:
    """The figures of all active courses together."""
    last = view.last_finished
    if last is not None:
        return _frozen(last)
    bases: list[Basis] = [each.basis for each in view.progress.values() if each.total]
    return Overall(
        percent=pooled_percent(list(view.progress.values())),
        basis=_basis(bases),
        modules_completed=sum(each.modules_completed for each in view.progress.values()),
        total_modules=_total_modules(view),
        average_score=mean_score(view.scores),
        score_count=len(view.scores),
    )


def _current_level(view: View) -> Level | None:
    """The level over all active courses, or of the last one that is finished."""
    last = view.last_finished
    if last is not None:
        return level(last.progress, last.average_score, None)
    return _level(view, *_ways(view))


@once
def _level(view: View, *course_ids: str) -> Level | None:
    """The level over these open courses; of most learners there is one, and it is their level."""
    return level_of([_ways(view)[course_id] for course_id in course_ids])


def way(view: View, course_id: str) -> Way:
    """How the learner came to where an open course stands."""
    return _ways(view)[course_id]


@once
def _ways(view: View) -> dict[str, Way]:
    return {
        course.course_id: Way(
            view.progress[course.course_id],
            counting_units(course, view.facts.get(course.course_id)),
            view.course_scores[course.course_id],
        )
        for course in view.courses
    }


def _basis(bases: list[Basis]) -> PooledBasis:
    if not bases:
        return "none"
    return bases[0] if len(set(bases)) == 1 else "mixed"


def streak_now(view: View) -> StreakNow:
    """The streak counts until two dates have passed and more than 36 hours as well.

    Work that is dated after today does not count yet.
    """
    run = newest_run(view)
    if run is None:
        return StreakNow(0, None)
    ends_at = max(day_start(run.last_day + 2, view.zone), run.last_at + BRIDGE_SECONDS + 1)
    return StreakNow(run.length, ends_at) if view.now < ends_at else StreakNow(0, None)


def expected_progress(view: View, course: Course, facts: CourseFacts | None) -> float | None:
    """Percent that the schedule expects by now.

    By assessments: the weight of the required ones due by now. By modules: the share of the
    course's time that has passed, without its breaks.
    """
    basis = view.progress[course.course_id].basis
    if facts is None or basis == "none":
        return None
    if basis == "assessments":
        required = [each for each in assigned(course, facts) if each.required]
        dated = [(each.fact.weight, each.due_at) for each in required if each.due_at is not None]
        if len(dated) < len(required):
            return None
        due = sum(weight for weight, due_at in dated if due_at <= view.now)
        return percent_done(due, sum(weight for weight, _ in dated))
    if facts.starts_at is None or facts.ends_at is None or facts.ends_at <= facts.starts_at:
        return None
    passed = _taught(facts, facts.starts_at, min(max(view.now, facts.starts_at), facts.ends_at))
    return percent_done(passed, _taught(facts, facts.starts_at, facts.ends_at)) or 0.0


def _taught(facts: CourseFacts, start: int, end: int) -> int:
    """Seconds from `start` to `end` without the course's breaks."""
    away = sum(max(0, min(to, end) - max(since, start)) for since, to in facts.breaks)
    return max(0, end - start - away)


def _open_courses(view: View) -> list[CourseProgress]:
    nexts: dict[str, NextDue] = {}
    for due in open_dues(view):
        nexts.setdefault(
            due.course.course_id,
            NextDue(assessment_id=due.fact.id, title=due.fact.title, due_at=instant(due.due_at)),
        )
    return [_open_course(view, course, nexts.get(course.course_id)) for course in view.courses]


def _open_course(view: View, course: Course, next_due: NextDue | None) -> CourseProgress:
    facts = view.facts.get(course.course_id)
    progress = view.progress[course.course_id]
    scores = view.course_scores[course.course_id]
    worked = bool(course.first_at)
    return CourseProgress(
        course_id=course.course_id,
        title=None if facts is None else facts.title,
        course_status=view.refs[course.course_id].course_status,
        outcome=None,
        progress=pct(progress.percent),
        expected_progress=pct(expected_progress(view, course, facts)),
        basis=progress.basis,
        modules_completed=progress.modules_completed,
        total_modules=progress.total_modules,
        average_score=pct(mean_score(scores)),
        weighted_score=pct(weighted_score(scores, facts)),
        level=_level(view, course.course_id) if worked else None,
        ends_on=ends_on(view, facts),
        next_due=next_due,
    )


def ends_on(view: View, facts: CourseFacts | None) -> str | None:
    """The local date of the course's end."""
    if facts is None or facts.ends_at is None:
        return None
    return iso_date(view.day_of(facts.ends_at))


def _finished_course(view: View, finished: FinishedCourse) -> CourseProgress:
    return CourseProgress(
        course_id=finished.course_id,
        title=view.title(finished.course_id),
        course_status="finished",
        outcome=finished.outcome,
        progress=pct(finished.progress),
        expected_progress=None,
        basis=finished.basis,
        modules_completed=finished.modules_completed,
        total_modules=finished.total_modules,
        average_score=pct(finished.average_score),
        weighted_score=pct(finished.weighted_score),
        level=level(finished.progress, finished.average_score, None),
        ends_on=ends_on(view, view.facts.get(finished.course_id)),
        next_due=None,
    )


def _frozen(last: FinishedCourse) -> Overall:
    return Overall(
        percent=last.progress,
        basis=last.basis,
        modules_completed=last.modules_completed,
        total_modules=last.total_modules,
        average_score=last.average_score,
        score_count=last.score_count,
    )


def _total_modules(view: View) -> int | None:
    """The modules of all active courses; None while some course has unknown ones."""
    known = [each for each in view.progress.values() if each.total_modules is not None]
    unknown = any(
        each.modules_completed for each in view.progress.values() if each.total_modules is None
    )
    return None if unknown or not known else sum(each.total_modules or 0 for each in known)
