"""low_score: a counted grade lies under the course's pass mark."""

from typing import Final, NamedTuple

from domain.alerts import (
    Action,
    Evidence,
    Finding,
    Rule,
    Target,
    open_alert,
    raise_alert,
    resolve_alert,
    update_alert,
)
from domain.rules.step import Step
from domain.scores import PERCENT_MAX
from domain.state import Course, Grade, Learner, Severity, Work

RULE: Final = Rule(
    category="low_score",
    version=1,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="assessment",
)


class Graded(NamedTuple):
    """A released, counted grade as the rules see it."""

    course: Course
    work: Work
    assessment_id: str
    grade: Grade
    first: bool  # the first grade of the assessment
    regrade: bool  # this attempt had another grade before


def pass_mark(course_id: str, step: Step) -> float:
    """The course's pass mark in percent, or the default where none is known."""
    facts = step.facts.get(course_id)
    if facts is not None and facts.pass_mark is not None:
        return facts.pass_mark
    return step.configuration.rules.low_score.default_pass_mark


def on_grade(state: Learner, graded: Graded, step: Step) -> None:
    """Raise once per assessment, follow a regrade, resolve by a better attempt."""
    rule = step.configuration.rules.low_score
    course_id, work, percent = graded.course.course_id, graded.work, graded.grade.percent
    mark = pass_mark(course_id, step)
    alert = open_alert(state, RULE, course_id, graded.assessment_id, at=step.at)
    if percent >= mark:
        if alert is not None and percent >= min(mark + rule.resolve_over, PERCENT_MAX):
            step.told.append(resolve_alert(state, alert, RULE, at=step.at, resolution="cleared"))
        return
    severity: Severity = "high" if percent < mark - rule.high_under else "medium"
    finding = _finding(graded, severity, mark, step)
    if alert is not None:
        if alert.severity != severity:
            step.told.append(update_alert(state, alert, finding, step.stale_before))
    elif not work.low_score_raised:
        work.low_score_raised = True
        step.told.append(raise_alert(state, finding, step.stale_before, keep=True))


def on_withdrawal(state: Learner, course_id: str, assessment_id: str, step: Step) -> None:
    """A withdrawn grade was no low score."""
    alert = open_alert(state, RULE, course_id, assessment_id, at=step.at)
    if alert is not None:
        step.told.append(resolve_alert(state, alert, RULE, at=step.at, resolution="corrected"))


def _finding(graded: Graded, severity: Severity, mark: float, step: Step) -> Finding:
    course_id, percent = graded.course.course_id, round(graded.grade.percent, 1)
    target = Target(kind="assessment", id=graded.assessment_id, course_id=course_id)
    return Finding(
        rule=RULE,
        severity=severity,
        course_id=course_id,
        subject_id=graded.assessment_id,
        cause=step.event_id,
        at=step.at,
        message_code="alert.low_score.message",
        params={"score": percent, "pass_mark": mark},
        evidence=(
            Evidence(
                feature="score",
                value=percent,
                baseline=None,
                threshold=mark,
                unit="percent",
                direction="down",
            ),
        ),
        actions=(Action(code="ask_for_help", target=target),),
    )
