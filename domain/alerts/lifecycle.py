"""The life cycle of an alert: it is raised, updated, resolved or forgotten, and may come back.

Whether notification services see a step of it is decided in `delivery`.
"""

import uuid

from msgspec.structs import replace

from domain.alerts import (
    AlertState,
    Finding,
    Resolution,
    Rule,
    Subject,
    Transition,
    TransitionKind,
)
from domain.alerts.delivery import is_held_back, suppressed_reason
from domain.state.learner import (
    ClosedAlert,
    Learner,
    OpenAlert,
)
from domain.state.limits import (
    CLOSED_ALERTS_MAX,
    OPEN_ALERTS_MAX,
)


def forget_expired(state: Learner, now: int) -> None:
    """Expiry is derived when read, so an expired alert is only dropped."""
    for alert in [each for each in state.alerts if each.expires_at <= now]:
        state.alerts.remove(alert)
        _close(state, alert)


def raise_alert(
    state: Learner, finding: Finding, name: bytes, at: int, stale_before: int
) -> Transition | None:
    """Publish `finding` under the id `name`; None where the learner has too many open alerts.

    What is older than `stale_before` is suppressed: a backfill does not notify. An alert that was
    over and is true again since `at` keeps its id and continues with the next revision.
    """
    if len(state.alerts) >= OPEN_ALERTS_MAX:
        state.overflow.alerts += 1
        return None
    rule = finding.rule
    closed = _take_closed(state, name)
    raised_or_back_at = finding.at if closed is None else max(at, closed.at)
    alert = OpenAlert(
        alert_id=name,
        rule=rule.category,
        severity=finding.severity,
        revision=1 if closed is None else closed.revision + 1,
        raised_at=finding.at,
        expires_at=finding.expires_at,
        at=raised_or_back_at,
        course_id=finding.course_id,
        subject=finding.subject_id,
        said=finding.said,
        suppressed=is_held_back(raised_or_back_at, stale_before),
        part=finding.part,
    )
    state.alerts.append(alert)
    return _transition(state, finding, alert, "suppressed" if alert.suppressed else "raised")


def update_alert(
    state: Learner, alert: OpenAlert, finding: Finding, at: int, stale_before: int
) -> Transition:
    """Publish that an open alert says something else, or with another severity; it keeps its id.

    One that was suppressed as stale is delivered from here on, if this change is not stale: to who
    consumes it that is when it is raised.
    """
    alert.at = max(at, alert.at)
    first_seen = alert.suppressed and not is_held_back(alert.at, stale_before)
    alert.suppressed = alert.suppressed and not first_seen
    alert.revision += 1
    alert.severity = finding.severity
    alert.said = finding.said
    alert.expires_at = finding.expires_at
    return _transition(state, finding, alert, "raised" if first_seen else "updated")


def resolve_alert(
    state: Learner, alert: OpenAlert, rule: Rule, *, at: int, resolution: Resolution
) -> Transition:
    """Publish that an open alert is over, and forget it; time never goes back within an alert."""
    state.alerts.remove(alert)
    alert.at = max(at, alert.at)
    alert.revision += 1
    _close(state, alert)
    bare = _bare_transition(state, alert, rule, "resolved")
    return replace(bare, resolved_at=alert.at, resolution=resolution)


def _close(state: Learner, alert: OpenAlert) -> None:
    state.closed.append(ClosedAlert(alert.alert_id, alert.revision, alert.at))
    del state.closed[:-CLOSED_ALERTS_MAX]


def _take_closed(state: Learner, name: bytes) -> ClosedAlert | None:
    for index, closed in enumerate(state.closed):
        if closed.alert_id == name:
            return state.closed.pop(index)
    return None


def _transition(
    state: Learner, finding: Finding, alert: OpenAlert, kind: TransitionKind
) -> Transition:
    """A transition with all that the finding says."""
    return replace(
        _bare_transition(state, alert, finding.rule, kind),
        title_code=f"alert.{finding.rule.category}.title",
        message_code=finding.message_code,
        params=finding.params,
        evidence=finding.evidence,
        suggested_actions=finding.actions,
        spoken=finding.spoken,
        suppressed_reason=suppressed_reason(alert),
    )


def _bare_transition(
    state: Learner, alert: OpenAlert, rule: Rule, kind: TransitionKind
) -> Transition:
    """What identifies the alert, and how it stands."""
    stands: AlertState = "resolved" if kind == "resolved" else "open"
    return Transition(
        kind=kind,
        alert_id=str(uuid.UUID(bytes=alert.alert_id)),
        revision=alert.revision,
        user_id=state.user_id,
        type=rule.type,
        category=rule.category,
        rule_version=rule.version,
        severity=alert.severity,
        state="suppressed" if alert.suppressed else stands,
        at=alert.at,
        raised_at=alert.raised_at,
        expires_at=alert.expires_at,
        audience=rule.audience_of(alert.severity),
        course_id=alert.course_id,
        subject=Subject(rule.subject, alert.subject),
    )
