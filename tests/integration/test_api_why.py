"""GET performance-alerts/{id}/why: what is stored of why an alert came, to whom it may be told."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from api.why import example
from domain.alerts import Contribution, Spoken
from domain.configuration import Configuration, Rules, canonical
from domain.rules.low_score import LowScore
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.openapi import document, problems
from tests.sinking import T0, TODAY, a_checkpoint, a_learner, a_transition, resolved

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

LOW, HELD, ADAS = (f"00000000-0000-5000-8000-00000000000{n}" for n in (1, 2, 3))
SPOKEN = Spoken(
    name="not_passing",
    version="12",
    probability=0.731,
    contributions=(Contribution("overdue", 2, 1.5),),
)
PREFIX = "/api/v1/progress/performance-alerts/"


@pytest_asyncio.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Ada's client; of her alerts one ended, one was suppressed; the third is Bob's."""
    rules = Rules(low_score=LowScore(default_pass_mark=40))
    text = canonical(Configuration(rules=rules))
    checkpoints = [a_checkpoint(each, clock=T0 + 60) for each in range(settings.partitions)]
    for checkpoint in checkpoints:
        checkpoint.configuration = text
    await store(
        settings,
        a_learner("ada", 3, days=[TODAY], course="algebra"),
        a_learner("bob", 3, days=[TODAY], course="algebra"),
        checkpoints=checkpoints,
        told=[
            a_transition("ada", LOW, spoken=SPOKEN),
            resolved("ada", LOW, 2),
            a_transition(
                "ada", HELD, kind="suppressed", state="suppressed", suppressed_reason="stale"
            ),
            a_transition("bob", ADAS),
        ],
    )
    async with asking(settings, a_token(settings)) as made:
        yield made


async def asked(client: httpx.AsyncClient, alert: str, **given: Any) -> Any:
    answer = await client.get(f"{PREFIX}{alert}/why", **given)
    assert answer.status_code == 200, answer.text
    operation = document()["paths"][PREFIX + "{alert_id}/why"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert problems(schema, answer.json()) == []
    assert answer.json().keys() == example().keys()
    return answer.json()


async def test_what_is_stored_of_an_alert_is_said_with_the_thresholds_of_today(
    client: httpx.AsyncClient,
) -> None:
    why = await asked(client, LOW)
    assert (why["rule"], why["resolution"], why["revision"]) == (
        {"name": "low_score", "version": 1},
        "cleared",
        2,
    )
    (evidence,) = why["evidence"]
    assert (evidence["value"], evidence["threshold"]) == (35, 40)
    assert why["model"] == {
        "name": "not_passing",
        "snapshot": "12",
        "probability": 0.731,
        "contributions": [{"feature": "overdue", "bin": 2, "log_odds": 1.5}],
    }
    marks = {each["setting"]: each["values"] for each in why["thresholds_now"]}
    assert marks["low_score.default_pass_mark"] == [40]
    assert why["command"] == f"learnstream why {LOW}"
    assert "You scored 35% in Quiz 1" in why["message"]


async def test_what_was_suppressed_says_why_and_that_nobody_got_it(
    client: httpx.AsyncClient,
) -> None:
    why = await asked(client, HELD.upper())
    assert (why["delivered"], why["suppressed_reason"], why["model"]) == (False, "stale", None)


async def test_anothers_alert_needs_the_scope_and_the_learner(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    any_learner = a_token(settings, "teacher", scope="progress:read:any")
    headers = {"Authorization": f"Bearer {any_learner}"}
    assert (await asked(client, ADAS, params={"user_id": "bob"}, headers=headers))["id"] == ADAS
    path = f"{PREFIX}{ADAS}/why"
    for given, status in (
        ({}, 404),
        ({"params": {"user_id": "bob"}}, 403),
        ({"params": {"user_id": "ada"}, "headers": headers}, 404),
        ({"headers": headers}, 404),
        ({"headers": {"Authorization": "Bearer none"}}, 401),
        ({"params": {"period": "7"}}, 422),
        ({"params": [("user_id", "ada"), ("user_id", "ada")]}, 422),
    ):
        answer = await client.get(path, **given)
        assert answer.status_code == status, (given, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["7", "none", "00000000-0000-5000-8000-000000000009"])
async def test_what_is_no_alert_is_not_found(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"{PREFIX}{name}/why")
    assert (answer.status_code, answer.json()["detail"]) == (404, "no such alert")


async def test_it_stands_under_both_prefixes_with_and_without_a_slash(
    client: httpx.AsyncClient,
) -> None:
    for prefix in (PREFIX, PREFIX.replace("/v1", "")):
        for slash in ("", "/"):
            assert (await client.get(f"{prefix}{LOW}/why{slash}")).status_code == 200
    assert (await client.head(f"{PREFIX}{LOW}/why")).status_code == 200
