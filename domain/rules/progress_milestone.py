"""progress_milestone: a quarter of a course, the first pass, a personal best."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from domain.alerts import (
    DAY,
    Evidence,
    Finding,
    Param,
    Resolution,
    Rule,
)
from domain.changes import (
    Change,
    CourseAdded,
    Ending,
    FactsChanged,
    GradesChanged,
    MembershipChanged,
    ModulesChanged,
    WorkChanged,
)
from domain.course_facts import CourseFacts
from domain.exact import reaches, under
from domain.keepers.days import day_and_month
from domain.keepers.membership import earlier_run
from domain.keepers.progress import (
    UnitDone,
    counting_units,
    peak_percent,
    percent_done,
    required_weight,
)
from domain.keepers.scores import PERCENT_MAX, Scored, all_scores, counts, is_pass
from domain.naming import undated_name
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Percent
from domain.state.course import (
    Course,
    Grade,
)
from domain.state.learner import (
    Learner,
    OpenAlert,
)
from domain.step import Step

RULE: Final = Rule(
    category="progress_milestone",
    version=2,
    type="achievement",
    expires_days=14,
    audience=("learner",),
    subject="course",
)
_WHOLE: Final = 100
_PROGRESS: Final = 1
_SCORES: Final = 2
"""The parts of the rule: what is done of a course, and what was scored."""


class ProgressMilestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Percents of a course that raise an alert; a personal best after `best_after` scores."""

    percents: tuple[int, int, int, int] = (25, 50, 75, 100)
    best_after: Annotated[int, Meta(ge=1, le=1000)] = 5
    best_by: Percent = 5.0

    def __post_init__(self) -> None:
        """Refuse shares of a course that do not rise, or are none."""
        rising = list(self.percents) == sorted(set(self.percents))
        if not rising or not 0 < self.percents[0] <= self.percents[-1] <= _WHOLE:
            given = list(self.percents)
            raise ValueError(f"percents are {given}, expected to rise within 1 to {_WHOLE}")


TEXTS: Final = {
    "alert.progress_milestone.title": "Progress Milestone",
    "alert.progress_milestone.percent": "You reached {percent}% of {title} on {date}",
    "alert.progress_milestone.first_pass": (
        "You passed {title} on {date} with {score}%, your first pass in the course"
    ),
    "alert.progress_milestone.best": (
        "A personal best: {score}% in {title} on {date}; your best before was {best}%"
    ),
}


_Over: TypeAlias = tuple[Course, Ending | None] | None
"""A course whose milestones end, and why."""


def on(change: Change, state: Learner, step: Step) -> None:
    """Look again at what is done of the courses, at what was scored, or at both."""
    over: _Over = None
    match change:
        case WorkChanged() | ModulesChanged():
            _review_progress(state, step)
            return
        case GradesChanged():
            _review_scores(state, step)
            return
        case CourseAdded() if len(state.courses) == 1:
            return  # what reads alike in two courses is told apart by their names
        case MembershipChanged():
            over = change.course, change.ending
        case _:
            pass
    _review_progress(state, step, over)
    _review_scores(state, step, over)


def _review_progress(state: Learner, step: Step, over: _Over = None) -> None:
    found = (each for course in state.open_courses for each in _percents(course, step))
    _reconcile(state, _PROGRESS, found, step, over)


def _review_scores(state: Learner, step: Step, over: _Over = None) -> None:
    """First passes and personal bests."""
    passes = (each for course in state.open_courses for each in _first_pass(state, course, step))
    _reconcile(state, _SCORES, (*passes, *_bests(state, step)), step, over)


def _reconcile(
    state: Learner, part: int, found: Iterable[Finding], step: Step, over: _Over
) -> None:
    def ending(alert: OpenAlert) -> Resolution:
        return (over and over[0].course_id == alert.course_id and over[1]) or "corrected"

    reconcile(state, RULE, found, step, among=lambda alert: alert.part == part, ending=ending)


def _since(course: Course, step: Step) -> int:
    """Milestones from then on are neither older than the membership nor expired."""
    return max(course.returned_at, step.now - RULE.expires_days * DAY)


def _percents(course: Course, step: Step) -> Iterator[Finding]:
    """Every share of the course, at the moment at which it was reached for the first time."""
    facts, since = step.facts.get(course.course_id), _since(course, step)
    if facts is None or course.last_at < since:
        return
    before = course.peak_before
    if course.since:
        before = max(before, peak_percent(earlier_run(course), facts))
    percents = step.thresholds(ProgressMilestone, course.course_id).percents
    left = [bar for bar in percents if under(before, bar)]
    for bar, percent, unit in _crossings(course, facts, left):
        if unit.at >= since:
            yield _percent(course, bar, percent, unit, step)


def _crossings(
    course: Course, facts: CourseFacts, bars: Iterable[int]
) -> Iterator[tuple[int, float, UnitDone]]:
    """Each of `bars` that the units of the course's run reach, with the percent and the unit."""
    left, done, units = list(bars), 0.0, counting_units(course, facts)
    total = required_weight(course, facts) if units else 0.0
    for unit in units if total else ():
        done += unit.weight
        percent = percent_done(done, total) or 0.0
        for bar in [bar for bar in left if reaches(percent, bar)]:
            left.remove(bar)
            yield bar, percent, unit


def _percent(course: Course, bar: int, percent: float, unit: UnitDone, step: Step) -> Finding:
    params: dict[str, Param] = {
        "percent": bar,
        "title": _course_name(course, step),
        "date": day_and_month(unit.day),
    }
    evidence = Evidence(
        feature="course_progress",
        value=round(percent, 1),
        threshold=bar,
        unit="percent",
        direction="up",
    )
    cause = f"{course.course_id}:{bar}"
    return _finding(_PROGRESS, course.course_id, cause, unit.at, ("percent", params), evidence)


def _first_pass(state: Learner, course: Course, step: Step) -> Iterator[Finding]:
    """The earliest grade of the course that is a pass and still stands."""
    since = _since(course, step)
    if course.last_at < since or course.passed_before:
        return
    if course.since and _passes(earlier_run(course), step):
        return
    passes = _passes(course, step)
    if passes and min(passes)[0] >= since:
        at, _, short, grade = min(passes)
        score, mark = _shown(grade), step.pass_mark(course.course_id)
        params: dict[str, Param] = {
            "title": _name(state, course, short, step),
            "date": day_and_month(grade.day),
            "score": score,
        }
        evidence = Evidence(
            feature="score", value=score, threshold=mark, unit="percent", direction="up"
        )
        cause = f"{course.course_id}:first_pass"
        yield _finding(_SCORES, course.course_id, cause, at, ("first_pass", params), evidence)


def _passes(course: Course, step: Step) -> list[tuple[int, int, int, Grade]]:
    """Every grade of the run that is a pass and still stands: (time, order, assessment, grade)."""
    facts, mark = step.facts.get(course.course_id), step.pass_mark(course.course_id)
    return [
        (grade.at, grade.order, work.short, grade)
        for work in course.work
        if counts(course, work, facts)
        for grade in {each.attempt: each for each in work.grades}.values()
        if course.covers(grade.at) and is_pass(grade.percent, mark, passed=grade.passed)
    ]


def _bests(state: Learner, step: Step) -> Iterator[Finding]:
    """The counted scores of all courses in order of time, each against the best before it."""
    best, seen = state.best_gone, state.scores_gone
    courses = {course.course_id: course for course in state.courses}
    for score in all_scores(state, step.facts):
        course = courses[score.course_id]
        rule = step.thresholds(ProgressMilestone, score.course_id)
        counts_now = course.is_open and score.at >= course.returned_at
        is_best = best is not None and reaches(score.percent, best + rule.best_by)
        if counts_now and is_best and best is not None and seen >= rule.best_after:
            yield _best(state, course, score, best, step)
        best, seen = max(score.percent, best or 0.0), seen + 1


def _best(state: Learner, course: Course, score: Scored, best: float, step: Step) -> Finding:
    by = step.thresholds(ProgressMilestone, course.course_id).best_by
    params: dict[str, Param] = {
        "title": _name(state, course, score.short, step),
        "date": day_and_month(score.day),
        "score": round(score.percent, 1),
        "best": round(best, 1),
    }
    evidence = Evidence(
        feature="score",
        value=round(score.percent, 1),
        baseline=round(best, 1),
        threshold=round(best + by, 1),
        unit="percent",
        direction="up",
    )
    cause = f"{course.course_id}:{score.at}:best"
    return _finding(_SCORES, course.course_id, cause, score.at, ("best", params), evidence)


def _finding(
    part: int,
    course_id: str,
    cause: str,
    at: int,
    message: tuple[str, dict[str, Param]],
    evidence: Evidence,
) -> Finding:
    return Finding(
        rule=RULE,
        severity="low",
        course_id=course_id,
        subject_id=course_id,
        cause=cause,
        at=at,
        message_code=f"alert.progress_milestone.{message[0]}",
        params=message[1],
        evidence=(evidence,),
        part=part,
    )


def _shown(grade: Grade) -> float:
    return round(min(grade.percent or 0.0, PERCENT_MAX), 1)


def _name(state: Learner, course: Course, short: int, step: Step) -> str:
    facts = step.facts.get(course.course_id)
    fact = None if facts is None else facts.assessment_by_short.get(short)
    return undated_name(facts, fact, step.other_facts(state, course), state.zone or step.zone)


def _course_name(course: Course, step: Step) -> str:
    facts = step.facts.get(course.course_id)
    return course.course_id if facts is None or facts.title is None else facts.title


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=ProgressMilestone,
    texts=TEXTS,
    documented=Documented(
        severity="low",
        raised=(
            "25, 50, 75 or 100 % of a course; the first passed assessment of a course; a personal "
            "best by 5 points after 5 scores"
        ),
        ends="late events or facts show that it was not so: `corrected`",
        cooldown="once per course and percent; once per course; none",
        cause="course `:` percent; course `:first_pass`; course `:` time of the grade `:best`",
    ),
    changes=(
        GradesChanged,
        WorkChanged,
        ModulesChanged,
        CourseAdded,
        MembershipChanged,
        FactsChanged,
    ),
    on=on,
)
