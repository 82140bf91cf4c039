"""low_score: a counted grade lies under the course's pass mark, or says itself that it failed."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from domain.alerts import Action, Evidence, Finding, Resolution, Rule, Target
from domain.changes import Change, CourseAdded, FactsChanged, GradesChanged, MembershipChanged
from domain.exact import EPSILON, reaches, under
from domain.keepers.coursework import counting_grade
from domain.keepers.days import day_and_month
from domain.keepers.scores import PERCENT_MAX, counts, is_pass
from domain.naming import undated_name
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Percent
from domain.state.course import (
    Course,
    Grade,
    Work,
)
from domain.state.learner import (
    Learner,
    OpenAlert,
    Severity,
)
from domain.step import Step

RULE: Final = Rule(
    category="low_score",
    version=2,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="assessment",
)


class LowScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counted grade under the course's pass mark; `high_under` points under it is high."""

    default_pass_mark: Percent = 60.0
    high_under: Percent = 20.0
    resolve_over: Percent = 5.0


TEXTS: Final = {
    "alert.low_score.title": "Low Assessment Score",
    "alert.low_score.message": (
        "You scored {score}% in {title} on {date}; the pass mark is {pass_mark}%"
    ),
    "alert.low_score.not_passed": "You scored {score}% in {title} on {date} and did not pass",
}


class Low(NamedTuple):
    """What came of one assessment's grades: the low one that stands, or how it ended."""

    raised: Grade | None = None  # the grade that the alert is about
    now: Grade | None = None  # the low grade that counts now
    ending: Resolution = "corrected"


def on(change: Change, state: Learner, step: Step) -> None:
    """Look again at one assessment, at those of one course, or at all."""
    match change:
        case GradesChanged():
            _review(state, change.course, change.work, step)
        case MembershipChanged():
            _review_course(state, change.course, step, change.ending)
        case CourseAdded() if len(state.courses) == 1:
            pass  # what reads alike in two courses is told apart by their names
        case _:
            for course in state.courses:
                _review_course(state, course, step)


def _review(
    state: Learner, course: Course, work: Work, step: Step, ending: Resolution | None = None
) -> None:
    low = _follow(course, work, step) if course.is_open else Low()

    def about(alert: OpenAlert) -> bool:
        return alert.course_id == course.course_id and alert.subject == work.name

    wanted = _findings(state, course, work, low, step)
    reconcile(state, RULE, wanted, step, among=about, ending=lambda _: ending or low.ending)


def _review_course(
    state: Learner, course: Course, step: Step, ending: Resolution | None = None
) -> None:
    for work in course.work:
        _review(state, course, work, step, ending)


def _follow(course: Course, work: Work, step: Step) -> Low:
    """The assessment's grades in order of time: one alert until it is over, and no second one.

    It is over with a pass of another attempt well above the mark. Where the grade itself was
    corrected or withdrawn it never was low, and a later one may be.
    """
    facts = step.facts.get(course.course_id)
    rule = "latest" if facts is None else facts.attempt_rule
    low, over = Low(), False
    if not counts(course, work, facts):
        return low
    for at in sorted({grade.at for grade in work.grades if course.covers(grade.at)}):
        grade = counting_grade(course, work, rule, until=at)
        if low.raised is None:
            if (
                grade is not None
                and not over
                and not _passes(grade, step.pass_mark(course.course_id))
            ):
                low = Low(grade, grade)
        else:
            low, ended = _next(low, grade, course, step)
            over = over or ended
    return low


def _passes(grade: Grade, mark: float) -> bool:
    return is_pass(grade.percent, mark, passed=grade.passed)


def _next(low: Low, grade: Grade | None, course: Course, step: Step) -> tuple[Low, bool]:
    """What becomes of a low score with the next grade, and whether it is over for good."""
    mark = step.pass_mark(course.course_id)
    if grade is None:
        return Low(), False
    if not _passes(grade, mark):
        return low._replace(now=grade), False
    assert low.raised is not None, "there is an alert"
    assert grade.percent is not None, "a grade that counts has a score"
    if grade.attempt == low.raised.attempt:
        return Low(), False
    well_over = min(mark + step.thresholds(LowScore).resolve_over, PERCENT_MAX)
    if grade.passed or reaches(grade.percent, well_over):
        return Low(ending="cleared"), True
    return low, False


def _findings(
    state: Learner, course: Course, work: Work, low: Low, step: Step
) -> Iterator[Finding]:
    if low.raised is None or low.now is None or low.now.percent is None:
        return
    if low.raised.at < course.returned_at:
        return
    mark, percent = step.pass_mark(course.course_id), low.now.percent
    high = under(percent, mark - step.thresholds(LowScore).high_under)
    severity: Severity = "high" if high else "medium"
    shown = _shown(percent, mark)
    said = "message" if under(percent, mark) else "not_passed"
    yield Finding(
        rule=RULE,
        severity=severity,
        course_id=course.course_id,
        subject_id=work.name,
        cause=f"{course.course_id}:{low.raised.at}",
        at=low.raised.at,
        message_code=f"alert.low_score.{said}",
        params={
            "title": _name(state, course, work, step),
            "date": day_and_month(low.now.day),
            "score": shown,
            "pass_mark": mark,
        },
        evidence=(
            Evidence(
                feature="score",
                value=shown,
                baseline=None,
                threshold=mark,
                unit="percent",
                direction="down",
            ),
        ),
        actions=(
            Action(
                code="ask_for_help",
                target=Target(kind="assessment", id=work.name, course_id=course.course_id),
            ),
        ),
    )


def _shown(percent: float, mark: float) -> float:
    """One decimal; rounded down where rounding would lift it to the mark."""
    shown = round(percent, 1)
    if under(percent, mark) and reaches(shown, mark):
        return int(percent * 10 + EPSILON) / 10
    return shown


def _name(state: Learner, course: Course, work: Work, step: Step) -> str:
    facts = step.facts.get(course.course_id)
    fact = None if facts is None else facts.assessment_by_short.get(work.short)
    if facts is None or fact is None:
        return f"assessment {work.name}"
    return undated_name(facts, fact, step.other_facts(state, course), state.zone or step.zone)


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=LowScore,
    texts=TEXTS,
    documented=Documented(
        severity="medium; high from more than 20 points under the mark",
        raised=(
            "a counted grade is not a pass: `passed` in the grade decides, else the course's pass "
            "mark; 60 where none is known"
        ),
        ends=(
            "another attempt passes, by its `passed` or at pass mark + 5 or above (at most 100): "
            "`cleared`; the same attempt is a pass after all, the grade is withdrawn, or it no "
            "longer counts: `corrected`"
        ),
        cooldown="one an assessment at a time, and none after it was cleared",
        cause="course `:` time of the grade",
    ),
    changes=(GradesChanged, CourseAdded, MembershipChanged, FactsChanged),
    on=on,
)
