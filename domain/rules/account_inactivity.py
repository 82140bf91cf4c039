"""account_inactivity: nothing at all has come of a learner for a month, while a course is open."""

from typing import Final, NamedTuple

from msgspec import Struct

from domain.alerts import DAY, Finding, Resolution, Rule, in_course
from domain.changes import (
    Change,
    CourseAdded,
    DeadlinesChanged,
    SilenceEnded,
    TimerDue,
    WorkChanged,
)
from domain.engaged import Engaged
from domain.keepers.days import day_month
from domain.rules.inactive_days import may_be_high, silence_in
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Days, Documented
from domain.rules.speaking import how_silence_ended, same_silence, silent_for
from domain.state.learner import (
    Learner,
    OpenAlert,
)
from domain.step import Step

RULE: Final = Rule(
    category="account_inactivity",
    version=1,
    type="system",
    expires_days=30,
    audience=("instructor", "operator"),
    subject="course",
)


class AccountInactivity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days without any event of the learner, work or not."""

    days: Days = 30


TEXTS: Final = {
    "alert.account_inactivity.title": "Account Not Used",
    "alert.account_inactivity.message": "{title}: the learner's last event was on {date}",
}


class Unused(NamedTuple):
    """A course in which nothing has come since then, and when that is to be said."""

    course: Engaged
    since: int
    at: int


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at when the last event was; nothing is said while `inactive_days` says it, and high."""
    wanted = [
        same_silence(state, _finding(state, each, step), step.now)
        for course in step.engaged(state)
        if _may_be_said(course, state, step)
        and (each := _unused(course, state, step)) is not None
        and each.at < step.now
    ]

    def ending(alert: OpenAlert) -> Resolution:
        ended = how_silence_ended(state, alert, change, step.at)
        return "superseded" if ended == "cleared" and isinstance(change, TimerDue) else ended

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """The next moment from `step.now` on at which it may be said."""
    found = (_unused(course, state, step) for course in step.engaged(state))
    return min((each.at for each in found if each and each.at >= step.now), default=None)


def _may_be_said(each: Engaged, state: Learner, step: Step) -> bool:
    """Whether the days are over; breaks and `inactive_days` only make it later."""
    rule = step.thresholds(AccountInactivity, each.course.course_id)
    return step.now - max(state.heard_at, each.began_at) > rule.days * DAY


def _unused(each: Engaged, state: Learner, step: Step) -> Unused | None:
    rule = step.thresholds(AccountInactivity, each.course.course_id)
    since = max(state.heard_at, each.began_at)
    at = each.speaking_from(each.silent_for(since, rule.days * DAY))
    if at is None:
        return None
    silence = silence_in(each, state.last_work_at, step) if may_be_high(each, step) else None
    if silence is not None and "high" in (silence.severity(at), silence.severity(step.now)):
        at = each.speaking_from(max(at, silence.expires_at))
    return None if at is None else Unused(each, since, at)


def _finding(state: Learner, unused: Unused, step: Step) -> Finding:
    facts, course_id = unused.course.facts, unused.course.course.course_id
    days = step.thresholds(AccountInactivity, course_id).days
    return Finding(
        rule=RULE,
        severity="medium",
        course_id=course_id,
        subject_id=course_id,
        cause=f"{course_id}:{unused.since}",
        at=unused.at,
        message_code="alert.account_inactivity.message",
        params={
            "title": facts.title or course_id,
            "date": day_month(unused.since, state.zone or step.zone),
        },
        evidence=silent_for("days_since_event", days),
        actions=in_course("resume_course", course_id),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=AccountInactivity,
    texts=TEXTS,
    documented=Documented(
        severity="medium",
        raised=(
            "no event of any kind for 30 days while a course is open and runs, breaks aside; help "
            "that was noted is none. Not while `inactive_days` is open about the course and high"
        ),
        ends=(
            "any event of the learner: `cleared`; `inactive_days` becomes high: `superseded`; late "
            "events show that it was not so: `corrected`; the course is left or over: "
            "`unenrolled`, `course_finished`"
        ),
        cooldown="once a silence",
        cause=(
            "course `:` time of the last event (or of the course's beginning), as known when raised"
        ),
    ),
    changes=(WorkChanged, CourseAdded, DeadlinesChanged, SilenceEnded, TimerDue),
    on=on,
    due_at=due_at,
)
