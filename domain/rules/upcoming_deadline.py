"""upcoming_deadline: heavy work is due soon, and who has to submit it was silent or late before."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from domain.alerts import DAY, Action, Evidence, Finding, Param, Resolution, Rule, Target
from domain.changes import (
    Change,
    CourseAdded,
    DeadlinesChanged,
    SilenceEnded,
    TimerDue,
    WorkChanged,
)
from domain.engaged import Engaged
from domain.keepers.days import day_began_at, day_ended_at, day_month, worked
from domain.keepers.standing import HeavyWork
from domain.naming import undated_name
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Days, Documented
from domain.rules.speaking import how_work_ended
from domain.state.learner import (
    Day,
    Learner,
    OpenAlert,
)
from domain.state.limits import NEVER
from domain.step import Step

RULE: Final = Rule(
    category="upcoming_deadline",
    version=1,
    type="engagement",
    expires_days=2,
    audience=("learner",),
    subject="assessment",
)
_HOUR: Final = 3600


class UpcomingDeadline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours before the due time; days without work after which it is raised."""

    hours_before: Annotated[int, Meta(ge=1, le=168)] = 48
    silent_days: Days = 5


TEXTS: Final = {
    "alert.upcoming_deadline.title": "Deadline Coming Up",
    "alert.upcoming_deadline.silent": (
        "{title} is due on {date} and nothing has been submitted yet; your last activity was on "
        "{last_date}"
    ),
    "alert.upcoming_deadline.not_begun": (
        "{title} is due on {date} and nothing has been submitted yet"
    ),
    "alert.upcoming_deadline.late": (
        "{title} is due on {date} and nothing has been submitted yet; {before} was not submitted "
        "in time"
    ),
}


class Reminder(NamedTuple):
    """Work to be reminded of from `at` on, and why: since when the learner is silent, or late."""

    at: int
    course: Engaged
    work: HeavyWork
    silent_since: int
    late: HeavyWork | None


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at what is due soon.

    Why it is raised is looked at as it was then, so that a visit in between does not take it back:
    it stays until the work is submitted or due.
    """
    del change
    wanted = [_finding(state, each, step) for each in _reminders(state, step) if each.at < step.now]

    def ending(alert: OpenAlert) -> Resolution:
        return how_work_ended(state, alert)

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """The next moment from `step.now` on at which a reminder may be due."""
    found: int | None = None
    for each, work, rule in _asked(state, step):
        opens = work.due_at - rule.hours_before * _HOUR
        if found is not None and opens >= found:
            continue
        for moment in _moments(state, each, work, opens, rule):
            if moment >= step.now and (found is None or moment < found):
                found = moment
    return found


def _moments(
    state: Learner, each: Engaged, work: HeavyWork, opens: int, rule: UpcomingDeadline
) -> Iterator[int]:
    """When a reminder of that work may be due: not before `opens`."""
    silent_at = each.silent_for(state.last_work_at, rule.silent_days * DAY)
    late = [max(opens, before.due_at) for before in each.before(work)[:1]]
    for at in {opens, max(opens, silent_at), *late}:
        moment = each.speaking_from(at)
        if moment is not None and moment < work.due_at:
            yield moment


def _asked(state: Learner, step: Step) -> Iterator[tuple[Engaged, HeavyWork, UpcomingDeadline]]:
    """Heavy work that is to come and not submitted."""
    for each in step.engaged(state):
        for work in each.open_work:
            if work.due_at > step.now:
                yield each, work, step.thresholds(UpcomingDeadline, each.course.course_id)


def _reminders(state: Learner, step: Step) -> Iterator[Reminder]:
    """What the learner is to be reminded of by now."""
    for each, work, rule in _asked(state, step):
        opens = work.due_at - rule.hours_before * _HOUR
        if opens >= step.now:
            continue
        silent_at, since = _silence(state.days, each, opens, rule.silent_days * DAY)
        reasons = [Reminder(silent_at, each, work, since, None)]
        reasons += [
            Reminder(max(opens, before.due_at), each, work, since, before)
            for before in each.before(work)
            if not before.submitted_by(before.due_at)
        ]
        first = min(reasons, key=lambda reason: reason.at)
        moment = each.speaking_from(first.at)
        if moment is not None and moment < step.now:
            yield first._replace(at=moment)


def _silence(days: Sequence[Day], each: Engaged, opens: int, seconds: int) -> tuple[int, int]:
    """The first moment from `opens` on at which the last work lay so long ago, and that work."""
    since = NEVER
    for day in days:
        if not worked(day):
            continue
        at = max(opens, each.silent_for(since, seconds))
        if at < day_began_at(day):
            return at, since
        since = day_ended_at(day)
    return max(opens, each.silent_for(since, seconds)), since


def _finding(state: Learner, reminder: Reminder, step: Step) -> Finding:
    course, fact, due_at = reminder.course.course, *reminder.work[:2]
    zone, facts = state.zone or step.zone, reminder.course.facts
    others = list(step.other_facts(state, course))
    params: dict[str, Param] = {
        "title": undated_name(facts, fact, others, zone),
        "date": day_month(due_at, zone),
    }
    code = "not_begun"
    if reminder.late is not None:
        code = "late"
        params["before"] = undated_name(facts, reminder.late.assessment, others, zone)
    elif reminder.silent_since:
        code = "silent"
        params["last_date"] = day_month(reminder.silent_since, zone)
    return Finding(
        rule=RULE,
        severity="low",
        course_id=course.course_id,
        subject_id=fact.id,
        cause=f"{course.course_id}:{due_at}",
        at=reminder.at,
        until=due_at,
        message_code=f"alert.upcoming_deadline.{code}",
        params=params,
        evidence=(_evidence(reminder, step),),
        actions=(
            Action(
                code="submit_assessment",
                target=Target(kind="assessment", id=fact.id, course_id=course.course_id),
                due_at=due_at,
            ),
        ),
    )


def _evidence(reminder: Reminder, step: Step) -> Evidence:
    if reminder.late is not None:
        return Evidence(
            feature="late_before", value=1, threshold=1, unit="activities", direction="up"
        )
    since = max(reminder.silent_since, reminder.course.began_at)
    return Evidence(
        feature="days_since_work",
        value=(reminder.at - since) // DAY,
        threshold=step.thresholds(UpcomingDeadline, reminder.course.course.course_id).silent_days,
        unit="days",
        direction="up",
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=UpcomingDeadline,
    texts=TEXTS,
    documented=Documented(
        severity="low",
        raised=(
            "heavy work is due in 48 hours, nothing was submitted, and the learner was silent for "
            "5 days, or the heavy work before it was late or is open; only while the course runs"
        ),
        ends=(
            "it is submitted: `cleared`; an extension, an excuse, or late events show that it was "
            "not so: `corrected`. A visit does not end it"
        ),
        cooldown="once per due time",
        cause="course `:` due time",
        expires="at the due time",
    ),
    changes=(WorkChanged, CourseAdded, DeadlinesChanged, SilenceEnded, TimerDue),
    on=on,
    due_at=due_at,
)
