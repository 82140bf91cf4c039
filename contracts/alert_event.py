"""Alerts on the wire: every transition on `progress.alerts`, CloudEvents 1.0 on `alerts`."""

import uuid
from datetime import UTC, datetime
from typing import Final

import msgspec

from domain.alerts import (
    Action,
    Contribution,
    Evidence,
    Param,
    Published,
    Response,
    Subject,
    Transition,
)
from domain.ids import shown_id
from domain.texts import text

CONTENT_TYPE: Final = "application/cloudevents+json"
HEADERS: Final = [("content-type", CONTENT_TYPE.encode())]
"""Of the Kafka record of an alert event."""
SCHEMA: Final = "urn:learnstream:schema:alert:v1"
"""The `$id` of the JSON Schema that stands behind it: contracts/schemas/alert.v1.json."""
TYPE_PREFIX: Final = "learnstream.alert."

_encoder: Final = msgspec.json.Encoder()
_transitions: Final = msgspec.json.Decoder(Transition)
_responses: Final = msgspec.json.Decoder(Response)
_RESPONSES: Final = tuple(b'{"kind":"%s"' % kind for kind in (b"acknowledged", b"feedback"))


class RuleName(msgspec.Struct, frozen=True):
    """Which rule spoke, in which version."""

    name: str
    version: int


class ModelName(msgspec.Struct, frozen=True):
    """Which model spoke, in which version: the number of its snapshot."""

    name: str
    version: str


class AlertAction(msgspec.Struct, frozen=True):
    """A suggested next step, with its English text."""

    code: str
    params: dict[str, Param]
    text: str
    target: dict[str, str | None]
    due_at: str | None


class AlertData(msgspec.Struct, frozen=True):
    """The `data` of an alert event; times are RFC 3339 in UTC. No `user_id`: about no learner."""

    alert_id: str
    revision: int
    state: str
    user_id: int | str | None
    type: str
    category: str
    severity: str
    rule: RuleName
    audience: tuple[str, ...]
    course_id: str | None
    subject: Subject
    raised_at: str
    updated_at: str
    expires_at: str
    resolved_at: str | None
    resolution: str | None
    deferred_until: str | None
    title_code: str | None
    message_code: str | None
    params: dict[str, Param]
    title: str | None
    message: str | None
    evidence: tuple[Evidence, ...]
    suggested_actions: tuple[AlertAction, ...]
    probability: float | None = None
    model: ModelName | None = None
    contributions: tuple[Contribution, ...] = ()


class AlertEvent(msgspec.Struct, frozen=True):
    """A CloudEvents 1.0 event in structured JSON; `id` = uuid5(alert_id, revision)."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str
    datacontenttype: str
    dataschema: str
    data: AlertData


def encode_transition(published: Published) -> bytes:
    """The JSON of a transition or a response, as `progress.alerts` carries it."""
    return _encoder.encode(published)


def decode_published(data: bytes) -> Published:
    """What `encode_transition` made; raises msgspec.DecodeError where it is none of both."""
    return _responses.decode(data) if data.startswith(_RESPONSES) else decode_transition(data)


def decode_transition(data: bytes) -> Transition:
    """One transition, as the body of an alert's row is; raises msgspec.DecodeError else."""
    return _transitions.decode(data)


def encode_alert_event(transition: Transition, source: str) -> bytes:
    """The CloudEvent of a transition that is to be delivered; `source` names the installation."""
    assert transition.delivered, "a suppressed alert is not delivered"
    event = AlertEvent(
        specversion="1.0",
        id=str(uuid.uuid5(uuid.UUID(transition.alert_id), str(transition.revision))),
        source=source,
        type=TYPE_PREFIX + transition.kind,
        time=instant(transition.at),
        subject=transition.about,
        datacontenttype="application/json",
        dataschema=SCHEMA,
        data=_data(transition),
    )
    return _encoder.encode(event)


def instant(at: int) -> str:
    """RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"


def _data(transition: Transition) -> AlertData:
    title, message, spoken = transition.title_code, transition.message_code, transition.spoken
    return AlertData(
        alert_id=transition.alert_id,
        revision=transition.revision,
        state=transition.state,
        user_id=shown_id(transition.user_id) if transition.user_id else None,
        type=transition.type,
        category=transition.category,
        severity=transition.severity,
        rule=RuleName(transition.category, transition.rule_version),
        audience=transition.audience,
        course_id=transition.course_id,
        subject=transition.subject,
        raised_at=instant(transition.raised_at),
        updated_at=instant(transition.at),
        expires_at=instant(transition.expires_at),
        resolved_at=_instant_or_none(transition.resolved_at),
        resolution=transition.resolution,
        deferred_until=_instant_or_none(transition.deferred_until),
        title_code=title,
        message_code=message,
        params=transition.params,
        title=None if title is None else text(title, transition.params),
        message=None if message is None else text(message, transition.params),
        evidence=transition.evidence,
        suggested_actions=tuple(_action(action) for action in transition.suggested_actions),
        probability=None if spoken is None else spoken.probability,
        model=None if spoken is None else ModelName(spoken.name, spoken.version),
        contributions=() if spoken is None else spoken.contributions,
    )


def _action(action: Action) -> AlertAction:
    target = action.target
    return AlertAction(
        code=action.code,
        params=action.params,
        text=text(f"action.{action.code}", action.params),
        target={"kind": target.kind, "id": target.id, "course_id": target.course_id},
        due_at=_instant_or_none(action.due_at),
    )


def _instant_or_none(at: int | None) -> str | None:
    return None if at is None else instant(at)
