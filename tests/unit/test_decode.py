"""Every record is an event or is rejected with the reason a producer needs."""

import json
from typing import Any

import msgspec
import pytest

from domain.events.activity import content_of, is_work, kind_of
from domain.events.decode import (
    VALUE_BYTES_MAX,
    Accepted,
    Record,
    Rejected,
    as_msgspec_says,
    decode,
)
from domain.events.json_objects import DEPTH_MAX
from domain.ids import partition_of
from tests.factories import START, event, graded, seconds, viewed

PARTITIONS = 4
KEY = b"7"
HOME = partition_of(KEY, PARTITIONS)


def verdict(
    value: dict[str, Any] | bytes | None, *, key: bytes | None = KEY, partition: int = HOME
) -> Accepted | Rejected:
    data = json.dumps(value).encode() if isinstance(value, dict) else value
    return decode(Record(0, seconds(START) * 1000, key, data), partition, PARTITIONS)


def reason(value: dict[str, Any] | bytes | None, **options: Any) -> str:
    outcome = verdict(value, **options)
    assert isinstance(outcome, Rejected), outcome
    assert outcome.detail
    return outcome.reason


def an_event(**changes: Any) -> dict[str, Any]:
    """With an id without commas, so that the decoder's count of members is exact."""
    return viewed() | {"user_id": 7, "event_id": "e1"} | changes


def a_goal(**fields: Any) -> dict[str, Any]:
    fields = {"event_id": "e1", "goal_id": "g", "metric": "weekly_minutes", "target": 60, **fields}
    return event("goal_set", START, 7, **fields)


def extended(due_at: str | None) -> dict[str, Any]:
    return event("deadline_extended", START, 7, assessment_id="a1", due_at=due_at)


def spliced(more: str) -> bytes:
    """An event with more text before its last bracket."""
    return json.dumps(an_event()).encode()[:-1] + b"," + more.encode() + b"}"


def accepted(value: dict[str, Any] | bytes) -> Any:
    outcome = verdict(value)
    assert isinstance(outcome, Accepted), outcome
    return outcome.event


def nested(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


def test_an_event_is_accepted_with_its_learner_and_time() -> None:
    outcome = verdict(an_event())
    assert isinstance(outcome, Accepted)
    assert (outcome.user_id, outcome.at) == ("7", seconds(START))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null_value"),
        (b"", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        (b"{", "not_json"),
        (b"[]", "not_object"),
        (b"null", "not_object"),
        (b" " * (VALUE_BYTES_MAX + 1), "too_large"),
        (an_event(type="danced"), "unknown_type"),
        (an_event(type=None), "missing_field"),
        (an_event(type=3), "wrong_type"),
        (an_event(type="erasure_requested"), "not_yet_supported"),
        (an_event(v=2), "unknown_version"),
        (an_event(v="1"), "wrong_type"),
        (an_event(course_id=None), "wrong_type"),
        (an_event(content_id=5), "wrong_type"),
        (an_event(precision="week"), "wrong_type"),
        (an_event(duration_seconds=-1), "wrong_type"),
        (an_event(duration_seconds=float("nan")), "not_finite"),
        (an_event(duration_seconds=float("inf")), "not_finite"),
        (an_event(duration_seconds=float("-inf")), "not_finite"),
        (an_event(anything=float("nan")), "not_finite"),
        (an_event(timezone="Mars/Olympus"), "wrong_type"),
        (an_event(timezone="../../etc/passwd"), "wrong_type"),
        (an_event(occurred_at="2024-03-04T09:00:00"), "naive_time"),
        (an_event(occurred_at="2024-03-04T09:10:01Z"), "future_time"),
        (an_event(occurred_at="1989-12-31T23:59:59Z"), "bad_time"),
        (an_event(occurred_at="yesterday"), "wrong_type"),
        (an_event(occurred_at=1709542800), "wrong_type"),
        (an_event(user_id=True), "bad_id"),
        (an_event(user_id=""), "bad_id"),
        (an_event(user_id="x" * 129), "bad_id"),
        (an_event(user_id="a\x00b"), "bad_id"),
        (an_event(event_id="\ud800"), "bad_id"),
        (an_event(event_id="e" * 257), "bad_id"),
        (an_event(course_id=True), "bad_id"),
        (an_event(user_id=1.5), "wrong_type"),
        (an_event(extra=nested(DEPTH_MAX)), "too_deep"),
        (an_event(extra=nested(2)) | {"extra": nested(DEPTH_MAX - 1)}, None),
        (graded(START, 5, user_id=7, max_score=-1), "wrong_type"),
        (graded(START, 5, user_id=7, submitted_at="2024-03-04T09:00:00"), "naive_time"),
        (b'{"a":' + b"[" * 60_000, "too_deep"),
        (graded(START, 5, user_id=7, submitted_at="1989-12-31T23:59:59Z"), "bad_time"),
        (graded(START, 5, user_id=7, submitted_at="9000-01-01T00:00:00Z"), "bad_time"),
        (graded(START, 5, user_id=7, submitted_at="2024-03-04T09:10:00Z"), None),
        (graded(START, 5, user_id=7, submitted_at="2024-03-04T09:10:01Z"), "future_time"),
        (an_event(occurred_at="9000-01-01T00:00:00Z"), "bad_time"),
        (an_event(occurred_at="9999-12-31T23:59:59-12:00"), "bad_time"),
        (an_event(occurred_at="0001-01-01T00:00:00+12:00"), "bad_time"),
        (a_goal(due_at="1989-12-31T23:59:59Z"), "bad_time"),
        (a_goal(due_at="9999-12-31T23:59:59"), "naive_time"),
        (extended("9000-01-01T00:00:00Z"), "bad_time"),
        (extended("2024-03-04T09:00:00"), "naive_time"),
        (an_event(type="assessment_excused", assessment_id="a1", excused=None), "wrong_type"),
        (graded(START, 5, user_id=7, skills=["a\x00"]), "bad_id"),
        (graded(START, 5, user_id=7, skills=["a", "b", "\ud800"]), "bad_id"),
        (an_event(v=True), "wrong_type"),
        (an_event(v=10**400), "not_finite"),
        (an_event(user_id=10**400), "not_finite"),
        (an_event(user_id=10**200), "bad_id"),
    ],
)
def test_what_is_refused_and_why(
    value: dict[str, Any] | bytes | None, expected: str | None
) -> None:
    if expected is None:
        assert isinstance(verdict(value), Accepted)
    else:
        assert reason(value) == expected


@pytest.mark.parametrize("name", ["event_id", "user_id", "occurred_at", "course_id", "content_id"])
def test_a_missing_field_is_named(name: str) -> None:
    value = an_event()
    del value[name]
    outcome = verdict(value)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, name in outcome.detail) == ("missing_field", True)


def test_the_key_must_be_the_learner() -> None:
    assert reason(an_event(), key=None) == "no_key"
    assert reason(an_event(), key=b"") == "no_key"
    assert reason(an_event(), key=b"8") == "key_mismatch"
    assert reason(an_event(), partition=(HOME + 1) % PARTITIONS) == "wrong_partition"


def test_ten_minutes_ahead_of_the_record_are_allowed() -> None:
    assert isinstance(verdict(an_event(occurred_at="2024-03-04T09:10:00Z")), Accepted)


def test_a_string_with_many_brackets_is_not_deep() -> None:
    assert isinstance(verdict(an_event(source='[{"\\' * 200)), Accepted)


def test_a_score_above_its_maximum_and_a_maximum_of_zero_are_accepted() -> None:
    assert isinstance(verdict(graded(START, 130, user_id=7)), Accepted)
    assert isinstance(verdict(graded(START, 5, user_id=7, max_score=0)), Accepted)


def test_other_alphabets_are_welcome() -> None:
    key = "学習者".encode()
    value = an_event(user_id="学習者", source="é")
    outcome = verdict(value, key=key, partition=partition_of(key, PARTITIONS))
    assert isinstance(outcome, Accepted)


def test_a_refusal_never_repeats_content() -> None:
    for value in (an_event(precision="secret words"), an_event(type="secret words"), b"secret"):
        outcome = verdict(value)
        assert isinstance(outcome, Rejected)
        assert "secret" not in outcome.detail


# -- what a typed decoder would overlook ---------------------------------------------------------

HUGE = ("1e999", "-1e999", "9" * 309, "9" * 5000, "-" + "9" * 5000, "1" * 400 + ".5")


@pytest.mark.parametrize(
    "place",
    [
        '"duration_seconds":{}',
        '"count":{}',
        '"user_id":{}',
        '"score":{}',
        '"note":{}',
        '"note":[{}]',
        '"note":{{"a":{}}}',
        '"source":{}',
        '"v":{}',
    ],
)
def test_a_number_that_no_double_holds_is_not_finite_in_any_field(place: str) -> None:
    for number in HUGE:
        assert reason(spliced(place.format(number))) == "not_finite", number[:9]


def test_a_number_that_a_double_holds_is_ignored_where_it_stands() -> None:
    for number in ("1e308", "9" * 308, "0." + "1" * 5000, "1e-999", "-0", "100E+2"):
        assert accepted(spliced(f'"note":{number}')) == accepted(an_event())


@pytest.mark.parametrize(
    ("more", "expected", "named"),
    [
        (r'"source":"a\ud83d"', "wrong_type", "source holds half"),
        (r'"source":"\ude00\ud83d"', "wrong_type", "source holds half"),
        (r'"timezone":"\udc00"', "wrong_type", "timezone holds half"),
        (r'"occurred_at":"\udc00"', "wrong_type", "occurred_at"),
        (r'"groups":{"a":"\ud800"}', "wrong_type", "groups holds half"),
        (r'"note":"\ud800"', "wrong_type", "an ignored field holds half"),
        (r'"note":{"a":["x\ud800"]}', "wrong_type", "an ignored field holds half"),
        (r'"\ud800":1', "wrong_type", "a name holds half"),
        (r'"session_id":"\ud800"', "bad_id", "session_id holds half"),
        (r'"module_id":"m\ud83d"', "bad_id", "module_id holds half"),
        (r'"skills":["a","\ud83d"]', "bad_id", "skills[1] holds half"),
    ],
)
def test_half_a_surrogate_pair_is_named_wherever_it_stands(
    more: str, expected: str, named: str
) -> None:
    outcome = verdict(spliced(more))
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.detail[: len(named)]) == (expected, named)


@pytest.mark.parametrize("name", [*sorted(an_event()), "score", "source", "v"])
def test_a_name_of_the_contract_that_stands_twice_is_named(name: str) -> None:
    value = json.dumps(an_event().get(name, 1))
    for spelled in (name, name[:-1] + f"\\u{ord(name[-1]):04x}"):
        more = f'"{name}":{value},"{spelled}" : {value}'
        outcome = verdict(spliced(more))
        assert outcome == Rejected("wrong_type", f"{name} stands twice")


def test_a_text_with_commas_hides_nothing() -> None:
    for more in ('"source":"a,b,c","note":1e999', '"source":"a,b","source":"c"'):
        assert isinstance(verdict(spliced(more)), Rejected)
    assert accepted(spliced('"source":"a,b,c"')).source == "a,b,c"


def test_other_names_may_stand_twice_but_not_in_groups() -> None:
    assert accepted(spliced('"note":1,"note":"2","x":{"a":1,"a":2}')) == accepted(an_event())
    value = json.dumps(event("enrolled", START, 7))[:-1] + ',"groups":{"a":"b","a":"c"}}'
    assert verdict(value.encode()) == Rejected("wrong_type", "a name stands twice in groups")


def test_what_is_ignored_is_looked_at_for_its_bytes_too() -> None:
    assert reason(spliced('"note":"?"').replace(b"?", b"\xff")) == "not_utf8"
    assert reason(spliced('"a?":1').replace(b"?", b"\xff")) == "not_utf8"
    assert accepted(spliced('"note":"é学, {[ \\" \\\\"')) == accepted(an_event())


# -- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        "2016-12-31T23:59:60Z",
        "2016-12-31t23:59:60.9z",
        "2017-01-01T05:29:60+05:30",
        "2016-12-31 15:59:60-0800",
    ],
)
def test_a_leap_second_is_the_start_of_the_next_second(spelled: str) -> None:
    outcome = verdict(an_event(occurred_at=spelled))
    assert isinstance(outcome, Accepted)
    assert outcome.at == 1_483_228_800


@pytest.mark.parametrize(
    "spelled",
    [
        "2016-12-31T23:59:61Z",
        "2016-12-31T22:59:60Z",
        "2016-12-30T23:59:60Z",
        "2016-12-31T23:59:60+01:00",
        "2016-12-31T23:59:60",
        "2016-13-31T23:59:60Z",
    ],
)
def test_a_second_sixty_elsewhere_is_no_leap_second(spelled: str) -> None:
    assert reason(an_event(occurred_at=spelled)) == "wrong_type"


def test_a_leap_second_keeps_its_offset_so_that_its_date_is_the_one_that_is_written() -> None:
    event = accepted(an_event(occurred_at="2017-01-01T05:29:60+05:30", precision="day"))
    assert event.occurred_at.isoformat() == "2017-01-01T05:30:00+05:30"


def test_a_leap_second_is_taken_in_every_time_field() -> None:
    leap = "2016-12-31T23:59:60Z"
    for value, name in ((graded(START, 5, user_id=7, submitted_at=leap), "submitted_at"),):
        assert getattr(accepted(value), name).timestamp() == 1_483_228_800
    for value in (a_goal(due_at=leap), extended(leap)):
        assert accepted(value).due_at.timestamp() == 1_483_228_800


def test_a_leap_second_hides_nothing_else_that_is_wrong() -> None:
    leap = "2016-12-31T23:59:60Z"
    assert reason(an_event(occurred_at=leap, precision="century")) == "wrong_type"


def test_the_first_and_the_last_second_of_our_times() -> None:
    assert accepted(an_event(occurred_at="1990-01-01T00:00:00Z"))
    assert reason(an_event(occurred_at="1990-01-01T00:00:00+00:01")) == "bad_time"
    assert reason(an_event(occurred_at="8999-12-31T23:59:59Z")) == "future_time"
    outcome = decode(
        Record(0, 2 << 50, KEY, json.dumps(an_event(occurred_at="8999-12-31T23:59:59Z")).encode()),
        HOME,
        PARTITIONS,
    )
    assert isinstance(outcome, Accepted)


def test_a_goal_for_ever_has_no_due_time() -> None:
    for never in (
        "9000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:60Z",
        None,
    ):
        assert accepted(a_goal(due_at=never)).due_at is None
    assert accepted(a_goal(due_at="8999-12-31T23:59:59Z")).due_at is not None


# -- null, case and zero -------------------------------------------------------------------------


def test_null_is_the_same_as_leaving_an_optional_field_out() -> None:
    plain = accepted(graded(START, 5, user_id=7))
    for field in msgspec.structs.fields(type(plain)):
        if not field.required:
            value = graded(START, 5, user_id=7) | {field.encode_name: None}
            assert content_of(accepted(value)) == content_of(plain), field.encode_name
    assert (plain.precision, plain.banked, plain.missing) == ("instant", False, False)
    spelled: dict[str, Any] = {"v": 1, "precision": "instant", "banked": False, "missing": False}
    for name, given in spelled.items():
        same = accepted(graded(START, 5, user_id=7) | {name: given})
        assert content_of(same) == content_of(plain), name
    said = graded(START, 5, user_id=7, precision="day", banked=True, missing=True)
    other = accepted(said)
    assert (other.precision, other.banked, other.missing) == ("day", True, True)


def test_the_same_content_however_it_is_spelled() -> None:
    plain = content_of(accepted(an_event()))
    same = an_event(occurred_at="2024-03-04T10:00:00.000+01:00", v=1, precision="instant")
    assert content_of(accepted(same)) == plain
    for change in ({"content_id": "b"}, {"precision": "day"}, {"timezone": "UTC"}, {"count": 1}):
        assert content_of(accepted(an_event(**change))) != plain
    ended = {**an_event(type="session_ended")}
    started = {**an_event(type="session_started")}
    assert content_of(accepted(ended)) != content_of(accepted(started))


@pytest.mark.parametrize("kind", ["homepage", "HomePage", "LOGIN"])
def test_the_case_of_a_kind_of_content_says_nothing(kind: str) -> None:
    event = accepted(an_event(content_kind=kind))
    assert kind_of(event) == kind.lower()
    assert not is_work(event)


def test_no_negative_zero_comes_through() -> None:
    grade = accepted(graded(START, -0.0, user_id=7, max_score=-0.0))
    goal = accepted(a_goal() | {"target": -0.0})
    assert [str(number) for number in (grade.score, grade.max_score, goal.target)] == ["0.0"] * 3


def test_what_the_typed_decoder_cannot_even_parse_is_no_json() -> None:
    """The parser before it holds to the same JSON; if the two ever differ, nothing crashes."""
    assert as_msgspec_says(msgspec.DecodeError("cut short")) == Rejected("not_json", "cut short")
