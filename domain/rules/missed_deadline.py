"""missed_deadline: required work is past its due time and nothing is handed in."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from domain.alerts import (
    DAY,
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
from domain.course_facts import Assessment
from domain.courses import is_full, open_course, work_on
from domain.progress import is_submitted
from domain.rules.step import Step
from domain.state import NEVER, Course, Learner, Severity, Work

RULE: Final = Rule(
    category="missed_deadline",
    version=1,
    type="engagement",
    expires_days=30,
    audience=("learner", "instructor"),
    subject="assessment",
)
_HOUR: Final = 3600
_LOW: Final = 1
_MEDIUM: Final = 2
_GIVEN_UP_MAX: Final = 8


_Due: TypeAlias = tuple[int, Course, Assessment, int, int]
"""When it fires, the course, the assessment, its due time, how far it was told."""


def next_at(state: Learner, step: Step, after: int | None = None) -> int | None:
    """When the next deadline is to be looked at, later than `after`; None where none is open."""
    times = [due[0] for due in _due(state, step)]
    return min((time for time in times if after is None or time > after), default=None)


def on_time(state: Learner, step: Step) -> None:
    """Tell every deadline whose time has come by `step.at`; both levels where both have."""
    for _ in range(_MEDIUM):
        for due in _due(state, step):
            if due[0] <= step.at:
                _tell(state, due, step)


def on_submission(state: Learner, course: Course, assessment_id: str, step: Step) -> None:
    """A submission ends the alert."""
    alert = open_alert(state, RULE, course.course_id, assessment_id, at=step.at)
    if alert is not None:
        step.told.append(resolve_alert(state, alert, RULE, at=step.at, resolution="cleared"))


def on_facts(state: Learner, step: Step) -> bool:
    """An extension (or work that is no longer required) ends the alert; True where one ended."""
    ended = False
    for alert in [alert for alert in state.alerts if alert.rule == RULE.category]:
        course = open_course(state, alert.course_id or "")
        facts = step.facts.get(alert.course_id or "")
        if course is None or facts is None or alert.expires_at <= step.at:
            continue
        fact = next((a for a in facts.assessments if a.id == alert.subject), None)
        work = work_on(state, course, alert.subject or "")
        if fact is None or not fact.required or fact.due_at != work.missed_due_at:
            step.told.append(resolve_alert(state, alert, RULE, at=step.at, resolution="corrected"))
            _give_up(work)
            ended = True
    return ended


def _due(state: Learner, step: Step) -> Iterator[_Due]:
    """Every deadline that may still be told; lazily, since telling may fill a course."""
    rule = step.configuration.rules.missed_deadline
    for course in state.courses:
        facts = step.facts.get(course.course_id)
        if course.unenrolled_at or facts is None:
            continue
        entered_at = course.enrolled_at or course.first_at
        works = {work.short: work for work in course.work}
        for short, assessment, due_at in facts.deadlines:
            work = works.get(short)
            if entered_at > due_at or (work is None and is_full(course)):
                continue
            level = _level(work, due_at)
            if level == _MEDIUM:
                continue
            hours = rule.low_after_hours if level == 0 else rule.medium_after_hours
            fires_at = facts.running_from(due_at + hours * _HOUR, entered_at)
            if fires_at is not None:
                yield fires_at, course, assessment, due_at, level


def _level(work: Work | None, due_at: int) -> int:
    """How far this due time was told; as far as it goes where something is handed in."""
    if work is None:
        return 0
    if is_submitted(work) or due_at in work.missed_before:
        return _MEDIUM
    return work.missed_level if work.missed_due_at == due_at else 0


def _tell(state: Learner, due: _Due, step: Step) -> None:
    _, course, assessment, due_at, level = due
    work = work_on(state, course, assessment.id)
    if work.missed_due_at not in {NEVER, due_at}:
        _give_up(work)
    work.missed_level, work.missed_due_at = level + 1, due_at
    severity: Severity = "low" if level + 1 == _LOW else "medium"
    finding = _finding(due, severity, step)
    alert = open_alert(state, RULE, course.course_id, assessment.id, at=step.at)
    if alert is not None:
        step.told.append(update_alert(state, alert, finding, step.stale_before))
    elif level == 0:  # else it was told and is over: nothing is graver than before
        step.told.append(raise_alert(state, finding, step.stale_before, keep=True))


def _give_up(work: Work) -> None:
    """The due time is another now; should it come back, it was told already."""
    work.missed_before = [*work.missed_before[-_GIVEN_UP_MAX + 1 :], work.missed_due_at]
    work.missed_level, work.missed_due_at = 0, NEVER


def _finding(due: _Due, severity: Severity, step: Step) -> Finding:
    rule = step.configuration.rules.missed_deadline
    hours = rule.low_after_hours if severity == "low" else rule.medium_after_hours
    _, course, assessment, due_at, _ = due
    days = (step.at - due_at) // DAY
    course_id, assessment_id = course.course_id, assessment.id
    return Finding(
        rule=RULE,
        severity=severity,
        course_id=course_id,
        subject_id=assessment_id,
        cause=f"{course_id}:{due_at}",
        at=step.at,
        message_code="alert.missed_deadline.message",
        params={"days": days},
        evidence=(
            Evidence(
                feature="days_past_due",
                value=days,
                baseline=None,
                threshold=round(hours / 24, 1),
                unit="days",
                direction="up",
            ),
        ),
        actions=(
            Action(
                code="submit_assessment",
                target=Target(kind="assessment", id=assessment_id, course_id=course_id),
            ),
        ),
    )
