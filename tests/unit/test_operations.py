"""What operators are told: refusals, answers without servers, and dead letters without content."""

import argparse
import json
import shlex
from collections.abc import Iterable
from typing import Any

import pytest

from api.letters import NEWEST_MAX, Newest, Seen, Tail
from api.operations import UNKNOWN, dead_letters
from cli import dead_letters as dead_letters_command
from cli import worker as worker_command
from contracts.dead_letter import read_headers
from contracts.dead_letter_details import shown_detail
from contracts.remedies import RESUME, requeue_command
from domain.events.decode import REASONS, Record, Rejected, decode
from metrics.usefulness import usefulness
from runtime.settings import Settings
from tests.asking import a_token, asking
from tests.factories import viewed
from tests.openapi import document, problems

PATHS = ("/api/v1/operations", "/api/v1/operations/dead-letters")
SCOPE = "operations:read"
NOW = 1_700_000_000
DAY = 86_400
PERSON = "Ada Lovelace, ada@example.org"


def nowhere() -> Settings:
    return Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "DATABASE_URL": "postgresql://none@127.0.0.1:1/none",
            "jwt_secret": "s" * 32,
        }
    )


@pytest.mark.parametrize("path", PATHS)
async def test_what_operators_read_needs_their_scope_and_takes_no_parameter(path: str) -> None:
    settings = nowhere()
    async with asking(settings) as client:
        assert (await client.get(path)).status_code == 401
        for scope in (None, "models:read", "courses:read progress:read:any"):
            token = a_token(settings, "operator", scope=scope)
            refused = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            assert refused.status_code == 403
            assert refused.json()["detail"] == f"this needs the scope {SCOPE}"
            assert f'scope="{SCOPE}"' in refused.headers["www-authenticate"]
    async with asking(settings, a_token(settings, "operator", scope=SCOPE)) as client:
        for slash in ("", "/"):
            refused = await client.get(f"{path}{slash}?since=1")
            assert refused.status_code == 422
            (error,) = refused.json()["errors"]
            assert (error["parameter"], error["code"]) == ("since", "unknown_parameter")


async def test_without_servers_it_is_said_what_is_away_and_nothing_is_made_up() -> None:
    settings = nowhere()
    async with asking(settings, a_token(settings, "operator", scope=SCOPE)) as client:
        answer = await client.get(PATHS[0])
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-cache"
        body = answer.json()
        ready = (await client.get("/readyz")).json()
        letters = await client.get(PATHS[1])
    assert [each["code"] for each in body["reasons"]] == ["database_away", "kafka_away"]
    assert (body["ready"], body["kafka"], body["reasons"]) == (False, "away", ready["reasons"])
    assert (body["partitions"], body["alerts"], body["alerts_counted_at"]) == ([], None, None)
    assert (letters.status_code, letters.json()["code"]) == (503, "unavailable")
    assert letters.json()["detail"] == "Kafka does not answer"
    assert letters.headers["retry-after"] == "5"


@pytest.mark.parametrize("path", PATHS)
def test_its_example_is_a_whole_answer(path: str) -> None:
    operation = document()["paths"][path]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    assert problems(content["schema"], content["example"]) == []
    assert set(operation["responses"]) == {"200", "401", "403", "422", "500", "503"}
    assert "parameters" not in operation


# -- dead letters ----------------------------------------------------------------------------------


def headers(**given: str | bytes | None) -> list[tuple[str, bytes | None]]:
    of_ours: dict[str, Any] = {
        "topic": "activity",
        "partition": "1",
        "offset": "7",
        "reason": "no_key",
        "detail": "the record has no key; expected the learner's id",
        "when": str((NOW - 60) * 1000),
    }
    found = (of_ours | given).items()
    return [(name, text.encode() if isinstance(text, str) else text) for name, text in found]


def seen(age: int = 0, at_offset: int = 0, **given: str | bytes | None) -> Seen:
    at = (NOW - age) * 1000
    return Seen(0, at_offset, at, read_headers(headers(**given), at))


def tail(letters: Iterable[Seen], *, begins: int = 0, day: int = 0, end: int | None = None) -> Tail:
    """A partition that has been read from its newest so many letters on."""
    found = list(letters)
    last = found[-1].offset + 1 if found else begins
    made = Tail(begins=begins, end=end or last, day=day, reaches=end or last)
    made.add(found, begins)
    return made


def answer(*tails: Tail) -> dict[str, Any]:
    found = dead_letters(Newest(list(tails), complete=True), NOW, nowhere())
    body: dict[str, Any] = json.loads(json.dumps(found, default=_fields))
    operation = document()["paths"][PATHS[1]]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert problems(schema, body) == []
    return body


def _fields(each: Any) -> dict[str, Any]:
    return {name: getattr(each, name) for name in each.__slots__}


def test_letters_are_grouped_by_reason_and_the_newest_stand_first() -> None:
    first = tail([seen(2 * DAY, 3), seen(50, 5), seen(20, 9)], day=4)
    second = tail([seen(10, 1, reason="bad_id", detail="user_id is a boolean")])
    body = answer(first, second)
    assert [(each["reason"], each["count_24h"]) for each in body["by_reason"]] == [
        ("no_key", 2),
        ("bad_id", 1),
    ]
    assert (body["count_24h"], body["about"], body["complete"]) == (3, False, True)
    assert [each["reason"] for each in body["places"]] == ["bad_id", *["no_key"] * 3]
    assert body["places"][0]["detail"] == "user_id is a boolean"
    assert body["places"][0]["command"].endswith("--partition 1 --offset 7")
    assert (body["places"][1]["rejected_at"], body["places"][1]["came_at"]) == (
        "2023-11-14T22:13:00Z",
        "2023-11-14T22:12:20Z",
    )


def test_what_is_not_looked_at_is_taken_to_be_like_the_rest_and_said_to_be_about() -> None:
    letters = [seen(60, n, reason="no_key" if n % 5 else "bad_id") for n in range(940, 1_000)]
    made = Tail(begins=0, end=1_000, day=500, reaches=1_000)
    made.add(letters, 940)
    assert (len(made.letters), made.reaches, made.is_read()) == (NEWEST_MAX, 950, True)
    body = answer(made)
    assert body["about"] is True
    assert {each["reason"]: each["count_24h"] for each in body["by_reason"]} == {
        "no_key": 400,
        "bad_id": 100,
    }
    assert len(body["places"]) == NEWEST_MAX


def test_nothing_of_a_day_ago_is_counted_though_it_is_shown() -> None:
    body = answer(tail([seen(DAY + 1, 3)], day=4, end=4))
    assert [each["count_24h"] for each in body["by_reason"]] == [0]
    assert len(body["places"]) == 1
    assert answer(tail([]))["by_reason"] == []


@pytest.mark.parametrize(
    "given",
    [
        {"topic": PERSON, "reason": PERSON, "detail": PERSON, "partition": PERSON},
        {"topic": None, "reason": None, "detail": None, "partition": None, "offset": None},
        {"topic": b"\xff", "reason": b"\xff\x00", "detail": b"\xff", "when": b"\xff"},
        {"offset": "-1", "when": "99999999999999999999", "reason": "ada_lovelace"},
        {"offset": "1_0", "partition": " 1", "when": "\u0661", "detail": "v 4711000, known is 1"},
    ],
)
def test_headers_of_a_foreign_hand_break_nothing_and_are_not_shown(given: dict[str, Any]) -> None:
    body = answer(tail([seen(5, 1, **given)]))
    (place,) = body["places"]
    assert place["detail"] is None or "detail" not in given
    if "reason" in given:
        assert place["reason"] == UNKNOWN
        assert body["by_reason"][0]["command"] is None
    for personal in ("Ada", "ada_", "4711000"):
        assert personal not in json.dumps(body)


def test_a_letter_without_any_header_is_shown_by_its_own_time() -> None:
    bare = Seen(0, 3, NOW * 1000, read_headers([], NOW * 1000))
    (place,) = answer(tail([bare]))["places"]
    assert (place["topic"], place["partition"], place["offset"]) == (None, None, None)
    assert place["came_at"] == place["rejected_at"] == "2023-11-14T22:13:20Z"
    assert place["command"] is None


def rejected(**changed: Any) -> str:
    event = {**viewed(user="u1"), **changed}
    found = decode(Record(0, NOW * 1000, b"u1", json.dumps(event).encode()), 0, 1)
    assert isinstance(found, Rejected)
    return found.detail


def test_details_of_our_own_are_shown() -> None:
    details = {
        rejected(event_id=None),
        rejected(event_id=""),
        rejected(event_id="a\x00"),
        rejected(user_id=True),
        rejected(user_id="u2"),
        rejected(occurred_at="yesterday"),
        rejected(occurred_at="2024-03-04T09:00:00"),
        rejected(occurred_at="1980-03-04T09:00:00Z"),
        rejected(occurred_at="2093-03-04T09:00:00Z"),
        rejected(type="ada"),
        rejected(v=2),
        rejected(timezone="Ada/Lovelace"),
        rejected(groups={"Ada": 5}),
        rejected(duration_seconds=-4),
        "KeyError",
    }
    assert len(details) > 10
    assert [each for each in details if shown_detail(each) is None] == []
    assert not [each for each in details if "ada" in each.lower()]


@pytest.mark.parametrize(
    "detail",
    [
        "",
        PERSON,
        "ada is a boolean",
        "user_id is a boolean, ada",
        "Object missing required field `ada`",
        "Expected `str`, got `ada`",
        "v 4711000, known is 1",
        "the record has no value\nada",
        "KeyError: 'ada'",
        "AdaError",
        "print",
    ],
)
def test_other_details_are_not_shown(detail: str) -> None:
    assert shown_detail(detail) is None


def commands_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(required=True)
    dead_letters_command.register(subparsers)
    worker_command.register(subparsers)
    return parser


def test_every_command_is_one_that_the_program_takes() -> None:
    place = answer(tail([seen()]))["places"][0]
    commands = [requeue_command(reason) for reason in REASONS]
    for command in [*commands, RESUME, place["command"]]:
        assert command is not None
        program, *arguments = shlex.split(command)
        assert program == "learnstream"
        assert commands_parser().parse_args(arguments).func
    assert requeue_command(PERSON) is None


# -- alerts ----------------------------------------------------------------------------------------


def test_precision_is_the_share_of_feedback_that_was_useful_or_acted() -> None:
    found = usefulness("low_score", 10, 3, 2, 5, 1, 1, 1, resolved_after=5_400.0)
    assert (found.precision, found.resolved_after_hours) == (0.667, 1.5)
    assert (found.alerts, found.open, found.suppressed, found.acknowledged) == (10, 3, 2, 5)
    silent = usefulness("low_score", 1, 1, 0, 0, 0, 0, 0, resolved_after=None)
    assert (silent.precision, silent.resolved_after_hours) == (None, None)
