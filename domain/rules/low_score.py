"""low_score: a counted grade lies under the course's pass mark, or says itself that it failed.

Where no mark is known, it is low under 40 %, or far below what a model expects of the assessment.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from domain.alerts import Action, Evidence, Finding, Param, Resolution, Rule, Target
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
)
from domain.step import Step

RULE: Final = Rule(
    category="low_score",
    version=3,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="assessment",
)


class LowScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counted grade under the course's pass mark; `high_under` points under it is high.

    `default_pass_mark` is that of courses that name none; where it is None, a score is low under
    `unknown_under`, or `below_expected` points below what its assessment expects.
    """

    default_pass_mark: Percent | None = None
    high_under: Percent = 20.0
    resolve_over: Percent = 5.0
    unknown_under: Percent = 40.0
    below_expected: Percent = 30.0


TEXTS: Final = {
    "alert.low_score.title": "Low Assessment Score",
    "alert.low_score.message": (
        "You scored {score}% in {title} on {date}; the pass mark is {pass_mark}%"
    ),
    "alert.low_score.not_passed": "You scored {score}% in {title} on {date} and did not pass",
    "alert.low_score.low": "You scored {score}% in {title} on {date}, which is under {bar}%",
    "alert.low_score.below_expected": (
        "You scored {score}% in {title} on {date}; scores in it are mostly about {expected}%"
    ),
    "alert.low_score.message.third": (
        "{score}% in {title} on {date}; the pass mark is {pass_mark}%"
    ),
    "alert.low_score.not_passed.third": "{score}% in {title} on {date}, not passed",
    "alert.low_score.low.third": "{score}% in {title} on {date}, which is under {bar}%",
    "alert.low_score.below_expected.third": (
        "{score}% in {title} on {date}; scores in it are mostly about {expected}%"
    ),
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
            if grade is not None and not over and _bar(course, step).is_low(grade):
                low = Low(grade, grade)
        else:
            low, ended = _next(low, grade, course, step)
            over = over or ended
    return low


def _next(low: Low, grade: Grade | None, course: Course, step: Step) -> tuple[Low, bool]:
    """What becomes of a low score with the next grade, and whether it is over for good."""
    bar = _bar(course, step)
    if grade is None:
        return Low(), False
    if bar.is_low(grade):
        return low._replace(now=grade), False
    assert low.raised is not None, "there is an alert"
    if grade.attempt == low.raised.attempt:
        return Low(), False
    if grade.passed or bar.is_well_over(grade):
        return Low(ending="cleared"), True
    return low, False


class _Bar(NamedTuple):
    """What a grade is held against: the pass mark, or what stands for one that is not known."""

    mark: float | None
    rule: LowScore

    def is_low(self, grade: Grade) -> bool:
        """Whether the grade is one to speak of; `passed` in the grade decides where it is given."""
        if self.mark is not None:
            return not is_pass(grade.percent, self.mark, passed=grade.passed)
        if grade.passed is not None:
            return not grade.passed
        return under(grade.percent or 0.0, self.rule.unknown_under) or self.is_far_below(grade)

    def is_far_below(self, grade: Grade) -> bool:
        """Whether the score lies far below what a model expected of the assessment."""
        if grade.expected is None:
            return False
        return reaches(grade.expected - self.rule.below_expected, grade.percent or 0.0)

    def is_well_over(self, grade: Grade) -> bool:
        """Whether a grade that is not low is high enough to end an alert about another attempt."""
        enough = min(self.floor + self.rule.resolve_over, PERCENT_MAX)
        percent = grade.percent or 0.0
        if self.mark is None and grade.expected is not None:
            expected = grade.expected - self.rule.below_expected + self.rule.resolve_over
            enough = max(enough, min(expected, PERCENT_MAX))
        return reaches(percent, enough)

    @property
    def floor(self) -> float:
        """The mark, or the score under which any is low."""
        return self.rule.unknown_under if self.mark is None else self.mark


def _bar(course: Course, step: Step) -> _Bar:
    rule, facts = step.thresholds(LowScore, course.course_id), step.facts.get(course.course_id)
    known = None if facts is None else facts.pass_mark
    return _Bar(rule.default_pass_mark if known is None else known, rule)


def _findings(
    state: Learner, course: Course, work: Work, low: Low, step: Step
) -> Iterator[Finding]:
    if low.raised is None or low.now is None or low.now.percent is None:
        return
    if low.raised.at < course.returned_at:
        return
    bar, percent = _bar(course, step), low.now.percent
    code, said = _said(bar, low.now)
    shown = _shown(percent, bar.floor)
    yield Finding(
        rule=RULE,
        severity="high" if under(percent, bar.floor - bar.rule.high_under) else "medium",
        course_id=course.course_id,
        subject_id=work.name,
        cause=f"{course.course_id}:{low.raised.at}",
        at=low.raised.at,
        message_code=f"alert.low_score.{code}",
        params={
            "title": _name(state, course, work, step),
            "date": day_and_month(low.now.day),
            "score": shown,
            **said,
        },
        evidence=(
            Evidence(
                feature="score",
                value=shown,
                baseline=None if low.now.expected is None else round(low.now.expected, 1),
                threshold=bar.floor,
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


def _said(bar: _Bar, grade: Grade) -> tuple[str, dict[str, Param]]:
    """Which message it is, and what that needs beside the score."""
    is_under = under(grade.percent or 0.0, bar.floor)
    if bar.mark is not None:
        return "message" if is_under else "not_passed", {"pass_mark": bar.mark}
    if is_under:
        return "low", {"bar": bar.floor}
    if grade.expected is not None and bar.is_far_below(grade):
        return "below_expected", {"expected": round(grade.expected)}
    return "not_passed", {}


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
        severity="medium; high from more than 20 points under the mark (under 20 without one)",
        raised=(
            "a counted grade is not a pass: `passed` in the grade decides, else the course's pass "
            "mark; where none is known: under 40, or 30 points or more below what the assessment "
            "expects"
        ),
        ends=(
            "another attempt passes, by its `passed` or at pass mark + 5 or above (at most 100; "
            "without a mark 5 above what would be low): `cleared`; the same attempt is a pass "
            "after all, the grade is withdrawn, or it no longer counts: `corrected`"
        ),
        cooldown="one an assessment at a time, and none after it was cleared",
        cause="course `:` time of the grade",
    ),
    changes=(GradesChanged, CourseAdded, MembershipChanged, FactsChanged),
    on=on,
)
