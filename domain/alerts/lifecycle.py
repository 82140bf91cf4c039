"""The life cycle of an alert: it is raised, updated, resolved or forgotten, and may come back.

Whether notification services see a step of it is decided in `delivery`.
"""

import uuid

from msgspec.structs import replace

from domain.alerts import (
    AlertState,
    Finding,
    Resolution,
    Response,
    Rule,
    Subject,
    Transition,
    TransitionKind,
)
from domain.alerts.delivery import (
    Moment,
    count_delivered,
    deferred_until,
    suppressed_reason,
)
from domain.events.activity import AlertAcknowledged, AlertFeedback
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


def raise_alert(state: Learner, finding: Finding, name: bytes, moment: Moment) -> Transition | None:
    """Publish `finding` under the id `name`; None where the learner has too many open alerts.

    It may be suppressed: see `delivery`. An alert that was over and is true again since the moment
    keeps its id and continues with the next revision.
    """
    if len(state.alerts) >= OPEN_ALERTS_MAX:
        state.overflow.alerts += 1
        return None
    rule = finding.rule
    closed = _take_closed(state, name)
    raised_or_back_at = finding.at if closed is None else max(moment.at, closed.at)
    moment = moment._replace(at=raised_or_back_at)
    reason = suppressed_reason(state, rule, finding.severity, moment)
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
        suppressed=reason is not None,
        part=finding.part,
    )
    state.alerts.append(alert)
    if reason is not None:
        told = _transition(state, finding, alert, "suppressed")
        return replace(told, suppressed_reason=reason)
    return _delivered(state, finding, alert, moment, "raised")


def update_alert(state: Learner, alert: OpenAlert, finding: Finding, moment: Moment) -> Transition:
    """Publish that an open alert says something else, or with another severity; it keeps its id.

    One that was suppressed is delivered from here on, if nothing holds this change back: to who
    consumes it that is when it is raised. What was delivered once stays so.
    """
    alert.at = max(moment.at, alert.at)
    moment = moment._replace(at=alert.at)
    alert.revision += 1
    alert.severity = finding.severity
    alert.said = finding.said
    alert.expires_at = finding.expires_at
    if not alert.suppressed:
        return _delivered(state, finding, alert, moment, "updated")
    reason = suppressed_reason(state, finding.rule, finding.severity, moment)
    if reason is not None:
        told = _transition(state, finding, alert, "updated")
        return replace(told, suppressed_reason=reason)
    alert.suppressed = False
    return _delivered(state, finding, alert, moment, "raised")


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


def is_known(state: Learner, alert_id: str) -> bool:
    """Whether the alert is open, or among those that are over and remembered."""
    name = uuid.UUID(alert_id).bytes
    known = [alert.alert_id for alert in state.alerts], [alert.alert_id for alert in state.closed]
    return any(name in ids for ids in known)


def response(state: Learner, event: AlertAcknowledged | AlertFeedback, at: int) -> Response | None:
    """What to publish of what a learner says about an alert; None of one that is not known here."""
    if not is_known(state, event.alert_id):
        return None
    if isinstance(event, AlertFeedback):
        return Response(
            kind="feedback",
            alert_id=event.alert_id,
            user_id=state.user_id,
            at=at,
            feedback=event.value,
        )
    return Response(kind="acknowledged", alert_id=event.alert_id, user_id=state.user_id, at=at)


def _close(state: Learner, alert: OpenAlert) -> None:
    state.closed.append(ClosedAlert(alert.alert_id, alert.revision, alert.at))
    del state.closed[:-CLOSED_ALERTS_MAX]


def _take_closed(state: Learner, name: bytes) -> ClosedAlert | None:
    for index, closed in enumerate(state.closed):
        if closed.alert_id == name:
            return state.closed.pop(index)
    return None


def _delivered(
    state: Learner, finding: Finding, alert: OpenAlert, moment: Moment, kind: TransitionKind
) -> Transition:
    """A transition that notification services see, at once or when quiet hours are over."""
    until = deferred_until(state, finding.rule, moment)
    if kind == "raised":
        count_delivered(state, finding.rule, moment)
    return replace(_transition(state, finding, alert, kind), deferred_until=until)


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
