"""low_score: a counted grade lies under the course's pass mark, or says itself that it failed."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.alerts import Action, Evidence, Finding, Resolution, Rule, Target
from domain.course_facts import CourseFacts
from domain.coursework import counting_grade
from domain.days import day_and_month
from domain.exact import EPSILON, reaches, under
from domain.naming import undated_name
from domain.rules.reconcile import reconcile
from domain.rules.step import Step
from domain.scores import PERCENT_MAX, counts, is_pass, pass_mark_of
from domain.state import Course, Grade, Learner, OpenAlert, Severity, Work

RULE: Final = Rule(
    category="low_score",
    version=2,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="assessment",
)


class Low(NamedTuple):
    """What came of one assessment's grades: the low one that stands, or how it ended."""

    raised: Grade | None = None  # the grade that the alert is about
    now: Grade | None = None  # the low grade that counts now
    ending: Resolution = "corrected"


def pass_mark(course_id: str, step: Step) -> float:
    """The course's pass mark in percent, or the default where none is known."""
    default = step.configuration.rules.low_score.default_pass_mark
    return pass_mark_of(step.facts.get(course_id), default)


def review(
    state: Learner, course: Course, work: Work, step: Step, ending: Resolution | None = None
) -> None:
    """Look at one assessment again after anything about it changed; `ending` says why it ends."""
    low = _follow(course, work, step) if course.is_open else Low()

    def about(alert: OpenAlert) -> bool:
        return alert.course_id == course.course_id and alert.subject == work.name

    wanted = _findings(state, course, work, low, step)
    reconcile(state, RULE, wanted, step, among=about, ending=lambda _: ending or low.ending)


def review_course(
    state: Learner, course: Course, step: Step, ending: Resolution | None = None
) -> None:
    """Look at every assessment of a course again."""
    for work in course.work:
        review(state, course, work, step, ending)


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
                and not _passes(grade, pass_mark(course.course_id, step))
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
    mark = pass_mark(course.course_id, step)
    if grade is None:
        return Low(), False
    if not _passes(grade, mark):
        return low._replace(now=grade), False
    assert low.raised is not None, "there is an alert"
    assert grade.percent is not None, "a grade that counts has a score"
    if grade.attempt == low.raised.attempt:
        return Low(), False
    well_over = min(mark + step.configuration.rules.low_score.resolve_over, PERCENT_MAX)
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
    mark, percent = pass_mark(course.course_id, step), low.now.percent
    high = under(percent, mark - step.configuration.rules.low_score.high_under)
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
    return undated_name(facts, fact, other_facts(state, course, step), state.zone or step.zone)


def other_facts(state: Learner, course: Course, step: Step) -> Iterator[CourseFacts]:
    """The facts of the learner's other courses."""
    for other in state.courses:
        if other is not course and other.course_id in step.facts:
            yield step.facts[other.course_id]
