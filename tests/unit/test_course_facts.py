"""Course facts on the wire: what is taken and what is refused."""

import json
from typing import Any

import msgspec
import pytest

from contracts import course_facts as wire
from contracts.course_facts import decode_course_facts
from domain.course_facts import Assessment, CourseFacts, Module
from domain.events.decode import NEVER, VALUE_BYTES_MAX, Rejected
from domain.ids import short_id

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
        ({"course_id": "c1", "title": "\ud83d"}, KEY, "wrong_type"),
        ({"course_id": "c1", "note": ["\ud83d"]}, KEY, "wrong_type"),
        ({"course_id": "c1", "starts_at": "1989-12-31T23:59:59Z"}, KEY, "bad_time"),
        (b'{"course_id": "c1", "note": 1e999}', KEY, "not_finite"),
        (b'{"course_id": "c1", "note": ' + b"9" * 5000 + b"}", KEY, "not_finite"),
        (b'{"course_id": "c1", "pass_mark": NaN}', KEY, "not_finite"),
        (b'{"note": ' + b"[" * 40 + b"]" * 40 + b"}", KEY, "too_deep"),
        (b"[]", KEY, "not_object"),
        (b'{"course_id": "c1", "note": "\xff"}', KEY, "not_utf8"),
    ],
)
def test_what_is_refused_and_why(
    value: dict[str, Any] | bytes | None, key: bytes | None, reason: str
) -> None:
    outcome = decoded(value, key)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"modules": [{"id": "m"}, {"id": "m\x00"}]}, ("bad_id", "modules[1].id holds NUL")),
        ({"assessments": [{"id": "\ud800"}]}, ("bad_id", "assessments[0].id holds half")),
        ({"modules": [{"id": "m" * 257}]}, ("bad_id", "modules[0].id has 257")),
        ({"modules": [{"id": ""}]}, ("bad_id", "modules[0].id has 0")),
        ({"modules": [{"id": True}]}, ("bad_id", "modules[0].id is a boolean")),
        ({"modules": [{"id": "m"}, {"id": "n"}, {"id": "m"}]}, ("bad_id", "modules[2].id stands")),
        ({"assessments": [{"id": "a"}, {"id": "a"}]}, ("bad_id", "assessments[1].id stands")),
        ({"weekly_targets": {"minutes": 0}}, ("wrong_type", "Expected `float` > 0.0 - at `$.week")),
        ({"weekly_targets": {"minutes": -0.0}}, ("wrong_type", "Expected `float` > 0.0")),
        (
            {"starts_at": "2024-01-02T00:00:00Z", "ends_at": "2024-01-01T23:59:59Z"},
            ("wrong_type", "ends_at is before starts_at"),
        ),
        (
            {"breaks": [{"from": "2024-01-02T00:00:00Z", "to": "2024-01-01T23:59:59Z"}]},
            ("wrong_type", "breaks[0].to is before from"),
        ),
        (
            {"assessments": [{"id": "a", "due_at": "1989-12-31T23:59:59Z"}]},
            ("bad_time", "assessments[0].due_at is before 1990"),
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    outcome = decoded({"course_id": "c1"} | fields)
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.detail[: len(expected[1])]) == expected


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ('"course_id":"c1","title":"a","title":"b"', "title"),
        ('"course_id":"c1","modules":[{"id":"a"},{"id":"b","id":"c"}]', "modules[1].id"),
        ('"course_id":"c1","weekly_targets":{"minutes":1,"minutes":2}', "weekly_targets.minutes"),
    ],
)
def test_a_name_that_stands_twice_is_named(members: str, name: str) -> None:
    value = ("{" + members + "}").encode()
    assert decoded(value) == Rejected("wrong_type", f"{name} stands twice")


def test_names_that_are_ignored_may_stand_twice() -> None:
    value = b'{"course_id":"c1","x":1,"x":2,"modules":[{"id":"m","y":1,"y":2}]}'
    assert isinstance(decoded(value), CourseFacts)


def test_null_is_the_same_as_leaving_it_out() -> None:
    module, item = {"id": "m1"}, {"id": "a1"}
    plain = {"course_id": "c1", "modules": [module], "assessments": [item]}
    nulls = {
        **{field.encode_name: None for field in msgspec.structs.fields(wire._Course)},
        "course_id": "c1",
        "modules": [{"title": None, "weight": None, "required": None, "release_at": None} | module],
        "assessments": [
            dict.fromkeys(("title", "kind", "weight", "max_score", "due_at", "required")) | item
        ],
    }
    assert decoded(nulls) == decoded(plain)
    lists = dict.fromkeys(("breaks", "modules", "assessments", "weekly_targets", "attempt_rule"))
    assert decoded({"course_id": "c1"} | lists) == CourseFacts(course_id="c1")


@pytest.mark.parametrize(
    "never", ["9000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:60Z"]
)
def test_a_time_from_the_year_9000_on_is_never(never: str) -> None:
    facts = decoded(
        {
            "course_id": "c1",
            "starts_at": never,
            "ends_at": never,
            "breaks": [
                {"from": never, "to": never},
                {"from": "2024-01-01T00:00:00Z", "to": never},
            ],
            "modules": [{"id": "m1", "release_at": never}],
            "assessments": [{"id": "a1", "due_at": never}],
        }
    )
    assert isinstance(facts, CourseFacts)
    assert (facts.starts_at, facts.ends_at) == (None, None)
    assert facts.modules[0].release_at is facts.assessments[0].due_at is None
    assert facts.breaks == ((1_704_067_200, NEVER),)


def test_a_leap_second_is_the_start_of_the_next_second_in_every_field() -> None:
    leap, after = "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"
    facts = [
        decoded(
            {
                "course_id": "c1",
                "starts_at": moment,
                "ends_at": moment,
                "breaks": [{"from": moment, "to": moment}],
                "modules": [{"id": "m1", "release_at": moment}],
                "assessments": [{"id": "a1", "due_at": moment}],
            }
        )
        for moment in (leap, after)
    ]
    assert facts[0] == facts[1]
    assert isinstance(facts[0], CourseFacts)


def test_no_negative_zero_comes_through() -> None:
    facts = decoded(
        {
            "course_id": "c1",
            "pass_mark": -0.0,
            "modules": [{"id": "m1", "weight": -0.0}],
            "assessments": [{"id": "a1", "weight": -0.0, "max_score": -0.0}],
        }
    )
    assert isinstance(facts, CourseFacts)
    assert "-0" not in repr(facts)
    assert facts.modules[0].weight == facts.assessments[0].weight == 0.0


def test_a_refusal_never_repeats_content() -> None:
    for value in (
        {"course_id": "c1", "attempt_rule": "secret"},
        {"course_id": "c1", "timezone": "secret"},
        {"course_id": "c1", "modules": [{"id": "secret"}, {"id": "secret"}]},
        {"course_id": "c1", "secret": "\ud800"},
    ):
        outcome = decoded(value)
        assert isinstance(outcome, Rejected)
        assert "secret" not in outcome.detail


def test_rules_run_from_the_seventh_day_to_the_end_without_breaks() -> None:
    """They begin anew with the second at which a break ends, and run in the one of the end."""
    day = 86_400
    facts = CourseFacts(
        course_id="c1",
        starts_at=10 * day,
        ends_at=40 * day,
        breaks=((25 * day, 30 * day), (20 * day, 25 * day)),
    )
    assert facts.running_from(0, 0) == 17 * day
    assert facts.running_from(0, 12 * day) == 19 * day
    assert facts.running_from(17 * day + 1, 0) == 17 * day + 1
    assert facts.running_from(20 * day - 1, 0) == 20 * day - 1
    assert facts.running_from(20 * day, 0) == 30 * day
    assert facts.running_from(30 * day, 0) == 30 * day
    assert facts.running_from(40 * day, 0) == 40 * day
    assert facts.running_from(40 * day + 1, 0) is None
    unbounded = CourseFacts(course_id="c1")
    assert unbounded.running_from(0, 0) == 7 * day
    assert unbounded.running_from(400 * day, 3 * day) == 400 * day


def test_only_what_is_required_and_dated_has_a_deadline_and_only_required_modules_weigh() -> None:
    facts = CourseFacts(
        course_id="c1",
        modules=(
            Module(id="m1"),
            Module(id="m2", weight=2.5),
            Module(id="m3", weight=8, required=False),
        ),
        assessments=(
            Assessment(id="a1", due_at=0),
            Assessment(id="a2"),
            Assessment(id="a3", due_at=5, required=False),
        ),
    )
    assert [(short, each.id, due) for short, each, due in facts.deadlines] == [
        (short_id("a1"), "a1", 0)
    ]
    assert facts.required_modules_weight == 3.5
    assert facts.module_by_short[short_id("m3")].weight == 8


@pytest.mark.parametrize("other", [7, None, "m1", []])
def test_a_module_that_is_no_object_is_refused_beside_others_that_are(other: object) -> None:
    refused = decoded({"course_id": "c1", "modules": [other, {"id": "m2"}]})
    assert isinstance(refused, Rejected)
    assert refused.reason == "wrong_type"
    assert "modules[0]" in refused.detail
