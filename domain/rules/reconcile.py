"""How a rule's findings become alerts: what is to be open is compared with what is open.

A rule says which of its alerts are to be open, from the state alone. So the open alerts are the
same whatever the order in which events arrived; what was published on the way may differ, and the
id of an alert about a silence that late events shortened, which stays what it was.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from domain.alerts import Finding, Resolution, Rule
from domain.alerts.delivery import Moment
from domain.alerts.lifecycle import forget_expired, raise_alert, resolve_alert, update_alert
from domain.keepers.days import zone_in_force
from domain.state.learner import (
    Learner,
    OpenAlert,
)
from domain.step import Step

Ending: TypeAlias = Callable[[OpenAlert], Resolution]


def corrected(_alert: OpenAlert) -> Resolution:
    """What the alert said was never so, as is known by now."""
    return "corrected"


def reconcile(
    state: Learner,
    rule: Rule,
    wanted: Iterable[Finding],
    step: Step,
    *,
    among: Callable[[OpenAlert], bool],
    ending: Ending = corrected,
) -> None:
    """Raise, update and resolve until the open alerts of `rule` `among` others are those wanted."""
    if state.alerts:
        forget_expired(state, step.now)
    due = {each.id_of(state.user_id): each for each in wanted if each.expires_at > step.now}
    open_now = [each for each in state.alerts if each.rule == rule.category and among(each)]
    if not (due or open_now):
        return
    for alert in open_now:
        if alert.alert_id not in due:
            resolution = ending(alert)
            step.published.append(
                resolve_alert(state, alert, rule, at=step.at, resolution=resolution)
            )
    known = {alert.alert_id: alert for alert in open_now}
    for name, finding in due.items():
        _publish(state, finding, name, known.get(name), step)


def _publish(
    state: Learner, finding: Finding, name: bytes, alert: OpenAlert | None, step: Step
) -> None:
    if alert is None:
        raised = raise_alert(state, finding, name, _moment(state, step))
        if raised is not None:
            step.published.append(raised)
    elif alert.said != finding.said or alert.expires_at != finding.expires_at:
        step.published.append(update_alert(state, alert, finding, _moment(state, step)))


def _moment(state: Learner, step: Step) -> Moment:
    """When what this step finds is published; a timer's `now` is the second after it."""
    now = max(step.at, step.now - 1)
    return Moment(step.at, now, step.stale_before, zone_in_force(state, now, step.zone))
