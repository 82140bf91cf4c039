"""Alerts: what they are made of, and their ids.

An alert's id follows from its cause, never from a counter, so that a replay gives the same one;
what happens to it is published as numbered transitions (revisions).
"""

import uuid
import zlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct, field

from domain.events import activity
from domain.state.learner import Severity

ALERT_NAMESPACE: Final = uuid.UUID("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b11")
STALE_SECONDS: Final = 48 * 3600
DAY: Final = 86_400

AlertType: TypeAlias = activity.AlertType
ALERT_TYPES: Final[tuple[AlertType, ...]] = get_args(activity.AlertType)
Feedback: TypeAlias = activity.Feedback
TransitionKind: TypeAlias = Literal["raised", "updated", "resolved", "suppressed"]
Resolution: TypeAlias = Literal[
    "cleared", "superseded", "corrected", "unenrolled", "course_finished"
]
SuppressedReason: TypeAlias = Literal["muted", "below_severity", "daily_cap", "stale"]
Audience: TypeAlias = Literal["learner", "instructor", "operator"]
SubjectKind: TypeAlias = Literal[
    "assessment", "module", "streak", "course", "model", "partition", "none"
]
ActionCode: TypeAlias = Literal[
    "submit_assessment",
    "review_module",
    "resume_course",
    "plan_session",
    "ask_for_help",
    "set_goal",
    "celebrate",
    "review_model",
    "pin_model",
    "check_source",
    "review_dead_letters",
]
Unit: TypeAlias = Literal["percent", "points", "days", "minutes", "activities", "ratio"]
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


class Contribution(Struct, frozen=True):
    """What one feature added to a model's log-odds, and the bin that its value falls into."""

    feature: str
    bin: int
    log_odds: float


class Spoken(Struct, frozen=True, kw_only=True):
    """What a model said where it is why a rule speaks.

    `probability` is calibrated, to three decimals; None where the alert is about the model itself.
    `version` is the number of the snapshot; `contributions` are those of the features that add
    anything, the largest first.
    """

    name: str
    version: str
    probability: float | None = None
    contributions: tuple[Contribution, ...] = ()


class Target(Struct, frozen=True, kw_only=True):
    """What an action is to be done on."""

    kind: Literal["course", "module", "assessment", "skill", "model", "partition", "none"]
    id: str | None = None
    course_id: str | None = None


class Action(Struct, frozen=True, kw_only=True):
    """A suggested next step: a code with parameters; the text comes from the catalogue."""

    code: ActionCode
    params: dict[str, Param] = field(default_factory=dict)
    target: Target
    due_at: int | None = None


def in_course(code: ActionCode, course_id: str) -> tuple[Action, ...]:
    """The one step that is suggested, on a course."""
    return (Action(code=code, target=Target(kind="course", id=course_id, course_id=course_id)),)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is the same for every alert of one rule; `category` is the rule's name.

    `low_audience` is that of alerts of low severity, where it is not `audience`.
    """

    category: str
    version: int
    type: AlertType
    expires_days: int
    audience: tuple[Audience, ...]
    subject: SubjectKind
    low_audience: tuple[Audience, ...] | None = None

    def audience_of(self, severity: Severity) -> tuple[Audience, ...]:
        """Who an alert of that severity is for."""
        if severity == "low" and self.low_audience is not None:
            return self.low_audience
        return self.audience


class Transition(Struct, frozen=True, kw_only=True):
    """One step in an alert's life, as `progress.alerts` carries it; times in epoch seconds.

    `user_id` is empty where it is about no learner. What is about a model or a partition goes to
    `alerts` alone: see `in_history`.
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
    spoken: Spoken | None = None

    @property
    def about(self) -> str:
        """The key of the alert's records, and its CloudEvents subject: the learner's id.

        Of an alert about no learner, what it is about.
        """
        return self.user_id or f"{self.subject.kind}:{self.subject.id}"

    @property
    def in_history(self) -> bool:
        """Whether `progress.alerts` has it, and so the learner's history.

        What is about a model, or about the data that arrives, is for operators and not of it.
        """
        return self.subject.kind not in {"model", "partition"}

    @property
    def delivered(self) -> bool:
        """Whether notification services see it: nothing of a suppressed alert is delivered."""
        return self.state != "suppressed"


class Response(Struct, frozen=True, kw_only=True):
    """What a learner said about an alert, as `progress.alerts` carries it; no transition of it.

    `at` is when it was said, in epoch seconds: the first acknowledgement counts, and the newest
    feedback. `feedback` is None in an acknowledgement.
    """

    kind: Literal["acknowledged", "feedback"]
    alert_id: str
    user_id: str
    at: int
    feedback: Feedback | None = None

    @property
    def in_history(self) -> bool:
        """`progress.alerts` has it, as a part of the learner's history."""
        return True


Published: TypeAlias = Transition | Response


@dataclass(frozen=True, slots=True)
class Finding:
    """An alert that is to be open: everything of it that the rule decides.

    `at` is when what it says became so, whenever that is found out; `part` is the part of the rule
    that found it, where its parts are looked at apart; `until` is when it is over by itself, where
    that is not so many days after `at`; `continues` is the id of the open alert that it goes on as,
    where that was raised by another cause.
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
    spoken: Spoken | None = None
    until: int | None = None
    continues: bytes | None = None

    @property
    def expires_at(self) -> int:
        """When the alert is over by itself."""
        if self.until is not None:
            return self.until
        return self.at + self.rule.expires_days * DAY

    def id_of(self, user_id: str) -> bytes:
        """The alert's id, 16 bytes, where it is about that learner."""
        return (
            self.continues
            or alert_id(user_id, self.rule.category, self.subject_id, self.cause).bytes
        )

    @property
    def said(self) -> int:
        """32 bits that stand for what is said."""
        return zlib.crc32(_encoder.encode((self.severity, self.message_code, self.params)))


_encoder: Final = msgspec.json.Encoder(order="deterministic")


def alert_id(user_id: str, rule: str, subject: str | None, cause: str) -> uuid.UUID:
    """uuid5 of learner (empty: about none), rule, subject and cause."""
    return uuid.uuid5(ALERT_NAMESPACE, "\x1f".join((user_id, rule, subject or "", cause)))
