"""declining_trend: the newest scores fall, each against what its assessment expects."""

from itertools import pairwise
from typing import Final

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
)
from domain.rules.step import Step
from domain.scores import Scored, residuals
from domain.state import Learner

RULE: Final = Rule(
    category="declining_trend",
    version=1,
    type="performance",
    expires_days=14,
    audience=("learner", "instructor"),
    subject="none",
)


def on_grade(state: Learner, scores: list[Scored], step: Step) -> None:
    """Speak when the last residuals fall; take it back when the next lies above their mean.

    `scores` are the counted ones of open courses in order of time, the new one among them.
    """
    rule = step.configuration.rules.declining_trend
    alert = open_alert(state, RULE, None, None, at=step.at)
    if alert is not None:
        *before, last = residuals(scores[-rule.scores - 1 :])
        if len(before) == rule.scores and last > sum(before) / len(before):
            step.told.append(resolve_alert(state, alert, RULE, at=step.at, resolution="cleared"))
        return
    newest = residuals(scores[-rule.scores :])
    falling = len(newest) == rule.scores and all(a > b for a, b in pairwise(newest))
    if not falling or newest[0] - newest[-1] < rule.points:
        return
    if state.declining_at and step.at < state.declining_at + rule.cooldown_days * DAY:
        return
    state.declining_at = step.at
    finding = _finding(newest, rule.points, step)
    step.told.append(raise_alert(state, finding, step.stale_before, keep=True))


def _finding(newest: list[float], points: float, step: Step) -> Finding:
    return Finding(
        rule=RULE,
        severity="medium",
        course_id=None,
        subject_id=None,
        cause=step.event_id,
        at=step.at,
        message_code="alert.declining_trend.message",
        params={"scores": len(newest)},
        evidence=(
            Evidence(
                feature="score_residual_change",
                value=round(newest[-1] - newest[0], 1),
                baseline=round(newest[0], 1),
                threshold=-points,
                unit="points",
                direction="down",
            ),
        ),
        actions=(Action(code="plan_session", target=Target(kind="none")),),
    )
