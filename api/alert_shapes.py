"""The answer of performance-alerts, key by key."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from domain.alerts import (
    AlertType,
    Audience,
    Param,
    Resolution,
    SubjectKind,
    SuppressedReason,
)
from domain.state.learner import Severity
from metrics.shapes import (
    RESERVED_NAMES,
    Action,
    Evidence,
    Instant,
    Model,
    Prob,
    Text,
    Uuid,
    many,
)

ShownState: TypeAlias = Literal["open", "acknowledged", "resolved", "expired", "suppressed"]


@many
class AlertSubject:
    """What an alert is about."""

    kind: SubjectKind
    id: str | None


@many
class AlertRule:
    """Which rule spoke, in which version."""

    name: str
    version: int


@many
class Alert:
    """An alert as it stands; `timestamp` is when it was raised and never changes."""

    id: Uuid
    type: AlertType
    severity: Severity
    category: str
    title: str
    message: str
    actionable: bool
    timestamp: Instant
    title_code: str
    message_code: str
    params: dict[str, Param]
    state: ShownState
    revision: int
    updated_at: Instant
    resolved_at: Instant | None
    resolution: Resolution | None
    suppressed_reason: SuppressedReason | None
    deferred_until: Instant | None
    expires_at: Instant
    acknowledged_at: Instant | None
    feedback: Literal["useful", "not_useful", "acted"] | None
    audience: list[Audience]
    course_id: str | None
    course_title: str | None
    subject: AlertSubject
    rule: AlertRule
    evidence: list[Evidence]
    probability: Prob | None
    model: Model | None
    suggested_actions: list[Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What was asked for; the statistics do not heed it."""

    types: list[AlertType]
    severity: list[Severity]
    since: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByType:
    """Alerts by type."""

    performance: int
    engagement: int
    achievement: int
    system: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BySeverity:
    """Alerts by severity."""

    low: int
    medium: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStatistics:
    """What was raised in the last 168 hours, without updates and suppressed ones."""

    total_alerts_last_week: int
    alert_frequency: Literal["none", "low", "medium", "high"]
    average_alerts_per_day: float
    by_type: ByType
    by_severity: BySeverity
    suppressed_last_week: int
    open: int
    unacknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHistory:
    """A page of all alerts, newest first."""

    items: list[Alert]
    limit: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecommendation:
    """A next step, and the alerts that suggest it."""

    reason: Text
    action: Action
    alert_ids: list[Uuid]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From when to when alerts are deferred, in the learner's zone."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    from_: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Which alerts the learner wants to get; version 0 is the default."""

    muted_types: list[AlertType]
    muted_categories: list[str]
    min_severity: Severity
    quiet_hours: QuietHours | None
    max_per_day: int | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceAlerts:
    """The alerts of a learner."""

    filters: Filters
    current_alerts: list[Alert]
    alert_statistics: AlertStatistics
    alert_history: AlertHistory
    recommendations: list[AlertRecommendation]
    preferences: Preferences
