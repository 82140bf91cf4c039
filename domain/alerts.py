"""Alerts: their ids, their life cycle, and how one is raised, changed or resolved.

An alert's id follows from its cause, never from a counter, so that a replay gives the same one;
what happens to it is published as numbered transitions (revisions).
"""

import uuid
import zlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct, field

from domain.state import (
    CLOSED_ALERTS_MAX,
    OPEN_ALERTS_MAX,
    ClosedAlert,
    Learner,
    OpenAlert,
    Severity,
)

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
    """An alert that is to be open: everything of it that the rule decides.

    `at` is when what it says became so, whenever that is found out; `part` is the part of the rule
    that found it, where its parts are looked at apart.
    """

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
    part: int = 0

    @property
    def expires_at(self) -> int:
        """When the alert is over by itself."""
        return self.at + self.rule.expires_days * DAY

    def id_of(self, user_id: str) -> bytes:
        """The alert's id, 16 bytes, where it is about that learner."""
        return alert_id(user_id, self.rule.category, self.subject_id, self.cause).bytes

    @property
    def said(self) -> int:
        """32 bits that stand for what is said."""
        return zlib.crc32(_encoder.encode((self.severity, self.message_code, self.params)))


_encoder: Final = msgspec.json.Encoder(order="deterministic")


def alert_id(user_id: str, rule: str, subject: str | None, cause: str) -> uuid.UUID:
    """uuid5 of learner, rule, subject and cause."""
    return uuid.uuid5(ALERT_NAMESPACE, "\x1f".join((user_id, rule, subject or "", cause)))


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
    told_at = finding.at if closed is None else max(at, closed.at)
    alert = OpenAlert(
        alert_id=name,
        rule=rule.category,
        severity=finding.severity,
        revision=1 if closed is None else closed.revision + 1,
        raised_at=finding.at,
        expires_at=finding.expires_at,
        at=told_at,
        course_id=finding.course_id,
        subject=finding.subject_id,
        said=finding.said,
        suppressed=told_at < stale_before,
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
    first_seen = alert.suppressed and alert.at >= stale_before
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
    return Transition(
        kind="resolved",
        alert_id=str(uuid.UUID(bytes=alert.alert_id)),
        revision=alert.revision,
        user_id=state.user_id,
        type=rule.type,
        category=rule.category,
        rule_version=rule.version,
        severity=alert.severity,
        state="suppressed" if alert.suppressed else "resolved",
        at=alert.at,
        raised_at=alert.raised_at,
        expires_at=alert.expires_at,
        audience=rule.audience,
        course_id=alert.course_id,
        subject=Subject(rule.subject, alert.subject),
        resolved_at=alert.at,
        resolution=resolution,
    )


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
    rule = finding.rule
    return Transition(
        kind=kind,
        alert_id=str(uuid.UUID(bytes=alert.alert_id)),
        revision=alert.revision,
        user_id=state.user_id,
        type=rule.type,
        category=rule.category,
        rule_version=rule.version,
        severity=finding.severity,
        state="suppressed" if alert.suppressed else "open",
        at=alert.at,
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
