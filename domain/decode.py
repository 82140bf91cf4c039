"""From a record of `activity` to an event, or to the reason why it is rejected.

A verdict depends on the record alone, so that it is the same tomorrow. The fast way is one pass of
a typed decoder; only what it refuses is looked at again to find the reason.
"""

import json
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from domain.events import (
    EVENT_TYPES,
    NOT_YET_SUPPORTED,
    AnyEvent,
    AssessmentGraded,
    ContentViewed,
    GoalSet,
)
from domain.ids import event_hash, partition_of
from domain.zones import is_zone

Reason: TypeAlias = Literal[
    "null_value",
    "too_large",
    "not_utf8",
    "not_json",
    "not_object",
    "too_deep",
    "not_finite",
    "unknown_type",
    "not_yet_supported",
    "unknown_version",
    "bad_id",
    "missing_field",
    "wrong_type",
    "naive_time",
    "future_time",
    "no_key",
    "key_mismatch",
    "wrong_partition",
    "defect",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

VALUE_BYTES_MAX: Final = 65_536
DEPTH_MAX: Final = 32
FUTURE_SECONDS_MAX: Final = 600
USER_ID_MAX: Final = 128
EVENT_VERSION: Final = 1
_YEAR_MIN: Final = 1970
_YEAR_MAX: Final = 9000
_ID_FIELDS: Final = (
    "event_id",
    "user_id",
    "course_id",
    "session_id",
    "content_id",
    "content_kind",
    "module_id",
    "assessment_id",
    "question_id",
    "post_id",
    "goal_id",
)
_ID_MAX: Final = 256


class Record(NamedTuple):
    """A record of `activity` as the fold takes it; `timestamp` in milliseconds (LogAppendTime)."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Rejected(NamedTuple):
    """Why a record is not an event; `detail` says what was seen and expected, without content."""

    reason: Reason
    detail: str


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """An event, its learner's id as text, its event time in epoch seconds, the hash of its id."""

    event: AnyEvent
    user_id: str
    at: int
    hashed: bytes


_EVENTS: Final = msgspec.json.Decoder(AnyEvent)
_TYPES: Final = frozenset(EVENT_TYPES)


def decode(record: Record, partition: int, partitions: int) -> Accepted | Rejected:
    """The event in `record`, or why there is none."""
    value = record.value
    if value is None:
        return Rejected("null_value", "the record has no value")
    if len(value) > VALUE_BYTES_MAX:
        return Rejected("too_large", f"{len(value)} bytes, at most {VALUE_BYTES_MAX}")
    suspicious = not value.isascii() or b"\\u0000" in value
    if suspicious or value.count(b"[") + value.count(b"{") > DEPTH_MAX:
        refused = _diagnose(value)
        if refused is not None:
            return refused
    try:
        event = _EVENTS.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        return _diagnose(value) or _as_msgspec_says(error)
    return _check(event, record, partition, partitions)


def _check(event: AnyEvent, record: Record, partition: int, partitions: int) -> Accepted | Rejected:
    if event.v != EVENT_VERSION:
        return Rejected("unknown_version", f"v {event.v}, known is {EVENT_VERSION}")
    user_id = event.user_id if isinstance(event.user_id, str) else str(event.user_id)
    if not 0 < len(user_id) <= USER_ID_MAX:
        return Rejected("bad_id", f"user_id of {len(user_id)} characters, 1 to {USER_ID_MAX}")
    refused = _check_values(event) or _check_key(record.key, user_id, partition, partitions)
    if refused is not None:
        return refused
    if event.occurred_at.tzinfo is None:
        return Rejected("naive_time", "occurred_at has no offset from UTC")
    at = int(event.occurred_at.timestamp() // 1)
    if at > record.timestamp // 1000 + FUTURE_SECONDS_MAX:
        ahead = at - record.timestamp // 1000
        return Rejected("future_time", f"{ahead} s after the record, at most {FUTURE_SECONDS_MAX}")
    return Accepted(event, user_id, at, event_hash(event.event_id))


def _check_key(key: bytes | None, user_id: str, partition: int, partitions: int) -> Rejected | None:
    if not key:
        return Rejected("no_key", "the record has no key; expected the learner's id")
    if key != user_id.encode():
        return Rejected("key_mismatch", "the record's key is not the user_id of its value")
    expected = partition_of(key, partitions)
    if expected != partition:
        return Rejected("wrong_partition", f"partition {partition}, murmur2 of the key: {expected}")
    return None


def _check_values(event: AnyEvent) -> Rejected | None:
    if not _YEAR_MIN <= event.occurred_at.year <= _YEAR_MAX:
        return Rejected("wrong_type", f"occurred_at of the year {event.occurred_at.year}")
    if event.timezone is not None and not is_zone(event.timezone):
        return Rejected("wrong_type", "timezone is not an IANA zone")
    match event:
        case ContentViewed():  # first, since it is most of the log
            return None
        case AssessmentGraded():
            return _check_aware("submitted_at", event.submitted_at)
        case GoalSet():
            return _check_aware("due_at", event.due_at)
        case _:
            return None


def _check_aware(name: str, value: datetime | None) -> Rejected | None:
    if value is None:
        return None
    if value.tzinfo is None:
        return Rejected("naive_time", f"{name} has no offset from UTC")
    if not _YEAR_MIN <= value.year <= _YEAR_MAX:
        return Rejected("wrong_type", f"{name} of the year {value.year}")
    return None


class _NotFinite(ValueError):  # noqa: N818 - a signal between two functions, never seen outside
    pass


def _diagnose(value: bytes) -> Rejected | None:
    """The reason that the typed decoder cannot name, in the order a reader would find it."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        return Rejected("not_utf8", f"byte {error.start} is not UTF-8")
    if _depth(text) > DEPTH_MAX:
        return Rejected("too_deep", f"nested deeper than {DEPTH_MAX}")
    try:
        parsed = json.loads(text, parse_constant=_refuse_constant)
    except _NotFinite:
        return Rejected("not_finite", "NaN or Infinity")
    except ValueError as error:
        return Rejected("not_json", f"not JSON at character {getattr(error, 'pos', 0)}")
    if not isinstance(parsed, dict):
        return Rejected("not_object", f"a JSON {type(parsed).__name__}, expected an object")
    return _diagnose_object(parsed)


def _refuse_constant(_name: str) -> None:
    raise _NotFinite


def _diagnose_object(parsed: dict[str, Any]) -> Rejected | None:
    for name in _ID_FIELDS:
        problem = _id_problem(name, parsed.get(name))
        if problem is not None:
            return Rejected("bad_id", f"{name} {problem}")
    kind = parsed.get("type")
    if kind is None:
        return Rejected("missing_field", "type is missing")
    if not isinstance(kind, str):
        return Rejected("wrong_type", "type is not text")
    if kind in NOT_YET_SUPPORTED:
        return Rejected("not_yet_supported", f"type {kind} is for a later version")
    if kind not in _TYPES:
        return Rejected("unknown_type", "type is none of the known ones")
    version = parsed.get("v", EVENT_VERSION)
    if isinstance(version, int) and not isinstance(version, bool) and version != EVENT_VERSION:
        return Rejected("unknown_version", f"v {version}, known is {EVENT_VERSION}")
    return None


def _id_problem(name: str, value: object) -> str | None:
    if isinstance(value, bool):
        return "is a boolean"
    if isinstance(value, int) and name == "user_id":
        value = str(value)
    if not isinstance(value, str):
        return None
    limit = USER_ID_MAX if name == "user_id" else _ID_MAX
    if not 0 < len(value) <= limit:
        return f"has {len(value)} characters, 1 to {limit}"
    if "\x00" in value:
        return "holds NUL"
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "holds half of a surrogate pair"
    return None


def _as_msgspec_says(error: Exception) -> Rejected:
    """Take the decoder's own words where they name fields and types, never a value."""
    text = str(error)
    if "missing required field" in text:
        return Rejected("missing_field", text)
    if not isinstance(error, msgspec.ValidationError):
        return Rejected("not_json", text)
    if "'" in text:
        text = "a value that is none of the known ones" + text[text.rfind(" - at ") :]
    return Rejected("wrong_type", text)


def _depth(text: str) -> int:
    """How deeply arrays and objects are nested, strings passed over."""
    deepest = depth = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
