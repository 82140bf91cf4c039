"""missed_deadline: heavy work is past its due time and nothing was submitted."""

from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from domain.alerts import Action, Evidence, Finding, Resolution, Rule, Target
from domain.changes import Change, CourseAdded, DeadlinesChanged, TimerDue, WorkChanged
from domain.engaged import Engaged
from domain.ids import short_id
from domain.keepers.courses import find_course
from domain.keepers.coursework import find_work, submitted
from domain.keepers.days import day_month
from domain.keepers.standing import HeavyWork
from domain.naming import undated_name
from domain.rules.ordering import require_less
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented, Hours
from domain.state.learner import (
    Learner,
    OpenAlert,
    Severity,
)
from domain.step import Step

RULE: Final = Rule(
    category="missed_deadline",
    version=3,
    type="engagement",
    expires_days=30,
    audience=("learner", "instructor"),
    low_audience=("learner",),
    subject="assessment",
)
_HOUR: Final = 3600


class MissedDeadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours past the due time until it is raised, and until its severity is medium.

    It is high at once where so many are open in a row, this one included.
    """

    low_after_hours: Hours = 48
    medium_after_hours: Hours = 168
    high_in_a_row: Annotated[int, Meta(ge=2, le=100)] = 2

    def __post_init__(self) -> None:
        """Refuse an escalation that would come before the alert itself."""
        require_less(self, "low_after_hours", "medium_after_hours")


TEXTS: Final = {
    "alert.missed_deadline.title": "Missed Deadline",
    "alert.missed_deadline.message": "{title} was due on {date} and has not been submitted",
    "alert.missed_deadline.in_a_row": (
        "{title} was due on {date} and has not been submitted, nor has what was due before it"
    ),
}


class Deadline(NamedTuple):
    """Heavy work that is not submitted, and when it counts as missed: low first, then medium."""

    course: Engaged
    work: HeavyWork
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
        case DeadlinesChanged(course=course) if course and course.course_id == alert.course_id:
            return change.ending
        case _:
            return None


def _deadlines(state: Learner, step: Step) -> Iterator[Deadline]:
    """What counts as missed, and of each course the next that will."""
    for each in step.engaged(state):
        rule = step.thresholds(MissedDeadline, each.course.course_id)
        for work in each.open_work:
            low_at = each.speaking_from(work.due_at + rule.low_after_hours * _HOUR)
            if low_at is None:
                continue
            medium_at = None
            if low_at < step.now:
                medium_at = each.speaking_from(work.due_at + rule.medium_after_hours * _HOUR)
            yield Deadline(each, work, low_at, medium_at)
            if low_at >= step.now:
                break


def _ending(state: Learner, alert: OpenAlert) -> Resolution:
    """Submitted after all, else the deadline itself is another now."""
    course = find_course(state, alert.course_id or "")
    if course is None:
        return "corrected"
    work = find_work(course, short_id(alert.subject or ""))
    return "cleared" if submitted(course, work) is not None else "corrected"


def _in_a_row(course: Engaged, work: HeavyWork) -> int:
    """How many due times have come without any submission since the last one that had one."""
    count, before = 1, course.before(work)
    while before and all(each.submitted_at is None for each in before):
        count, before = count + 1, course.before(before[0])
    return count


def _severity(deadline: Deadline, rule: MissedDeadline, now: int) -> Severity:
    if _in_a_row(deadline.course, deadline.work) >= rule.high_in_a_row:
        return "high"
    medium_at = deadline.medium_at
    return "medium" if medium_at is not None and medium_at < now else "low"


def _finding(state: Learner, deadline: Deadline, step: Step) -> Finding:
    course, fact, due_at = deadline.course.course, *deadline.work[:2]
    rule = step.thresholds(MissedDeadline, course.course_id)
    severity = _severity(deadline, rule, step.now)
    late = deadline.medium_at is not None and deadline.medium_at < step.now
    hours = rule.medium_after_hours if late else rule.low_after_hours
    zone, others = state.zone or step.zone, step.other_facts(state, course)
    return Finding(
        rule=RULE,
        severity=severity,
        course_id=course.course_id,
        subject_id=fact.id,
        cause=f"{course.course_id}:{due_at}",
        at=deadline.low_at,
        message_code=f"alert.missed_deadline.{'in_a_row' if severity == 'high' else 'message'}",
        params={
            "title": undated_name(deadline.course.facts, fact, others, zone),
            "date": day_month(due_at, zone),
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
                target=Target(kind="assessment", id=fact.id, course_id=course.course_id),
            ),
        ),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=MissedDeadline,
    texts=TEXTS,
    documented=Documented(
        severity="low; medium after 7 days; high at once where it is the second in a row that is "
        "open",
        raised=(
            "[heavy](metrics.md) work is more than 48 hours past its due time, nothing was "
            "submitted, and the learner was in the course when it was due; only while the course "
            "runs: from day 7 after its start or the enrolment to its end, without its breaks"
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
