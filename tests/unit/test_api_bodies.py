"""What learners may write: each fault of a body is named, with what is allowed."""

import json
from collections.abc import AsyncIterator
from itertools import product
from typing import Any, Final

import httpx
import pytest

from api.bodies import BODY_BYTES_MAX
from domain.rules import RULES
from runtime.settings import Settings
from tests.asking import a_token, asking

ALERTS: Final = "/api/v1/progress/performance-alerts"
ALERT: Final = f"{ALERTS}/00000000-0000-5000-8000-000000000001"
SETTINGS: Final = Settings.model_validate(
    {
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DATABASE_URL": "postgresql://none@127.0.0.1:1/none",
        "jwt_secret": "s" * 32,
    }
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """An API without servers: what it refuses here, it refuses before it asks them."""
    async with asking(SETTINGS, a_token(SETTINGS)) as asked:
        yield asked


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "invalid_parameter"
    assert all(each["allowed"] for each in body["errors"])
    return [(each["parameter"], each["code"]) for each in body["errors"]]


WRONG: Final[list[tuple[Any, tuple[str, str]]]] = [
    ({"muted_types": ["performance", "fun"]}, ("muted_types", "unknown_value")),
    ({"muted_types": "performance"}, ("muted_types", "wrong_type")),
    ({"muted_types": ["system"] * 5}, ("muted_types", "too_many")),
    ({"muted_categories": ["low_scores"]}, ("muted_categories", "unknown_value")),
    ({"muted_categories": ["low_score"] * 65}, ("muted_categories", "too_many")),
    ({"muted_categories": None}, ("muted_categories", "wrong_type")),
    ({"min_severity": "Low"}, ("min_severity", "unknown_value")),
    ({"quiet_hours": {"from": "22:00"}}, ("quiet_hours.to", "missing")),
    ({"quiet_hours": {"from": "24:00", "to": "07:00"}}, ("quiet_hours.from", "wrong_type")),
    ({"quiet_hours": {"from": "9:00", "to": "07:00"}}, ("quiet_hours.from", "wrong_type")),
    ({"quiet_hours": {"from": "22:00", "to": "22:00"}}, ("quiet_hours", "unknown_value")),
    ({"quiet_hours": "22-7"}, ("quiet_hours", "wrong_type")),
    (
        {"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "UTC"}},
        ("quiet_hours.zone", "unknown_parameter"),
    ),
    ({"max_per_day": -1}, ("max_per_day", "out_of_range")),
    ({"max_per_day": 1001}, ("max_per_day", "out_of_range")),
    ({"max_per_day": "3"}, ("max_per_day", "wrong_type")),
    ({"max_per_day": True}, ("max_per_day", "wrong_type")),
    ({"timezone": "Mars/Olympus"}, ("timezone", "unknown_value")),
    ({"mute": []}, ("mute", "unknown_parameter")),
    ([], ("body", "wrong_type")),
]


async def test_preferences_that_cannot_be_taken_are_refused_by_name(
    client: httpx.AsyncClient,
) -> None:
    for body, wrong in WRONG:
        assert errors(await client.put(f"{ALERTS}/preferences", json=body)) == [wrong], body


async def test_every_field_that_is_wrong_is_named_once(client: httpx.AsyncClient) -> None:
    body = {"muted_types": ["a", "b"], "min_severity": 1, "unknown": 1}
    found = errors(await client.put(f"{ALERTS}/preferences", json=body))
    assert sorted(found) == [
        ("min_severity", "unknown_value"),
        ("muted_types", "unknown_value"),
        ("unknown", "unknown_parameter"),
    ]


async def test_a_refusal_names_what_is_allowed(client: httpx.AsyncClient) -> None:
    body = {"muted_categories": ["x"], "quiet_hours": {"from": "1", "to": "07:00"}, "what": 1}
    problem = (await client.put(f"{ALERTS}/preferences", json=body)).json()
    allowed = {each["parameter"]: each["allowed"] for each in problem["errors"]}
    assert set(RULES) <= set(allowed["muted_categories"].replace(",", " ").split())
    assert allowed["quiet_hours.from"] == "HH:MM from 00:00 to 23:59"
    assert "muted_types" in allowed["what"]


async def test_what_is_no_json_is_refused(client: httpx.AsyncClient) -> None:
    for body in (b"", b"{", b"\xff", b'{"max_per_day": NaN}'):
        ((parameter, _),) = errors(await client.put(f"{ALERTS}/preferences", content=body))
        assert parameter in {"body", "max_per_day"}


async def test_a_name_that_stands_twice_is_refused(client: httpx.AsyncClient) -> None:
    for body, wrong in (
        (b'{"min_severity": "low", "min_severity": "high"}', ("min_severity", "repeated")),
        (
            b'{"quiet_hours": {"from": "22:00", "to": "06:00", "to": "07:00"}}',
            ("to", "repeated"),
        ),
        (b'{"max_per_day": 1e999, "max_per_day": 5}', ("body", "not_json")),
    ):
        assert errors(await client.put(f"{ALERTS}/preferences", content=body)) == [wrong], body


async def test_what_is_too_deep_or_half_a_character_is_refused_in_words(
    client: httpx.AsyncClient,
) -> None:
    for body in (b'{"muted_categories": ["\\ud800"]}', b'{"x": ' + b"[" * 400 + b"]" * 400 + b"}"):
        answer = await client.put(f"{ALERTS}/preferences", content=body)
        assert errors(answer) == [("body", "not_json")]
        (error,) = answer.json()["errors"]
        assert "nested as far as its fields are" in error["allowed"]
        assert "surrogate" in error["allowed"]


async def test_a_body_that_is_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    body = json.dumps({"muted_categories": []}).encode()
    whole = body + b" " * (BODY_BYTES_MAX - len(body))
    for content, status in ((whole, 503), (whole + b" ", 413)):  # 503: there is no Postgres here
        answer = await client.put(f"{ALERTS}/preferences", content=content)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_feedback_that_cannot_be_taken_is_refused_by_name(client: httpx.AsyncClient) -> None:
    for body, wrong in (
        ({}, ("value", "missing")),
        ({"value": "great"}, ("value", "unknown_value")),
        ({"value": "useful", "why": "text"}, ("why", "unknown_parameter")),
    ):
        assert errors(await client.post(f"{ALERT}/feedback", json=body)) == [wrong], body


WRITES: Final = [
    ("PUT", f"{ALERTS}/preferences"),
    ("POST", f"{ALERT}/acknowledge"),
    ("POST", f"{ALERT}/feedback"),
]


async def test_one_writes_for_oneself_and_with_a_token() -> None:
    headers = {"Authorization": f"Bearer {a_token(SETTINGS, scope='progress:read:any')}"}
    async with asking(SETTINGS) as client:
        for method, path in WRITES:
            assert (await client.request(method, path, json={})).status_code == 401
            another, more = [
                await client.request(method, path, json={}, headers=headers, params={name: "ben"})
                for name in ("user_id", "x")
            ]
            assert another.status_code == 403
            assert errors(more) == [("x", "unknown_parameter")]


async def test_every_path_says_which_methods_it_offers(client: httpx.AsyncClient) -> None:
    for prefix, slash in product(("/api/v1/progress", "/api/progress"), ("", "/")):
        for path, allow in (
            ("performance-alerts/preferences", "GET, PUT, HEAD"),
            ("performance-alerts/x/acknowledge", "POST"),
            ("performance-alerts/x/feedback", "POST"),
            ("performance-alerts", "GET, HEAD"),
        ):
            answer = await client.delete(f"{prefix}/{path}{slash}")
            assert (answer.status_code, answer.headers["allow"]) == (405, allow), path
