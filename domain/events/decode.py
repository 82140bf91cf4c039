"""From a record of `activity` to an event, or to the reason why it is rejected.

A verdict depends on the record alone, so that it is the same tomorrow. The fast way is one pass of
a typed decoder and a count of what it read; only what it refuses, or did not read, is looked at
again to find the reason.
"""

import re
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, TypeAlias, get_args, get_origin

import msgspec
from msgspec.structs import astuple, replace

from domain.events.activity import (
    EVENT_TYPES,
    NOT_YET_SUPPORTED,
    AnyEvent,
    AssessmentGraded,
    ContentViewed,
    DeadlineExtended,
    GoalSet,
    Id,
    PreferencesSet,
    QuietHours,
)
from domain.events.json_objects import (
    LEARNER_ID_MAX,
    Leaf,
    Members,
    Problem,
    Shape,
    first_problem,
    parse_object,
    without_leap_seconds,
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
    "bad_time",
    "future_time",
    "no_key",
    "key_mismatch",
    "wrong_partition",
    "id_reused",
    "defect",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

VALUE_BYTES_MAX: Final = 65_536
FUTURE_SECONDS_MAX: Final = 600
EVENT_VERSION: Final = 1
TIME_MIN: Final = 631_152_000
"""1990-01-01T00:00:00Z: a time before it is that of a clock that nobody set."""
NEVER: Final = 221_845_392_000
"""9000-01-01T00:00:00Z: a time from it on means "never", and lies ahead of every conversion."""


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
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TYPES: Final = frozenset(EVENT_TYPES)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES: Final[dict[type, frozenset[str]]] = {
    kind: frozenset(("type", *(field.encode_name for field in msgspec.structs.fields(kind))))
    for kind in get_args(AnyEvent)
}


def _behind(annotation: object) -> Leaf | Shape:
    """How a member is looked at, by the type that its field has."""
    if annotation == Id:
        return "id"
    if annotation is datetime:
        return "time"
    if get_origin(annotation) is dict:
        return "map"
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _shape(annotation)
    inside = [each for each in map(_behind, get_args(annotation)) if each != "other"]
    return inside[0] if inside else "other"


def _shape(kind: type[msgspec.Struct]) -> dict[str, Leaf | Shape]:
    return {field.encode_name: _behind(field.type) for field in msgspec.structs.fields(kind)}


_LEAVES: Final[dict[str, Leaf | Shape]] = {
    name: behind for kind in get_args(AnyEvent) for name, behind in _shape(kind).items()
}
_SHAPE: Final[Shape] = dict(sorted((_LEAVES | {"type": "other", "user_id": "learner"}).items()))


def decode(record: Record, partition: int, partitions: int) -> Accepted | Rejected:
    """The event in `record`, or why there is none."""
    value = record.value
    if value is None:
        return Rejected("null_value", "the record has no value")
    if len(value) > VALUE_BYTES_MAX:
        return Rejected("too_large", f"{len(value)} bytes, at most {VALUE_BYTES_MAX}")
    try:
        event = _EVENTS.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        again = _look_again(value, error)
        return (
            again if isinstance(again, Rejected) else _check(again, record, partition, partitions)
        )
    if not _is_read(event, value):
        members = parse_object(value)
        refused = members if isinstance(members, Problem) else first_problem(members, _SHAPE)
        if refused is not None:
            return Rejected(*refused)
    return _check(event, record, partition, partitions)


# -- what the typed decoder did not read ---------------------------------------------------------

_PLAIN: Final = re.compile(rb'"[ !#-\[\]-~]*"|-?\d{1,200}(\.\d{1,200})?|true|false|null')


def _is_read(event: AnyEvent, value: bytes) -> bool:
    """Whether nothing stands in `value` but `event`: no name twice, nothing ignored that is odd.

    An object has no more members than commas and one, so where as many fields were read, there is
    no other member. Only a text can hold an escaped NUL then, which ids are not to.
    """
    if b"\\" in value and b"\\u0000" in value:
        return False
    members = value.count(b",") + 1
    fields = astuple(event)
    read = 1 + len(fields) - fields.count(None)  # and the type, which is no field
    return members == read or _is_plain(event, value, members, read)


def _is_plain(event: AnyEvent, value: bytes, members: int, read: int) -> bool:
    """The same where there are lists, nulls or plain values that are ignored."""
    for name in ("skills", "groups"):
        inside = getattr(event, name, None)
        if inside:
            members -= len(inside) - 1
    if members == read:
        return True
    try:
        named = _MEMBERS.decode(value)
    except (msgspec.MsgspecError, UnicodeError):  # a name that is not UTF-8
        return False
    ignored = named.keys() - _NAMES[event.__class__]
    return len(named) == members and all(_PLAIN.fullmatch(named[name]) for name in ignored)


# -- what it refused -----------------------------------------------------------------------------


def _look_again(value: bytes, error: Exception) -> AnyEvent | Rejected:
    """The reason that the typed decoder cannot name, in the order a reader would find it."""
    members = parse_object(value)
    if isinstance(members, Problem):
        return Rejected(*members)
    problem = first_problem(members, _SHAPE)
    refused = Rejected(*problem) if problem else _misnamed(members)
    if refused is not None:
        return refused
    respelled = without_leap_seconds(members, _SHAPE)
    try:
        return as_msgspec_says(error) if respelled is None else _EVENTS.decode(respelled)
    except msgspec.MsgspecError as other:
        return as_msgspec_says(other)


def _misnamed(members: Members) -> Rejected | None:
    kind = members.get("type")
    if kind is None:
        return Rejected("missing_field", "type is missing")
    if not isinstance(kind, str):
        return Rejected("wrong_type", "type is not text")
    if kind in NOT_YET_SUPPORTED:
        return Rejected("not_yet_supported", f"type {kind} is for a later version")
    if kind not in _TYPES:
        return Rejected("unknown_type", "type is none of the known ones")
    version = members.get("v")
    if type(version) is int and version != EVENT_VERSION:
        return _unknown_version(version)
    return None


def as_msgspec_says(error: Exception) -> Rejected:
    """Take a typed decoder's own words where they name fields and types, never a value."""
    text = str(error)
    if "missing required field" in text:
        return Rejected("missing_field", text)
    if not isinstance(error, msgspec.ValidationError):
        return Rejected("not_json", text)
    if "'" in text:
        text = "a value that is none of the known ones" + text[text.rfind(" - at ") :]
    return Rejected("wrong_type", text)


# -- what it read --------------------------------------------------------------------------------


def _check(event: AnyEvent, record: Record, partition: int, partitions: int) -> Accepted | Rejected:
    if event.v is not None and event.v != EVENT_VERSION:
        return _unless_too_large(record.value, _unknown_version(event.v))
    user_id = str(event.user_id)
    if not 0 < len(user_id) <= LEARNER_ID_MAX:
        detail = f"user_id has {len(user_id)} characters, 1 to {LEARNER_ID_MAX}"
        return _unless_too_large(record.value, Rejected("bad_id", detail))
    checked = _check_values(event, record.timestamp // 1000)
    if isinstance(checked, Rejected):
        return checked
    at = instant_of("occurred_at", event.occurred_at)
    if isinstance(at, Rejected):
        return at
    refused = _check_key(record.key, user_id, partition, partitions)
    if refused is not None:
        return refused
    ahead = at - record.timestamp // 1000
    if ahead > FUTURE_SECONDS_MAX:
        return _future("occurred_at", ahead)
    return Accepted(checked, user_id, at, event_hash(event.event_id))


def _future(name: str, ahead: int) -> Rejected:
    limit = f"at most {FUTURE_SECONDS_MAX}"
    return Rejected("future_time", f"{name} is {ahead} s after the record, {limit}")


def _unless_too_large(value: bytes | None, rejected: Rejected) -> Rejected:
    """The verdict on an integer, unless it is one that no double holds."""
    members = parse_object(value or b"")
    return Rejected(*members) if isinstance(members, Problem) else rejected


def _unknown_version(version: int) -> Rejected:
    return Rejected("unknown_version", f"v {version}, known is {EVENT_VERSION}")


def _check_key(key: bytes | None, user_id: str, partition: int, partitions: int) -> Rejected | None:
    if not key:
        return Rejected("no_key", "the record has no key; expected the learner's id")
    if key != user_id.encode():
        return Rejected("key_mismatch", "the record's key is not the user_id of its value")
    expected = partition_of(key, partitions)
    if expected != partition:
        return Rejected("wrong_partition", f"partition {partition}, murmur2 of the key: {expected}")
    return None


def instant_of(name: str, value: datetime, until: int = NEVER) -> int | Rejected:
    """Epoch seconds, rounded down; refused where it has no offset, or is none of our times."""
    if value.tzinfo is None:
        return Rejected("naive_time", f"{name} has no offset from UTC")
    since = value - _EPOCH
    at = since.days * 86_400 + since.seconds
    if TIME_MIN <= at < until:
        return at
    return Rejected("bad_time", f"{name} is {'before 1990' if at < TIME_MIN else 'after 8999'}")


def never_or_instant(name: str, value: datetime | None) -> int | Rejected | None:
    """The same for a time that may be missing; one from the year 9000 on means "never": None."""
    if value is None:
        return None
    at = instant_of(name, value, _CALENDAR_END)
    return None if isinstance(at, int) and at >= NEVER else at


_CALENDAR_END: Final = 1 << 40


def _check_values(event: AnyEvent, now: int) -> AnyEvent | Rejected:
    """The event, its goals for ever and negative zeros made plain."""
    if event.timezone is not None and not is_zone(event.timezone):
        return Rejected("wrong_type", "timezone is not an IANA zone")
    match event:
        case ContentViewed():  # first, since it is most of the log
            return event
        case AssessmentGraded():
            return _check_grade(event, now)
        case GoalSet():
            return _check_goal(event)
        case DeadlineExtended() if event.due_at is not None:
            due_at = instant_of("due_at", event.due_at)
            return due_at if isinstance(due_at, Rejected) else event
        case PreferencesSet(quiet_hours=QuietHours(from_=begins, to=ends)) if begins == ends:
            return Rejected("wrong_type", "quiet_hours begin and end at the same time of day")
        case _:
            return event


def _check_grade(event: AssessmentGraded, now: int) -> AssessmentGraded | Rejected:
    if event.submitted_at is not None:
        at = instant_of("submitted_at", event.submitted_at)
        if isinstance(at, Rejected):
            return at
        if at - now > FUTURE_SECONDS_MAX:
            return _future("submitted_at", at - now)
    if event.score and event.max_score:
        return event
    score = None if event.score is None else event.score + 0.0  # -0.0 + 0.0 is 0.0
    return replace(event, score=score, max_score=event.max_score + 0.0)


def _check_goal(event: GoalSet) -> GoalSet | Rejected:
    due_at = never_or_instant("due_at", event.due_at)
    if isinstance(due_at, Rejected):
        return due_at
    never = due_at is None
    return replace(event, target=event.target + 0.0, due_at=None if never else event.due_at)
