"""streak_milestone: so many local days with work in a row, told once a streak."""

from typing import Final

from domain.alerts import Action, Evidence, Finding, Rule, Target, raise_alert
from domain.days import iso_date
from domain.rules.step import Step
from domain.state import Learner

RULE: Final = Rule(
    category="streak_milestone",
    version=1,
    type="achievement",
    expires_days=7,
    audience=("learner",),
    subject="streak",
)


def on_streak(state: Learner, longest_before: int, step: Step) -> None:
    """Tell the milestone that the streak has just reached."""
    rule = step.configuration.rules.streak_milestone
    length = state.streak.length
    if length not in rule.days or (length in rule.first_time_only and longest_before >= length):
        return
    first_day = iso_date(state.streak.first_day)
    finding = Finding(
        rule=RULE,
        severity="low",
        course_id=None,
        subject_id=first_day,
        cause=f"{first_day}:{length}",
        at=step.at,
        message_code="alert.streak_milestone.message",
        params={"days": length},
        evidence=(
            Evidence(
                feature="streak_days",
                value=length,
                baseline=longest_before or None,
                threshold=length,
                unit="days",
                direction="up",
            ),
        ),
        actions=(Action(code="celebrate", target=Target(kind="none")),),
    )
    step.told.append(raise_alert(state, finding, step.stale_before, keep=False))
