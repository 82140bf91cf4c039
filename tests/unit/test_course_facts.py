"""Course facts on the wire: what is taken and what is refused."""

import json
from typing import Any

import pytest

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from domain.decode import VALUE_BYTES_MAX, Rejected

KEY = b"c1"


def decoded(
    value: dict[str, Any] | bytes | None, key: bytes | None = KEY
) -> CourseFacts | Rejected:
    data = json.dumps(value).encode() if isinstance(value, dict) else value
    return decode_course_facts(key, data)


def test_all_but_the_id_may_be_missing() -> None:
    assert decoded({"course_id": "c1"}) == CourseFacts(course_id="c1")


def test_times_become_seconds() -> None:
    facts = decoded(
        {
            "course_id": "c1",
            "starts_at": "2024-01-01T00:00:00Z",
            "breaks": [{"from": "2024-02-01T00:00:00Z", "to": "2024-02-08T00:00:00Z"}],
            "modules": [{"id": "m1", "release_at": "2024-01-01T01:00:00+01:00"}],
            "assessments": [{"id": "a1", "due_at": "2024-01-01T00:00:00Z", "weight": 10}],
        }
    )
    assert isinstance(facts, CourseFacts)
    assert facts.starts_at == facts.modules[0].release_at == facts.assessments[0].due_at
    assert facts.breaks == ((1706745600, 1707350400),)


@pytest.mark.parametrize(
    ("value", "key", "reason"),
    [
        (None, KEY, "null_value"),
        (b"{", KEY, "not_json"),
        (b'"\xff"', KEY, "not_utf8"),
        (b" " * (VALUE_BYTES_MAX + 1), KEY, "too_large"),
        ({}, KEY, "missing_field"),
        ({"course_id": 5}, KEY, "wrong_type"),
        ({"course_id": "c1", "pass_mark": 140}, KEY, "wrong_type"),
        ({"course_id": "c1", "starts_at": "2024-01-01T00:00:00"}, KEY, "naive_time"),
        ({"course_id": "c1", "timezone": "Mars"}, KEY, "wrong_type"),
        ({"course_id": "c1"}, None, "no_key"),
        ({"course_id": "c1"}, b"c2", "key_mismatch"),
        ({"course_id": "a\x00"}, b"a\x00", "bad_id"),
    ],
)
def test_what_is_refused_and_why(
    value: dict[str, Any] | bytes | None, key: bytes | None, reason: str
) -> None:
    outcome = decoded(value, key)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
