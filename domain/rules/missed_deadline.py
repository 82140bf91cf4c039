"""missed_deadline: required work is past its due time and nothing was submitted."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from domain.alerts import Action, Evidence, Finding, Resolution, Rule, Target
from domain.changes import Change, CourseAdded, DeadlinesChanged, TimerDue, WorkChanged
from domain.course_facts import Assessment, CourseFacts
from domain.ids import short_id
from domain.keepers.courses import find_course
from domain.keepers.coursework import assigned, find_work, submitted
from domain.keepers.days import day_month
from domain.naming import undated_name
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Hours
from domain.state.course import Course
from domain.state.learner import (
    Learner,
    OpenAlert,
    Severity,
)
from domain.step import Step

RULE: Final = Rule(
    category="missed_deadline",
    version=2,
    type="engagement",
    expires_days=30,
    audience=("learner", "instructor"),
    subject="assessment",
)
_HOUR: Final = 3600


class MissedDeadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours past the due time until it is raised, and until its severity is medium."""

    low_after_hours: Hours = 48
    medium_after_hours: Hours = 168

    def __post_init__(self) -> None:
        """Refuse an escalation that would come before the alert itself."""
        if self.medium_after_hours <= self.low_after_hours:
            raise ValueError("medium_after_hours must be more than low_after_hours")


TEXTS: Final = {
    "alert.missed_deadline.title": "Missed Deadline",
    "alert.missed_deadline.message": "{title} was due on {date} and has not been submitted",
}


class Deadline(NamedTuple):
    """Work that is not submitted, and when it counts as missed: low first, then medium."""

    course: Course
    facts: CourseFacts
    assessment: Assessment
    due_at: int
    low_at: int
    medium_at: int | None


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at every deadline again.

    An alert ends with its course, else because work was submitted (`cleared`), or because it is no
    longer due (`corrected`).
    """
    wanted = [
        _finding(state, each, step) for each in _deadlines(state, step) if each.low_at < step.now
    ]

    def ending(alert: OpenAlert) -> Resolution:
        return _over(change, alert) or _ending(state, alert)

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """The next moment from `step.now` on at which a deadline counts as missed."""
    moments = (at for each in _deadlines(state, step) for at in (each.low_at, each.medium_at))
    return min((at for at in moments if at is not None and at >= step.now), default=None)


def _over(change: Change, alert: OpenAlert) -> Resolution | None:
    """How the alert's course ended, if that is the change."""
    match change:
        case DeadlinesChanged(course=Course(course_id=course_id)) if course_id == alert.course_id:
            return change.ending
        case _:
            return None


def _deadlines(state: Learner, step: Step) -> Iterator[Deadline]:
    rule = step.thresholds(MissedDeadline)
    low_after, medium_after = rule.low_after_hours * _HOUR, rule.medium_after_hours * _HOUR
    for course in state.courses:
        facts = step.facts.get(course.course_id)
        if not course.is_open or facts is None or not _has_dates(course, facts):
            continue
        entered_at = course.entered_at
        for fact, work, due_at, required in assigned(course, facts):
            if due_at is None or not required or entered_at > due_at:
                continue
            if submitted(course, work) is not None:
                continue
            low_at = facts.running_from(due_at + low_after, entered_at)
            if low_at is None:
                continue
            medium_at = None
            if low_at < step.now:
                medium_at = facts.running_from(due_at + medium_after, entered_at)
            yield Deadline(course, facts, fact, due_at, low_at, medium_at)


def _has_dates(course: Course, facts: CourseFacts) -> bool:
    return bool(facts.deadlines) or any(work.due_at is not None for work in course.work)


def _ending(state: Learner, alert: OpenAlert) -> Resolution:
    """Submitted after all, else the deadline itself is another now."""
    course = find_course(state, alert.course_id or "")
    if course is None:
        return "corrected"
    work = find_work(course, short_id(alert.subject or ""))
    return "cleared" if submitted(course, work) is not None else "corrected"


def _finding(state: Learner, deadline: Deadline, step: Step) -> Finding:
    rule = step.thresholds(MissedDeadline)
    medium = deadline.medium_at is not None and deadline.medium_at < step.now
    severity: Severity = "medium" if medium else "low"
    hours = rule.medium_after_hours if medium else rule.low_after_hours
    course_id, fact = deadline.course.course_id, deadline.assessment
    zone = state.zone or step.zone
    others = step.other_facts(state, deadline.course)
    return Finding(
        rule=RULE,
        severity=severity,
        course_id=course_id,
        subject_id=fact.id,
        cause=f"{course_id}:{deadline.due_at}",
        at=deadline.low_at,
        message_code="alert.missed_deadline.message",
        params={
            "title": undated_name(deadline.facts, fact, others, zone),
            "date": day_month(deadline.due_at, zone),
        },
        evidence=(
            Evidence(
                feature="days_past_due",
                value=hours // 24,
                baseline=None,
                threshold=round(hours / 24, 1),
                unit="days",
                direction="up",
            ),
        ),
        actions=(
            Action(
                code="submit_assessment",
                target=Target(kind="assessment", id=fact.id, course_id=course_id),
            ),
        ),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=MissedDeadline,
    texts=TEXTS,
    documented=Documented(
        severity="low; medium after 7 days",
        raised=(
            "required work is more than 48 hours past its due time, nothing was submitted, and "
            "the learner was in the course when it was due; only while the course runs: from day "
            "7 after its start or the enrolment to its end, without its breaks"
        ),
        ends=(
            "it is submitted, or a grade shows that it was: `cleared`; an extension, an excuse, "
            "another due time, or no longer required: `corrected`"
        ),
        cooldown="once per due time",
        cause="course `:` due time",
    ),
    changes=(WorkChanged, CourseAdded, DeadlinesChanged, TimerDue),
    on=on,
    due_at=due_at,
)
