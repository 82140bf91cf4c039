"""streak_milestone: so many local days with work in a row, once a streak."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from domain.alerts import DAY, Evidence, Finding, Rule
from domain.changes import Change, DaysChanged, FactsChanged
from domain.keepers.days import day_and_month, day_began_at, iso_date, runs
from domain.rules.reconcile import reconcile
from domain.rules.rule import AlertRule, Documented
from domain.state.learner import (
    Day,
    Learner,
)
from domain.step import Step

RULE: Final = Rule(
    category="streak_milestone",
    version=2,
    type="achievement",
    expires_days=7,
    audience=("learner",),
    subject="streak",
)


class StreakMilestone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days of a streak that raise an alert, once a streak; the first only the first time."""

    days: tuple[int, ...] = (3, 7, 14, 30, 50, 100)
    first_time_only: tuple[int, ...] = (3,)

    def __post_init__(self) -> None:
        """Refuse days that do not rise from 1 on, and first ones that are not among them."""
        if list(self.days) != sorted(set(self.days)) or min(self.days, default=1) < 1:
            raise ValueError(f"days are {list(self.days)}, expected to rise from 1 on")
        if not set(self.first_time_only) <= set(self.days):
            given, days = list(self.first_time_only), list(self.days)
            raise ValueError(f"first_time_only is {given}, expected none but of days, {days}")


TEXTS: Final = {
    "alert.streak_milestone.title": "Streak Milestone",
    "alert.streak_milestone.message": "You worked {days} days in a row, from {from} to {to}",
}


def on(change: Change, state: Learner, step: Step) -> None:
    """Look at the runs of days again, after they changed, unless a streak only grew a little."""
    grew = isinstance(change, DaysChanged) and not change.joined
    if grew and state.streak.length not in step.thresholds(StreakMilestone).days:
        return
    reconcile(state, RULE, _findings(state, step), step, among=lambda _: True)


def _findings(state: Learner, step: Step) -> Iterator[Finding]:
    rule = step.thresholds(StreakMilestone)
    for run in runs(state):
        before_held = run.length - len(run.days)
        for length in sorted(rule.days):
            if not before_held < length <= run.length:
                continue
            if length in rule.first_time_only and run.longest_before >= length:
                continue
            day = run.days[length - before_held - 1]
            if day_began_at(day) + RULE.expires_days * DAY > step.now:
                yield _finding(run.first_day, length, day, run.longest_before)


def _finding(first_day: int, length: int, day: Day, longest_before: int) -> Finding:
    first = iso_date(first_day)
    return Finding(
        rule=RULE,
        severity="low",
        course_id=None,
        subject_id=first,
        cause=f"{first}:{length}",
        at=day_began_at(day),
        message_code="alert.streak_milestone.message",
        params={
            "days": length,
            "from": day_and_month(first_day),
            "to": day_and_month(day.day),
        },
        evidence=(
            Evidence(
                feature="streak_days",
                value=length,
                baseline=max(longest_before, length - 1) or None,
                threshold=length,
                unit="days",
                direction="up",
            ),
        ),
    )


DEFINITION: Final = AlertRule(
    spec=RULE,
    thresholds=StreakMilestone,
    texts=TEXTS,
    documented=Documented(
        severity="low",
        raised="3 (the first time only), 7, 14, 30, 50 or 100 local days with work in a row",
        ends="late events show that the streak was different: `corrected`",
        cooldown="once a streak and milestone",
        cause="first day of the streak `:` days",
    ),
    changes=(DaysChanged, FactsChanged),
    on=on,
)
