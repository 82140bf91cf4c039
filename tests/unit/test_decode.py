"""Every record is an event or is rejected with the reason a producer needs."""

import json
from typing import Any

import pytest

from domain.decode import DEPTH_MAX, VALUE_BYTES_MAX, Accepted, Record, Rejected, decode
from domain.ids import partition_of
from tests.factories import START, graded, seconds, viewed

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
    return viewed() | {"user_id": 7} | changes


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
        (an_event(type="preferences_set"), "not_yet_supported"),
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
        (an_event(occurred_at="1969-12-31T00:00:00Z"), "wrong_type"),
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
