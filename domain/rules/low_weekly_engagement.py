"""low_weekly_engagement: two whole weeks with little work, while heavy work is open.

It has two forms: for the learner, little against the own weeks before; for instructors, hardly any.
"""

from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from domain.alerts import DAY, Evidence, Finding, Param, Resolution, Rule, in_course
from domain.changes import (
    Change,
    CourseAdded,
    DeadlinesChanged,
    SilenceEnded,
    TimerDue,
    WorkChanged,
)
from domain.engaged import Engaged
from domain.keepers.days import (
    day_and_month,
    day_month,
    day_start,
    iso_date,
    local_day,
    weekday,
    worked,
)
from domain.rules import inactive_days
from domain.rules.ordering import require_less
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented
from domain.rules.speaking import how_silence_ended
from domain.state.learner import (
    Learner,
    OpenAlert,
    Severity,
)
from domain.state.limits import NEVER
from domain.step import Step

RULE: Final = Rule(
    category="low_weekly_engagement",
    version=1,
    type="engagement",
    expires_days=28,
    audience=("instructor",),
    low_audience=("learner",),
    subject="course",
)
WEEK: Final = 7
_WEEKS: Final = 2
_OWN_WEEKS_MAX: Final = 6
_OWN_WEEKS_MIN: Final = 2
_MONDAYS: Final = RULE.expires_days // WEEK

_ActiveDays = Annotated[float, Meta(ge=0, le=7)]


class LowWeeklyEngagement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days with work in a week: under `own_share` of an own mean of `own_days` or more; or at most.

    It ends with a whole week at that share of the mean, or with `leave_days`.
    """

    own_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    own_days: _ActiveDays = 2.0
    most_days: Annotated[int, Meta(ge=0, le=6)] = 1
    leave_days: Annotated[int, Meta(ge=1, le=7)] = 2
    due_within_days: Annotated[int, Meta(ge=0, le=365)] = 7

    def __post_init__(self) -> None:
        """Refuse to leave at what enters."""
        require_less(self, "most_days", "leave_days")


TEXTS: Final = {
    "alert.low_weekly_engagement.title": "Less Activity Than Usual",
    "alert.low_weekly_engagement.own": (
        "{title}: you worked less than usual in the two weeks before {date}. Days with work: "
        "{days}; usual before that: about {usual} a week"
    ),
    "alert.low_weekly_engagement.few": (
        "{title}: hardly any work in the two weeks before {date} (days with work: {days}), and "
        "what was due on {due_date} has not been submitted"
    ),
}


class Weeks(NamedTuple):
    """The two whole weeks before a Monday: days with work in each, and the mean before them."""

    first: int
    second: int
    own_mean: float | None


class Low(NamedTuple):
    """A form of the rule that speaks since the Monday `day`, and what it goes by."""

    severity: Severity
    day: int
    at: int
    weeks: Weeks


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at the newest Monday, unless what changed after it can neither begin nor end anything.

    What the learner does after a Monday does not make the weeks before it worse.
    """
    is_open = any(alert.rule == RULE.category for alert in state.alerts)
    begun = isinstance(change, DeadlinesChanged | CourseAdded)
    if not (is_open or begun or step.at <= _newest_monday(state, step)[1]):
        return
    wanted = [
        _finding(state, each, low, step)
        for each in step.engaged(state)
        if each.open_work
        for low in _lows(each, state, step)
    ]

    def ending(alert: OpenAlert) -> Resolution:
        return _ending(state, alert, change, step)

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """The next Monday from `step.now` on on which heavy work is overdue or due soon."""
    zone = _zone(state, step)
    found = []
    for each in step.engaged(state):
        work = next(iter(each.open_work), None)
        if work is None:
            continue
        rule = step.thresholds(LowWeeklyEngagement, each.course.course_id)
        at = max(step.now, work.due_at - rule.due_within_days * DAY)
        moment = each.speaking_from(at)
        if moment is not None:
            found.append(_monday_from(moment, zone))
    return min(found, default=None)


def _zone(state: Learner, step: Step) -> str:
    return state.zone or step.zone


def _monday_from(at: int, zone: str) -> int:
    """The first moment from `at` on at which a local Monday begins."""
    day = local_day(at, zone)
    monday = day - weekday(day) + 1
    begins = day_start(monday, zone)
    return begins if begins >= at else day_start(monday + WEEK, zone)


def _newest_monday(state: Learner, step: Step) -> tuple[int, int]:
    """The local Monday that began last before `step.now`, and the moment at which it began."""
    zone = _zone(state, step)
    today = local_day(step.now - 1, zone)
    monday = today - weekday(today) + 1
    return monday, day_start(monday, zone)


def _lows(each: Engaged, state: Learner, step: Step) -> Iterator[Low]:
    """Each form that speaks now: since the first Monday of those in a row on which it holds.

    It ends where `inactive_days` speaks, which may be at the Monday itself.
    """
    zone, (newest, _) = _zone(state, step), _newest_monday(state, step)
    if newest - _WEEKS * WEEK < local_day(each.began_at, zone):
        return
    active = {day.day for day in state.days if worked(day)}
    silences = list(inactive_days.spoken(each, state, step))
    speaking: dict[Severity, Low] = {}
    forms: tuple[Severity, ...] = ("low", "medium")
    before = NEVER
    for monday in range(newest - _MONDAYS * WEEK, newest + 1, WEEK):
        at = day_start(monday, zone)
        weeks = _weeks(each, active, monday, zone)
        if any(begins <= at and before < ends for begins, ends in silences):
            speaking.clear()
        for severity in forms:
            low = speaking.get(severity)
            if low is not None and not _leaves(low, each, active, monday, step):
                continue
            speaking.pop(severity, None)
            if weeks is not None and _enters(severity, weeks, each, at, step):
                speaking[severity] = Low(severity, monday, at, weeks)
        before = at
    if not any(before < ends for _, ends in silences):
        yield from speaking.values()


def _weeks(each: Engaged, active: set[int], monday: int, zone: str) -> Weeks | None:
    """The weeks before a Monday; None where they are not whole weeks of a course that runs."""
    first = local_day(each.began_at, zone)
    begin, end = monday - _WEEKS * WEEK, day_start(monday, zone)
    if begin < first or each.speaking_from(end) != end:
        return None
    begins_at = day_start(begin, zone)
    if any(start < end and stop > begins_at for start, stop in each.facts.breaks):
        return None
    whole = min((begin - first) // WEEK, _OWN_WEEKS_MAX)
    mean = _worked(active, begin - whole * WEEK, begin) / whole if whole >= _OWN_WEEKS_MIN else None
    return Weeks(_worked(active, begin, begin + WEEK), _worked(active, begin + WEEK, monday), mean)


def _worked(active: set[int], begin: int, end: int) -> int:
    return sum(day in active for day in range(begin, end))


def _enters(severity: Severity, weeks: Weeks, each: Engaged, at: int, step: Step) -> bool:
    rule = step.thresholds(LowWeeklyEngagement, each.course.course_id)
    most = max(weeks.first, weeks.second)
    if severity == "medium":
        return most <= rule.most_days and any(work.due_at < at for work in each.open_work)
    if weeks.own_mean is None or weeks.own_mean < rule.own_days:
        return False
    soon = at + rule.due_within_days * DAY
    return most < rule.own_share * weeks.own_mean and any(w.due_at <= soon for w in each.open_work)


def _leaves(low: Low, each: Engaged, active: set[int], monday: int, step: Step) -> bool:
    """Whether the whole week before a later Monday is enough to end it, or no work is open."""
    rule = step.thresholds(LowWeeklyEngagement, each.course.course_id)
    days = _worked(active, monday - WEEK, monday)
    if low.severity == "medium" or low.weeks.own_mean is None:
        return days >= rule.leave_days
    return days >= rule.own_share * low.weeks.own_mean


def _ending(state: Learner, alert: OpenAlert, change: Change, step: Step) -> Resolution:
    """By `inactive_days`, which says more; else as silence ends."""
    for each in step.engaged(state):
        here = each.course.course_id == alert.course_id
        if here and inactive_days.said_of(each, state, step) is not None:
            return "superseded"
    return how_silence_ended(state, alert, change, step.at)


def _finding(state: Learner, each: Engaged, low: Low, step: Step) -> Finding:
    course_id, weeks = each.course.course_id, low.weeks
    rule, mean = step.thresholds(LowWeeklyEngagement, course_id), weeks.own_mean or 0.0
    params: dict[str, Param] = {
        "title": each.facts.title or course_id,
        "date": day_and_month(low.day),
        "days": weeks.first + weeks.second,
    }
    if low.severity == "low":
        form, bar = "own", round(rule.own_share * mean, 1)
        params["usual"] = round(mean)
    else:
        form, bar = "few", float(rule.most_days)
        params["due_date"] = day_month(each.open_work[0].due_at, _zone(state, step))
    return Finding(
        rule=RULE,
        severity=low.severity,
        course_id=course_id,
        subject_id=course_id,
        cause=f"{course_id}:{form}:{iso_date(low.day)}",
        at=low.at,
        message_code=f"alert.low_weekly_engagement.{form}",
        params=params,
        evidence=(
            Evidence(
                feature="active_days",
                value=max(weeks.first, weeks.second),
                baseline=round(mean, 1) if form == "own" else None,
                threshold=bar,
                unit="days",
                direction="down",
            ),
        ),
        actions=in_course("plan_session", course_id),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=LowWeeklyEngagement,
    texts=TEXTS,
    documented=Documented(
        severity="low (`own`) and medium (`few`), two alerts",
        raised=(
            "`own`: in each of two whole local weeks (Monday to Sunday) under half as many days "
            "with work as in the mean of the up to six whole weeks before, that mean 2 days or "
            "more, and heavy work is overdue or due within 7 days. `few`: at most 1 day with work "
            "in each of them, and heavy work is overdue. The message counts the days of both "
            "weeks, evidence those of the busier one. Neither while `inactive_days` is open about "
            "the course; only in whole weeks in which the course ran, without breaks"
        ),
        ends=(
            "a whole week with half the mean (`own`) or 2 days (`few`), or nothing heavy is open: "
            "`cleared`; `inactive_days` is raised: `superseded`; another due time: `corrected`; "
            "the course is left or over: `unenrolled`, `course_finished`"
        ),
        cooldown="once for weeks in a row; after `inactive_days` they begin anew",
        cause="course `:own:` or `:few:` date of the Monday",
    ),
    changes=(WorkChanged, CourseAdded, DeadlinesChanged, SilenceEnded, TimerDue),
    on=on,
    due_at=due_at,
)
