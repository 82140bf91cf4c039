"""inactive_days: the learner is silent, and heavy work is overdue or due soon."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from domain.alerts import DAY, Finding, Param, Resolution, Rule, in_course
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
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Days, Documented
from domain.rules.speaking import how_silence_ended, same_silence, silent_for
from domain.state.learner import (
    Learner,
    OpenAlert,
    Severity,
)
from domain.state.limits import NEVER
from domain.step import Step

RULE: Final = Rule(
    category="inactive_days",
    version=1,
    type="engagement",
    expires_days=30,
    audience=("learner", "instructor"),
    low_audience=("learner",),
    subject="course",
)


class InactiveDays(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days without work until each severity: low, medium, high.

    In a course with due dates heavy work must be overdue, for low at least due within
    `due_within_days`. A course without has two severities, `without_dates`. The profile `daily`
    is for courses that are worked in every day: `daily` then counts with due dates or without.
    """

    profile: Literal["standard", "daily"] = "standard"
    days: tuple[Days, Days, Days] = (10, 10, 21)
    without_dates: tuple[Days, Days] = (14, 28)
    daily: tuple[Days, Days, Days] = (3, 5, 7)
    due_within_days: Annotated[int, Meta(ge=0, le=365)] = 7

    def __post_init__(self) -> None:
        """Refuse a severity that would come before a lower one."""
        for name in ("days", "without_dates", "daily"):
            given = getattr(self, name)
            if list(given) != sorted(given):
                raise ValueError(f"{name} is {list(given)}, expected in rising order")

    def levels(self, *, dated: bool) -> tuple[int, ...]:
        """Days of silence for low, medium and maybe high."""
        if self.profile == "daily":
            return self.daily
        return self.days if dated else self.without_dates


SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high")
TEXTS: Final = {
    "alert.inactive_days.title": "No Recent Activity",
    "alert.inactive_days.message": "{title}: the last activity was on {date}",
    "alert.inactive_days.not_begun": "{title}: there was no activity yet",
    "alert.inactive_days.due": (
        "{title}: the last activity was on {date}, and what is due on {due_date} has not been "
        "submitted"
    ),
    "alert.inactive_days.overdue": (
        "{title}: the last activity was on {date}, and what was due on {due_date} has not been "
        "submitted"
    ),
    "alert.inactive_days.not_begun_due": (
        "{title}: there was no activity yet, and what is due on {due_date} has not been submitted"
    ),
    "alert.inactive_days.not_begun_overdue": (
        "{title}: there was no activity yet, and what was due on {due_date} has not been submitted"
    ),
}


class Level(NamedTuple):
    """A severity, from when on it stands, and the days of silence that it takes."""

    severity: Severity
    at: int
    days: int


class Silence(NamedTuple):
    """The silence in one course, and the severities that it may come to, in order of time."""

    course: Engaged
    levels: list[Level]

    def severity(self, now: int) -> Severity | None:
        """How severe it is by `now`; None where nothing is to be said, or not any more."""
        reached = [level for level in self.levels if level.at < now]
        return reached[-1].severity if reached and now < self.expires_at else None

    @property
    def expires_at(self) -> int:
        """When what is said of it is over by itself."""
        return self.levels[0].at + RULE.expires_days * DAY


def silence_in(each: Engaged, since: int, step: Step) -> Silence | None:
    """The silence in a course since some work; None where nothing will be said of it."""
    levels = list(_levels(each, since, step))
    return Silence(each, levels) if levels else None


def _levels(each: Engaged, since: int, step: Step) -> Iterator[Level]:
    """The severities that a silence may come to; none comes before a lower one."""
    rule = step.thresholds(InactiveDays, each.course.course_id)
    work = next(iter(each.open_work), None)
    for severity, count in zip(SEVERITIES, _days(each, rule), strict=False):
        at = each.silent_for(since, count * DAY)
        if work is not None:
            ahead = rule.due_within_days * DAY if severity == "low" else 0
            at = max(at, work.due_at - ahead)
        moment = each.speaking_from(at)
        if moment is not None:
            yield Level(severity, moment, count)


def _days(each: Engaged, rule: InactiveDays) -> tuple[int, ...]:
    """Days of silence for each severity; none where all that is due was submitted."""
    if each.dated and not each.open_work:
        return ()
    return rule.levels(dated=each.dated)


def may_be_high(each: Engaged, step: Step) -> bool:
    """Whether a silence in a course can come to the highest severity."""
    rule = step.thresholds(InactiveDays, each.course.course_id)
    return len(_days(each, rule)) == len(SEVERITIES)


def said_of(each: Engaged, state: Learner, step: Step) -> Silence | None:
    """The silence in a course of which something is said now."""
    if step.now - max(state.last_work_at, each.began_at) <= _least(each, step):
        return None  # breaks only make it longer
    silence = silence_in(each, state.last_work_at, step)
    return None if silence is None or silence.severity(step.now) is None else silence


def spoken(each: Engaged, state: Learner, step: Step) -> Iterator[tuple[int, int]]:
    """When something was said of silence in a course, from and until, as is known now."""
    since, least = NEVER, _least(each, step)
    for day in [day for day in state.days if worked(day)]:
        until = day_began_at(day)
        if until - max(since, each.began_at) > least:
            yield from _said_between(each, since, until, step)
        since = day_ended_at(day)
    yield from _said_between(each, state.last_work_at, step.now, step)


def _said_between(each: Engaged, since: int, until: int, step: Step) -> Iterator[tuple[int, int]]:
    silence = silence_in(each, since, step)
    if silence is not None:
        begins, ends = silence.levels[0].at, min(until, silence.expires_at - 1)
        if begins < ends:
            yield begins, ends


def _least(each: Engaged, step: Step) -> int:
    """Seconds of silence under which nothing is said."""
    first, *_ = step.thresholds(InactiveDays, each.course.course_id).levels(dated=each.dated)
    return first * DAY


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at the silence in every course."""
    wanted = [
        same_silence(state, _finding(state, silence, step), step.now)
        for each in step.engaged(state)
        if (silence := said_of(each, state, step)) is not None
    ]

    def ending(alert: OpenAlert) -> Resolution:
        return how_silence_ended(state, alert, change, step.at)

    reconcile(state, RULE, wanted, step, among=lambda _: True, ending=ending)


def due_at(state: Learner, step: Step) -> int | None:
    """The next moment from `step.now` on at which a silence is more severe, if it lasts."""

    def next_level(each: Engaged) -> int | None:
        levels = _levels(each, state.last_work_at, step)
        return next((level.at for level in levels if level.at >= step.now), None)

    return min(filter(None, map(next_level, step.engaged(state))), default=None)


def _finding(state: Learner, silence: Silence, step: Step) -> Finding:
    level = [level for level in silence.levels if level.at < step.now][-1]
    each, zone = silence.course, state.zone or step.zone
    course_id = each.course.course_id
    since = max(state.last_work_at, each.began_at)
    begun = state.last_work_at >= each.began_at
    code = "" if begun else "not_begun"
    params: dict[str, Param] = {"title": each.facts.title or course_id}
    if begun:
        params["date"] = day_month(since, zone)
    if each.open_work:
        due_at = each.open_work[0].due_at
        code += ("_" if code else "") + ("overdue" if due_at < step.now else "due")
        params["due_date"] = day_month(due_at, zone)
    return Finding(
        rule=RULE,
        severity=level.severity,
        course_id=course_id,
        subject_id=course_id,
        cause=f"{course_id}:{since}",
        at=silence.levels[0].at,
        message_code=f"alert.inactive_days.{code or 'message'}",
        params=params,
        evidence=silent_for("days_since_work", level.days),
        actions=in_course("resume_course", course_id),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=InactiveDays,
    texts=TEXTS,
    documented=Documented(
        severity="low; medium where heavy work is overdue; high after 21 days of silence",
        raised=(
            "no work for 10 days, and heavy work is overdue or due within 7 days, not submitted. "
            "In a course without due dates: 14 days (low), 28 (medium). With the profile `daily`: "
            "3, 5, 7. Silence begins with the course, and breaks do not count; only while the "
            "course runs"
        ),
        ends=(
            "the learner works, or submits what is open: `cleared`; another due time, or late "
            "events show that it was not so: `corrected`; the course is left or over: "
            "`unenrolled`, `course_finished`"
        ),
        cooldown="once a silence",
        cause=(
            "course `:` time of the last work (or of the course's beginning), as known when raised"
        ),
    ),
    changes=(WorkChanged, CourseAdded, DeadlinesChanged, SilenceEnded, TimerDue),
    on=on,
    due_at=due_at,
)
