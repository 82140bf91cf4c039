"""The published schema and the decoder give one verdict on an event, but where a schema cannot.

The validator is one as it comes: `format` is an annotation to it, and the patterns decide.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

import pytest
from jsonschema import Draft7Validator

from domain.events.activity import EVENT_TYPES
from domain.events.decode import Accepted, Record, decode
from domain.zones import is_zone
from tests.published import published
from tests.schemas import ROOT

MUTANTS: Final = 400
ARRIVED: Final = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000)
SCHEMA: Final[dict[str, Any]] = json.loads(published()["event.v1.json"])
EVENT: Final = Draft7Validator(SCHEMA)
EXAMPLES: Final = [
    json.loads(published()[f"{kind}.v1.json"])["examples"][0] for kind in EVENT_TYPES
]
TIMES: Final = ("occurred_at", "submitted_at", "due_at")
EVENTS_PAGE: Final = (ROOT / "docs" / "events.md").read_text()


class Difference(NamedTuple):
    """Where the two differ by design: what the schema does, and when."""

    schema: Literal["takes it", "refuses it", "either"]
    holds: Callable[[dict[str, Any]], bool]
    example: dict[str, Any]


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def numbers(event: dict[str, Any]) -> list[Any]:
    return [event.get(name) for name in ("user_id", "v", "count", "attempt")]


def times(event: dict[str, Any]) -> list[str]:
    return [event[name] for name in TIMES if isinstance(event.get(name), str)]


def day_of(text: str) -> datetime | None:
    """The day that a text of the pattern's form names; None where no month has it."""
    try:
        return datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def known_names(event: dict[str, Any]) -> set[str]:
    fields = (each.get("properties", {}) for each in SCHEMA["definitions"].values())
    kind = {"const": event.get("type")}
    return {name for names in fields if names.get("type") == kind for name in names}


LEFT_OUT: Final = object()
BASE: Final = {
    "event_id": "v-1",
    "user_id": 4711,
    "type": "content_viewed",
    "occurred_at": "2026-03-02T19:01:30Z",
    "course_id": "c1",
    "content_id": "p1",
    "content_kind": "page",
}
BY_DESIGN: Final = {
    "a field that is not in the contract": Difference(
        "refuses it",
        lambda event: bool(event.keys() - known_names(event)),
        {"duration": 10},
    ),
    "a zone that is not in the IANA database": Difference(
        "takes it",
        lambda event: isinstance(event.get("timezone"), str) and not is_zone(event["timezone"]),
        {"timezone": "Mars/Olympus"},
    ),
    "a whole number that is written with a point, such as `4711.0`": Difference(
        "takes it",
        lambda event: any(type(each) is float and each == int(each) for each in numbers(event)),
        {"user_id": 4711.0},
    ),
    "an integer `user_id` of more than 128 digits": Difference(
        "takes it",
        lambda event: type(event.get("user_id")) is int and len(str(event["user_id"])) > 128,
        {"user_id": 10**130},
    ),
    "`quiet_hours` that end at the time of day at which they begin": Difference(
        "takes it",
        lambda event: (
            isinstance(event.get("quiet_hours"), dict)
            and event["quiet_hours"].get("from") == event["quiet_hours"].get("to")
        ),
        {
            "type": "preferences_set",
            "content_id": LEFT_OUT,
            "content_kind": LEFT_OUT,
            "quiet_hours": {"from": "22:00", "to": "22:00"},
        },
    ),
    "half of a surrogate pair": Difference(
        "takes it",
        lambda event: any(re.search("[\ud800-\udfff]", text) for text in texts(event)),
        {"session_id": "\ud800"},
    ),
    "a day that its month does not have": Difference(
        "takes it",
        lambda event: any(day_of(text) is None for text in times(event)),
        {"occurred_at": "2026-02-30T19:01:30Z"},
    ),
    "a second 60 that is no leap second": Difference(
        "takes it",
        lambda event: any(":60" in text for text in times(event)),
        {"occurred_at": "2026-03-02T19:01:60Z"},
    ),
    "a time after the record's own": Difference(
        "takes it",
        lambda event: any(text >= "2029-12-31" for text in times(event)),
        {"occurred_at": "2031-03-02T19:01:30Z"},
    ),
    "a time within a day of 1990 or 9000, by its offset from UTC": Difference(
        "either",
        lambda event: any(re.match("1989-12-31|1990-01-01|[89]999-12-31", t) for t in times(event)),
        {"occurred_at": "1989-12-31T23:30:00-01:00"},
    ),
}


def accepted(event: dict[str, Any]) -> bool:
    key = str(event.get("user_id")).encode(errors="replace")
    return isinstance(decode(Record(0, ARRIVED, key, json.dumps(event).encode()), 0, 1), Accepted)


def verdicts(event: dict[str, Any]) -> tuple[bool, bool]:
    """Of the schema, and of the decoder."""
    return EVENT.is_valid(event), accepted(event)


def by_design(event: dict[str, Any]) -> list[str]:
    """Why the two may differ on it."""
    takes = EVENT.is_valid(event)
    sides = {"either", "takes it" if takes else "refuses it"}
    return [name for name, each in BY_DESIGN.items() if each.schema in sides and each.holds(event)]


WORDS: Final = ["", "x", "x" * 300, "a\x00b", "\ud800"]
ANY: Final[list[Any]] = [*WORDS, None, True, False, [], {}, [[1]], 0, -1, 1.5]
MORE: Final[dict[str, list[Any]]] = {
    "user_id": [4711.0, 2**53, -(2**63), 10**30, 10**127, 10**130, "0", "x" * 128, "x" * 129, "ä"],
    "occurred_at": [
        "2026-03-02T19:01:30.1234567Z",
        "2026-03-02T19:01:30.123456789+01:00",
        "2026-03-02t19:01:30z",
        "2026-03-02 19:01:30+0000",
        "2026-03-02T19:01:30-23:59",
        "2026-03-02T19:01:30+24:00",
        "2026-03-02T19:01:30+01",
        "2026-03-02T19:01:30",
        "2026-03-02T19:01Z",
        "2026-03-02T19:01:30,5Z",
        "2026-03-02T24:00:00Z",
        "2026-02-30T19:01:30Z",
        "2026-13-01T19:01:30Z",
        "2026-02-28T23:59:60Z",
        "2026-03-02T19:01:60Z",
        "1970-01-01T00:00:00Z",
        "1989-12-31T23:30:00-01:00",
        "1990-01-01T00:30:00+01:00",
        "9999-12-31T23:59:59Z",
        "٢٠٢٦-03-02T19:01:30Z",
    ],
    "v": [1, 1.0, 2, "1"],
    "precision": ["day", "instant", "Day", "hour"],
    "timezone": ["Europe/Berlin", "GMT", "Etc/GMT+5", "europe/berlin", "Mars/Olympus", "a b"],
    "count": [1.0, 2**31, 2**31 + 1],
    "duration_seconds": [-0.0, 1e9, 1e9 + 1, 7200],
    "score": [-1e9, 1e9, 1e10, 17.25, "17"],
    "max_score": [0, 1e9, 1e10],
    "target": [-1e9, 1e10],
    "metric": ["streak_days", "streak"],
    "outcome": ["passed", "Passed"],
    "type": [*EVENT_TYPES, "session_paused"],
    "skills": [["a"] * 16, ["a"] * 17, [""], ["a\x00"], [1], ["ä" * 256]],
    "groups": [{"a": "b"}, {"a": 1}, {"": ""}],
    "muted_types": [["achievement"], [], ["system", "x"], ["engagement"] * 5],
    "muted_categories": [["low_score"], ["x"] * 64, ["x"] * 65, [""], [1]],
    "min_severity": ["low", "High", "medium"],
    "quiet_hours": [
        {"from": "22:00", "to": "07:00"},
        {"from": "22:00", "to": "22:00"},
        {"from": "24:00", "to": "07:00"},
        {"from": "22:00"},
        {"from": "٢٢:00", "to": "07:00"},
        {"from": "7:00", "to": "08:00"},
    ],
    "max_per_day": [0, 3, -1, 1000, 1001, "3"],
    "version": [0, 1, -1, 2**31 + 1],
    "alert_id": ["317e2e7a-da00-5340-88e0-3a9845434937", "317E2E7A-DA00-5340-88E0-3A9845434937"],
    "value": ["useful", "acted", "Useful"],
    "content_kind": ["Homepage", "k" * 256],
}
MORE["submitted_at"] = MORE["due_at"] = MORE["occurred_at"]
MORE["attempt"] = MORE["count"]


def mutant(rng: random.Random) -> dict[str, Any]:
    """A valid event with one or two things about it changed."""
    event = dict(rng.choice(EXAMPLES))
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice([*sorted(known_names(event)), "type", "due_at", "new_name"])
        match rng.randrange(5):
            case 0:
                event.pop(name, None)
            case 1:
                event[name] = rng.choice(ANY)
            case _:
                event[name] = rng.choice(MORE.get(name, ["id-1", "ä", 4711, "x" * 256, "x" * 257]))
    return event


@pytest.mark.long
def test_one_verdict_on_mutants_of_valid_events() -> None:
    rng = random.Random(9)
    seen = {True: 0, False: 0}
    for _ in range(MUTANTS):
        event = mutant(rng)
        schema, decoder = verdicts(event)
        seen[decoder] += 1
        assert schema == decoder or by_design(event), (event, schema, decoder)
    assert min(seen.values()) > MUTANTS / 5, seen


@pytest.mark.parametrize("spelling", [0, 1, 2, 3, 4], ids=MORE["occurred_at"].__getitem__)
def test_what_common_languages_print_is_valid(spelling: int) -> None:
    assert verdicts({**BASE, "occurred_at": MORE["occurred_at"][spelling]}) == (True, True)


def test_ids_above_what_a_double_holds_are_valid() -> None:
    assert verdicts({**BASE, "user_id": 2**60 + 1}) == (True, True)


@pytest.mark.parametrize("name", BY_DESIGN)
def test_a_difference_by_design_is_one_and_stands_in_the_documentation(name: str) -> None:
    assert verdicts(BASE) == (True, True)
    example = {**BASE, **BY_DESIGN[name].example}
    event = {field: value for field, value in example.items() if value is not LEFT_OUT}
    schema, decoder = verdicts(event)
    assert schema != decoder
    assert by_design(event) == [name]
    side = BY_DESIGN[name].schema
    assert f"| {name} | {side} |" in EVENTS_PAGE


def test_no_other_difference_stands_in_the_documentation() -> None:
    table = EVENTS_PAGE[EVENTS_PAGE.index("| what | the schema |") :].split("\n\n")[0]
    assert len(table.splitlines()) == 2 + len(BY_DESIGN)
