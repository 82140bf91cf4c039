"""The bounds of an event, by docs/events.md: the last one taken and the first one refused."""

import json
from typing import Any

import pytest

from domain.events.decode import Accepted, Record, Rejected, decode
from domain.ids import partition_of
from tests.factories import START, graded, seconds, viewed

NOW = seconds(START)
IDS = (
    "event_id",
    "course_id",
    "session_id",
    "content_id",
    "content_kind",
)


def verdict(value: dict[str, Any] | bytes, *, millis: int = NOW * 1000) -> Accepted | Rejected:
    data = json.dumps(value).encode() if isinstance(value, dict) else value
    key = str(value["user_id"]).encode() if isinstance(value, dict) else b"7"
    return decode(Record(0, millis, key, data), partition_of(key, 4), 4)


def reason(value: dict[str, Any] | bytes) -> str | None:
    found = verdict(value)
    return found.reason if isinstance(found, Rejected) else None


def of_size(size: int, **fields: Any) -> bytes:
    value = {**viewed(), "user_id": 7, **fields, "source": ""}
    value["source"] = "x" * (size - len(json.dumps(value).encode()))
    return json.dumps(value).encode()


def test_65536_bytes_are_taken() -> None:
    assert reason(of_size(65_536)) is None
    found = verdict(of_size(65_537))
    assert found == Rejected("too_large", "65537 bytes, at most 65536")


@pytest.mark.parametrize("name", IDS)
def test_an_id_has_1_to_256_characters(name: str) -> None:
    for length, expected in ((0, "bad_id"), (1, None), (256, None), (257, "bad_id")):
        assert reason({**viewed(), name: "é" * length}) == expected


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_learners_id_has_1_to_128_characters(letter: str) -> None:
    for length, expected in ((0, "bad_id"), (1, None), (128, None), (129, "bad_id")):
        assert reason({**viewed(), "user_id": letter * length}) == expected


def test_a_learners_id_may_be_a_number_and_no_other_id_may() -> None:
    assert reason({**viewed(), "user_id": 0}) is None
    assert reason({**viewed(), "user_id": -(2**53)}) is None
    assert reason({**viewed(), "user_id": int("9" * 129)}) == "bad_id"
    assert reason({**viewed(), "content_id": int("9" * 257)}) == "wrong_type"


@pytest.mark.parametrize("name", ["user_id", *IDS])
def test_no_id_holds_nul_or_half_a_surrogate_pair(name: str) -> None:
    for character, expected in (
        ("\x00", "bad_id"),
        ("\x01", None),
        ("\ud7ff", None),
        ("\ud800", "bad_id"),
        ("\udfff", "bad_id"),
        ("\ue000", None),
        ("\U0001f600", None),
    ):
        value = {**viewed(), name: f"a{character}b"}
        if name == "user_id" and expected:
            value["user_id"] = "7"
            data = json.dumps(value).replace('"user_id": "7"', f'"user_id": "{character}"')
            escaped = data.replace(character, json.dumps(character)[1:-1])
            assert reason(escaped.encode()) == expected
        else:
            assert reason(value) == expected


def nested(depth: int, opening: str) -> bytes:
    """An event that is so deep, the object around it counted."""
    closing = {"[": "]", '{"a":': "}"}[opening]
    inner = opening * (depth - 1) + "1" + closing * (depth - 1)
    return json.dumps({**viewed(), "extra": 0}).replace('"extra": 0', f'"extra": {inner}').encode()


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_an_event_is_nested_32_deep(opening: str) -> None:
    assert reason(nested(32, opening)) is None
    assert verdict(nested(33, opening)) == Rejected("too_deep", "nested deeper than 32")


def test_what_is_side_by_side_is_not_deep() -> None:
    assert reason({**viewed(), "extra": [[[]], {}] * 60}) is None


def test_what_was_closed_does_not_make_up_for_what_is_deep() -> None:
    deep = nested(33, "[")
    assert reason(deep.replace(b"{", b'{"before": [[], [], {}, [[]]], ', 1)) == "too_deep"


def test_brackets_in_a_text_are_not_deep_whatever_is_escaped() -> None:
    many = "[" * 100
    for text in (many, f'"{many}', f"\\{many}", f'\\"{many}', f"{many}\\"):
        assert reason({**viewed(), "source": text}) is None
    deep = nested(33, "[")
    for text in ("a", '"', "\\", '\\"', '"\\'):
        quoted = json.dumps(text).encode()
        assert reason(deep.replace(b"{", b'{"source": ' + quoted + b", ", 1)) == "too_deep"


@pytest.mark.parametrize(
    ("occurred_at", "millis", "ahead"),
    [
        ("2024-03-04T09:10:00Z", 0, None),
        ("2024-03-04T09:10:00.999Z", 0, None),
        ("2024-03-04T09:10:01Z", 999, 601),
        ("2024-03-04T09:10:01Z", 1000, None),
        ("2024-03-04T09:20:00Z", 0, 1200),
    ],
)
def test_600_seconds_ahead_of_its_record_are_taken(
    occurred_at: str, millis: int, ahead: int | None
) -> None:
    found = verdict({**viewed(), "occurred_at": occurred_at}, millis=NOW * 1000 + millis)
    if ahead is None:
        assert isinstance(found, Accepted)
    else:
        assert found == Rejected(
            "future_time", f"occurred_at is {ahead} s after the record, at most 600"
        )


def test_event_time_is_whole_seconds_rounded_down() -> None:
    for text, at in (("08:59:59.999", NOW - 1), ("09:00:00.001", NOW)):
        found = verdict({**viewed(), "occurred_at": f"2024-03-04T{text}Z"})
        assert isinstance(found, Accepted)
        assert found.at == at


def test_only_version_1_is_known_and_it_is_the_default() -> None:
    for version, expected in ((0, "unknown_version"), (1, None), (2, "unknown_version")):
        assert reason({**viewed(), "v": version}) == expected
    assert reason({**viewed(), "v": 2, "content_id": 5}) == "unknown_version"
    assert reason({**viewed(), "v": 1, "content_id": 5}) == "wrong_type"
    assert reason({**viewed(), "v": True}) == "wrong_type"


def test_what_is_wrong_first_is_said_first() -> None:
    """In the order of docs/events.md, whichever way the decoder came to it."""
    assert reason(b'{"type": "\xff"') == "not_utf8"
    assert reason(b'["\xc3\xa9"]') == "not_object"
    assert reason({**viewed(), "source": "é", "extra": float("inf")}) == "not_finite"
    assert reason({**viewed(), "type": "danced", "event_id": ""}) == "bad_id"
    value = {**graded(START, 5), "submitted_at": "2024-03-04T08:00:00", "user_id": "é"}
    assert reason(value) == "naive_time"
