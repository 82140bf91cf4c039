"""Alerts: their ids, their life cycle, and how a rule raises, changes or resolves one.

An alert's id follows from its cause, never from a counter, so that a replay gives the same one;
what happened to it is told as numbered transitions (revisions).
"""

import uuid
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from domain.state import OPEN_ALERTS_MAX, Learner, OpenAlert, Severity

ALERT_NAMESPACE: Final = uuid.UUID("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b11")
STALE_SECONDS: Final = 48 * 3600
DAY: Final = 86_400

AlertType: TypeAlias = Literal["performance", "engagement", "achievement", "system"]
TransitionKind: TypeAlias = Literal["raised", "updated", "resolved", "suppressed"]
Resolution: TypeAlias = Literal[
    "cleared", "superseded", "corrected", "unenrolled", "course_finished"
]
SuppressedReason: TypeAlias = Literal["muted", "below_severity", "daily_cap", "stale"]
Audience: TypeAlias = Literal["learner", "instructor", "operator"]
SubjectKind: TypeAlias = Literal["assessment", "module", "streak", "course", "none"]
ActionCode: TypeAlias = Literal[
    "submit_assessment",
    "review_module",
    "resume_course",
    "plan_session",
    "ask_for_help",
    "set_goal",
    "celebrate",
]
Unit: TypeAlias = Literal["percent", "points", "days", "minutes", "activities"]
Param: TypeAlias = str | int | float
AlertState: TypeAlias = Literal["open", "resolved", "suppressed"]


class Subject(Struct, frozen=True):
    """What an alert is about."""

    kind: SubjectKind
    id: str | None = None


class Evidence(Struct, frozen=True, kw_only=True):
    """The figure that made a rule speak."""

    feature: str
    value: float
    baseline: float | None = None
    threshold: float | None = None
    unit: Unit
    direction: Literal["up", "down"]


class Target(Struct, frozen=True, kw_only=True):
    """What an action is to be done on."""

    kind: Literal["course", "module", "assessment", "skill", "none"]
    id: str | None = None
    course_id: str | None = None


class Action(Struct, frozen=True, kw_only=True):
    """A suggested next step: a code with parameters; the text comes from the catalogue."""

    code: ActionCode
    params: dict[str, Param] = field(default_factory=dict)
    target: Target
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What is the same for every alert of one rule; `category` is the rule's name."""

    category: str
    version: int
    type: AlertType
    expires_days: int
    audience: tuple[Audience, ...]
    subject: SubjectKind


class Transition(Struct, frozen=True, kw_only=True):
    """One step in an alert's life, as `progress.alerts` carries it; times in epoch seconds.

    A `resolved` transition repeats what identifies the alert and says how it ended; evidence, texts
    and actions stand in the transition that raised or last updated it.
    """

    kind: TransitionKind
    alert_id: str
    revision: int
    user_id: str
    type: AlertType
    category: str
    rule_version: int
    severity: Severity
    state: AlertState
    at: int  # when this transition happened
    raised_at: int
    expires_at: int
    audience: tuple[Audience, ...]
    course_id: str | None
    subject: Subject
    title_code: str | None = None
    message_code: str | None = None
    params: dict[str, Param] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    suggested_actions: tuple[Action, ...] = ()
    resolved_at: int | None = None
    resolution: Resolution | None = None
    suppressed_reason: SuppressedReason | None = None
    deferred_until: int | None = None

    @property
    def delivered(self) -> bool:
        """Whether notification services see it: nothing of a suppressed alert is delivered."""
        return self.state != "suppressed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: everything of an alert that the rule decides."""

    rule: Rule
    severity: Severity
    course_id: str | None
    subject_id: str | None
    cause: str
    at: int
    message_code: str
    params: dict[str, Param]
    evidence: tuple[Evidence, ...]
    actions: tuple[Action, ...] = ()


def alert_id(user_id: str, rule: str, subject: str | None, cause: str) -> str:
    """uuid5 of learner, rule, subject and cause."""
    return str(uuid.uuid5(ALERT_NAMESPACE, "\x1f".join((user_id, rule, subject or "", cause))))


def raise_alert(state: Learner, finding: Finding, stale_before: int, *, keep: bool) -> Transition:
    """Tell `finding`; with `keep` the state remembers it, so that later facts can change it.

    What is older than `stale_before` is suppressed: a backfill does not notify.
    """
    rule = finding.rule
    suppressed = finding.at < stale_before
    alert = OpenAlert(
        alert_id=alert_id(state.user_id, rule.category, finding.subject_id, finding.cause),
        rule=rule.category,
        severity=finding.severity,
        revision=1,
        raised_at=finding.at,
        expires_at=finding.at + rule.expires_days * DAY,
        course_id=finding.course_id,
        subject=finding.subject_id,
        suppressed=suppressed,
    )
    if keep:
        _remember(state, alert)
    return _telling(state, finding, alert, "suppressed" if suppressed else "raised")


def update_alert(
    state: Learner, alert: OpenAlert, finding: Finding, stale_before: int
) -> Transition:
    """Tell that an open alert became graver (or milder); it keeps its id.

    One that was suppressed as stale is delivered from here on, if this change is not stale.
    """
    alert.suppressed = alert.suppressed and finding.at < stale_before
    alert.revision += 1
    alert.severity = finding.severity
    return _telling(state, finding, alert, "updated")


def resolve_alert(
    state: Learner, alert: OpenAlert, rule: Rule, *, at: int, resolution: Resolution
) -> Transition:
    """Tell that an open alert is over, and forget it; never before the time it was raised."""
    state.alerts.remove(alert)
    at = max(at, alert.raised_at)
    return Transition(
        kind="resolved",
        alert_id=alert.alert_id,
        revision=alert.revision + 1,
        user_id=state.user_id,
        type=rule.type,
        category=rule.category,
        rule_version=rule.version,
        severity=alert.severity,
        state="suppressed" if alert.suppressed else "resolved",
        at=at,
        raised_at=alert.raised_at,
        expires_at=alert.expires_at,
        audience=rule.audience,
        course_id=alert.course_id,
        subject=Subject(rule.subject, alert.subject),
        resolved_at=at,
        resolution=resolution,
    )


def open_alert(
    state: Learner, rule: Rule, course_id: str | None, subject: str | None, *, at: int
) -> OpenAlert | None:
    """The learner's open alert of this rule about this subject that has not expired by `at`."""
    for alert in state.alerts:
        same = alert.rule == rule.category and alert.course_id == course_id
        if same and alert.subject == subject and alert.expires_at > at:
            return alert
    return None


def forget_expired(state: Learner, at: int) -> None:
    """Expiry is derived when read, so an expired alert is only dropped."""
    if state.alerts and any(alert.expires_at <= at for alert in state.alerts):
        state.alerts = [alert for alert in state.alerts if alert.expires_at > at]


def _remember(state: Learner, alert: OpenAlert) -> None:
    state.alerts.append(alert)
    if len(state.alerts) > OPEN_ALERTS_MAX:
        del state.alerts[0]
        state.overflow.alerts += 1


def _telling(
    state: Learner, finding: Finding, alert: OpenAlert, kind: TransitionKind
) -> Transition:
    rule = finding.rule
    return Transition(
        kind=kind,
        alert_id=alert.alert_id,
        revision=alert.revision,
        user_id=state.user_id,
        type=rule.type,
        category=rule.category,
        rule_version=rule.version,
        severity=finding.severity,
        state="suppressed" if alert.suppressed else "open",
        at=finding.at,
        raised_at=alert.raised_at,
        expires_at=alert.expires_at,
        audience=rule.audience,
        course_id=finding.course_id,
        subject=Subject(rule.subject, finding.subject_id),
        title_code=f"alert.{rule.category}.title",
        message_code=finding.message_code,
        params=finding.params,
        evidence=finding.evidence,
        suggested_actions=finding.actions,
        suppressed_reason="stale" if alert.suppressed else None,
    )
