"""Alerts as they are delivered: every one that a test takes from here is a valid CloudEvent."""

from typing import Any, Final

import msgspec
from cloudevents.core.bindings.kafka import KafkaMessage, from_structured_event
from jsonschema import Draft7Validator

from contracts.alert_event import CONTENT_TYPE, encode_alert_event
from domain.alerts import Transition
from domain.configuration import Configuration

SOURCE: Final = Configuration().alert_source
_TEXT: Final = {"type": "string", "minLength": 1}
_SCHEMA: Final[dict[str, Any]] = {  # CloudEvents 1.0.2, section 3: its attributes, JSON format
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": _TEXT,
        "source": {**_TEXT, "format": "uri-reference"},
        "specversion": {"const": "1.0"},
        "type": _TEXT,
        "datacontenttype": {**_TEXT, "pattern": r"^[\w.+-]+/[\w.+-]+$"},
        "dataschema": {**_TEXT, "format": "uri"},  # absolute: only `source` may be relative
        "subject": _TEXT,
        "time": {**_TEXT, "format": "date-time"},
        "data": {"type": "object"},
    },
    "patternProperties": {"^[a-z0-9]{1,20}$": True},
    "additionalProperties": False,
}
_CHECK: Final = Draft7Validator(_SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)


def delivered(transition: Transition, source: str = SOURCE) -> bytes:
    """The alert of a transition, after CloudEvents' own SDK and its rules have taken it."""
    value = encode_alert_event(transition, source)
    assert not_cloudevents(value) == []
    headers = {"content-type": CONTENT_TYPE.encode()}
    read = from_structured_event(KafkaMessage(headers, transition.about.encode(), value))
    assert read.get_source() == source
    assert read.get_subject() == transition.about
    return value


def not_cloudevents(value: bytes) -> list[str]:
    """What CloudEvents 1.0 has against a value."""
    event = msgspec.json.decode(value)
    return [f"{error.json_path}: {error.message}" for error in _CHECK.iter_errors(event)]
