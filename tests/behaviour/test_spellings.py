"""One event in every legal spelling is one event to decoder, check and recount; no input crashes.

The recount reads records with its own few lines. What the decoder takes, it must read the same.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, Final, get_args
from zoneinfo import available_timezones

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.alert_event import instant
from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from domain.events.activity import AnyEvent, content_of
from domain.events.decode import NEVER, REASONS, TIME_MIN, Accepted, Record, Rejected, decode
from domain.keepers.days import day_start, local_day, local_hour
from operations.check import check_events
from proof.recount import parsed
from tests.schemas import schema
from tests.spelling import MINUTES_MAX, ignored, odd_values, seeds, spelled_pairs, spelled_time

pytestmark = pytest.mark.long

MOMENT: Final = 1_772_478_090  # 2026-03-02T19:01:30Z
LATER: Final = 1_900_000_000
SECRET: Final = "s3cr3t"
_KINDS: Final = {str(kind.__struct_config__.tag): kind for kind in get_args(AnyEvent)}
_TIMES: Final = ("submitted_at", "due_at")
kinds: Final = st.sampled_from(sorted(_KINDS))
quick = settings(max_examples=100, deadline=None, derandomize=True)
thorough = settings(max_examples=250, deadline=None, derandomize=True)


def judged(value: bytes) -> Accepted | Rejected:
    """With the key that belongs to it, as far as there is one."""
    try:
        key = str(json.loads(value)["user_id"]).encode()
    except (ValueError, KeyError, TypeError, RecursionError, UnicodeError):
        key = b"?"
    return decode(Record(0, LATER * 1000, key, value), 0, 1)


def example(kind: str) -> dict[str, Any]:
    """The schema's example, with a word that no detail may repeat, and floats where there are."""
    found: dict[str, Any] = {**schema(_KINDS[kind].__name__)["examples"][0]}
    found |= {"event_id": f'{SECRET}/"é😀{kind}', "session_id": SECRET, "source": SECRET}
    for name in ("score", "max_score", "target", "duration_seconds"):
        if name in found:
            found[name] = 100.0
    return found


@st.composite
def spellings(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """An event, and one of the ways to write it."""
    kind, precision = draw(kinds), draw(st.sampled_from(["instant", "day"]))
    more, chance = draw(ignored), draw(seeds)
    when = datetime.fromtimestamp(MOMENT, UTC)
    plain = example(kind) | {"precision": precision, "occurred_at": when.isoformat()}
    other = dict(plain)
    other["occurred_at"] = spelled_time(when, chance, same_date=precision == "day")
    for name in _TIMES:
        if plain.get(name):
            other[name] = spelled_time(datetime.fromisoformat(plain[name]), chance)
    other["user_id"] = chance.choice([plain["user_id"], str(plain["user_id"])])
    for each in msgspec.structs.fields(_KINDS[kind]):
        if each.encode_name not in other and chance.randrange(4) == 0:
            other[each.encode_name] = None
    if precision == "instant" and chance.randrange(4) == 0:
        other["precision"] = None
    return plain, spelled_pairs([*other.items(), *more], chance).encode()


def agree(accepted: Accepted, value: bytes) -> None:
    """The recount reads of a record what the decoder reads."""
    event, read = accepted.event, parsed(value)
    assert read["event_id"] == event.event_id
    assert read["at"] == accepted.at
    assert read["date"] == event.occurred_at.date()
    for name in ("type", "course_id", "timezone", "attempt", "max_score"):
        said = content_of(event).get(name)
        assert read.get(name) == said or said is None, name
    score = getattr(event, "score", None)
    assert read.get("score") == score or score is None
    assert (read.get("precision") or "instant") == event.precision


@thorough
@given(spellings())
def test_every_spelling_of_an_event_is_that_event(
    pair: tuple[dict[str, Any], bytes],
) -> None:
    plain, value = pair
    expected, found = judged(json.dumps(plain).encode()), judged(value)
    assert isinstance(expected, Accepted), expected
    assert isinstance(found, Accepted), found
    assert (found.user_id, found.at, found.hashed) == (expected.user_id, MOMENT, expected.hashed)
    # Fractions of a second are no part of what the fold counts.
    theirs, mine = content_of(found.event), content_of(expected.event)
    for name in ("occurred_at", *_TIMES):
        assert _second(theirs.pop(name, None)) == _second(mine.pop(name, None)), name
    assert theirs == mine
    agree(found, value)


def _second(value: object) -> object:
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


@quick
@given(spellings())
def test_check_knows_another_spelling_for_a_duplicate(pair: tuple[dict[str, Any], bytes]) -> None:
    plain, value = pair
    plain["occurred_at"] = parsed_time(value)
    for name in _TIMES:
        if plain.get(name):
            plain[name] = json.loads(value)[name]
    lines = [json.dumps(plain).encode(), value.replace(b"\n", b" ")]
    assert [each.outcome for each in check_events(lines, LATER)] == ["accepted", "duplicate"]


def parsed_time(value: bytes) -> str:
    """The instant as it is spelled, fractions and all: to check they are part of the content."""
    return str(json.loads(value)["occurred_at"])


def assert_tame(outcome: Accepted | Rejected | CourseFacts, value: bytes) -> None:
    if isinstance(outcome, Rejected):
        assert outcome.reason in REASONS
        assert outcome.detail
        assert SECRET not in outcome.detail
        assert outcome.detail.encode()
    elif isinstance(outcome, Accepted):
        agree(outcome, value)


pieces: Final = st.sampled_from(
    [
        b"",
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\xff",
        b"\xed\xa0\x80",
        b"\x00",
        b"\\u0000",
        b"\\ud800",
        b"\\udc00",
        b"null",
        b"true",
        b"NaN",
        b"1e999",
        b"-",
        b"9" * 400,
        b'"v":1,',
        b'"type":"enrolled",',
        b'"event_id":"s3cr3t",',
        b"[" * 40,
        b"9999",
        b"\xef\xbb\xbf",
    ]
)


@st.composite
def mangled(draw: st.DrawFn, value: bytes) -> bytes:
    """The value with some of its bytes replaced."""
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, len(value)))
        last = min(len(value), first + draw(st.integers(0, 4)))
        value = value[:first] + draw(pieces) + value[last:]
    return value


@thorough
@given(spellings(), st.data())
def test_no_bytes_crash_the_decoder_and_none_are_repeated(
    pair: tuple[dict[str, Any], bytes], data: st.DataObject
) -> None:
    value = data.draw(mangled(pair[1]))
    assert_tame(judged(value), value)


@thorough
@given(kinds, odd_values, seeds)
def test_no_value_of_a_field_crashes_the_decoder(kind: str, odd: Any, chance: Random) -> None:
    plain = example(kind)
    plain[chance.choice(sorted(plain))] = odd
    value = spelled_pairs(list(plain.items()), chance).encode()
    assert_tame(judged(value), value)


# -- course facts --------------------------------------------------------------------------------


def facts_example() -> dict[str, Any]:
    found: dict[str, Any] = {**schema("CourseFacts")["examples"][0], "title": SECRET}
    return found


def facts_of(value: bytes) -> CourseFacts | Rejected:
    return decode_course_facts(b"python-basics", value)


@quick
@given(ignored, seeds)
def test_every_spelling_of_course_facts_is_those_facts(more: list[Any], chance: Random) -> None:
    plain = facts_example()
    other = dict(plain)
    for name in ("starts_at", "ends_at"):
        other[name] = spelled_time(datetime.fromisoformat(plain[name]), chance)
    value = spelled_pairs([*other.items(), *more], chance).encode()
    expected = facts_of(json.dumps(plain).encode())
    assert isinstance(expected, CourseFacts), expected
    assert facts_of(value) == expected


@thorough
@given(odd_values, seeds, st.data())
def test_no_bytes_and_no_value_crash_the_decoder_of_course_facts(
    odd: Any, chance: Random, data: st.DataObject
) -> None:
    plain = facts_example()
    if chance.randrange(2):
        plain[chance.choice(sorted(plain))] = odd
    value = spelled_pairs(list(plain.items()), chance).encode()
    if chance.randrange(2):
        value = data.draw(mangled(value))
    assert_tame(facts_of(value), value)


# -- the whole of our times ----------------------------------------------------------------------

_ZONES: Final = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})
edges: Final = st.sampled_from([TIME_MIN, TIME_MIN + 1, NEVER - 1, NEVER - 2, MOMENT])
offsets: Final = st.integers(-MINUTES_MAX, MINUTES_MAX).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@thorough
@given(
    st.integers(TIME_MIN, NEVER - 1) | edges,
    offsets,
    st.integers(0, 999_999),
    st.sampled_from(_ZONES),
    st.sampled_from(["instant", "day"]),
)
def test_no_accepted_time_overflows_in_any_zone(
    at: int, offset: timezone, fraction: int, zone: str, precision: str
) -> None:
    when = datetime.fromtimestamp(at, UTC).replace(microsecond=fraction).astimezone(offset)
    event = example("session_started") | {"occurred_at": when.isoformat(), "precision": precision}
    value = json.dumps(event).encode()
    accepted = decode(Record(0, NEVER * 1000, b"ada", value), 0, 1)
    assert isinstance(accepted, Accepted), accepted
    assert accepted.at == at
    agree(accepted, value)
    day = local_day(at, zone)
    assert day_start(day, zone) <= at < day_start(day + 1, zone)
    assert 0 <= local_hour(at, zone) < 24
    assert datetime.fromisoformat(instant(at)).timestamp() == at


@quick
@given(st.integers(TIME_MIN, 253_402_300_799), st.integers(-MINUTES_MAX, MINUTES_MAX))
def test_no_time_of_course_facts_overflows(at: int, minutes: int) -> None:
    """Written by hand, since the end of the calendar cannot be shifted in Python."""
    sign, (hours, rest) = "+-"[minutes < 0], divmod(abs(minutes), 60)
    text = datetime.fromtimestamp(at, UTC).isoformat()[:19] + f"{sign}{hours:02}:{rest:02}"
    facts = facts_of(json.dumps({"course_id": "python-basics", "ends_at": text}).encode())
    ends = at - minutes * 60
    if ends < TIME_MIN:
        assert facts == Rejected("bad_time", "ends_at is before 1990")
    else:
        assert isinstance(facts, CourseFacts), facts
        assert facts.ends_at == (None if ends >= NEVER else ends)


@quick
@given(
    st.sampled_from(["2016-12-31T23:59:", "2016-06-15T11:30:"]),
    st.sampled_from(["00", "58", "59", "60"]),
    st.text("0459", max_size=9) | st.sampled_from(["9999994", "9999995", "99999949", "9999996"]),
    st.sampled_from(["Z", "+00:00", "-0000"]),
)
def test_every_fraction_and_leap_second_is_read_the_same(
    minute: str, second: str, fraction: str, offset: str
) -> None:
    text = minute + second + ("." + fraction if fraction else "") + offset
    value = json.dumps(example("session_started") | {"occurred_at": text}).encode()
    found = judged(value)
    if second == "60" and "-06-" in text:
        assert isinstance(found, Rejected)
    else:
        assert isinstance(found, Accepted), found
        agree(found, value)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Africa/Monrovia"])
def test_the_first_and_the_last_second_have_a_day_in_the_farthest_zones(zone: str) -> None:
    for at in (TIME_MIN, NEVER - 1, NEVER):
        assert abs(local_day(at, zone) - local_day(at, "UTC")) <= 1
