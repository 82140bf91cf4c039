"""Help that an instructor notes: an event, seen at once, and last in the contact order."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from contracts.alert_event import instant
from contracts.topics import ACTIVITY
from proof.verify import Proof, verify
from runtime.clock import WallClock
from runtime.settings import Settings
from tests.asking import asking
from tests.integration.test_api_courses import ALGEBRA, CLASS, alert_id, filled, instructor
from tests.integration.test_api_writes import a_grade
from tests.sinking import eventually, running_sink
from tests.working import running, send, stored

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

HELP = f"{ALGEBRA}/learners/%s/help"


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found = await client.get(f"{ALGEBRA}/learners")
    items: list[dict[str, Any]] = found.json()["items"] if found.status_code == 200 else []
    return items


async def test_help_is_an_event_is_seen_at_once_and_moves_the_learner_back(  # noqa: PLR0915 - one life
    topics: Settings, tmp_path: Path
) -> None:
    now = WallClock().now()

    async def both_alerted() -> bool:
        found = await listed(client)
        return len(found) == 2 and all(each["attention"] for each in found)

    async def moved() -> bool:
        found = await listed(client)
        return [each["user_id"] for each in found] == ["ben", "ada"]

    async with (
        running_sink(topics),
        asking(topics, instructor(topics), clock=WallClock()) as client,
    ):
        with running(topics, tmp_path):
            send(topics, [a_grade(now - 90, "ada", "a1", 10), a_grade(now - 60, "ben", "a1", 10)])
            await eventually(both_alerted, deadline=90)
            first, _ = await listed(client)
            assert first["user_id"] == "ada"
            (alert,) = first["attention"]["alerts"]
            body = {"kind": "meeting", "alert_ids": [alert["id"]]}
            answer = await client.post(HELP % "ada", json=body)
            assert answer.status_code == 202, answer.text
            taken = answer.json()
            assert (taken["pending"], taken["help"]["kind"]) == (True, "meeting")
            shown = {each["user_id"]: each["helped"] for each in await listed(client)}
            assert (shown["ada"]["kinds"], shown["ben"]) == (["meeting"], None)
            one = await client.get(f"{ALGEBRA}/learners/ada")
            assert one.json()["helped"] == [taken["help"]]
            await eventually(moved, deadline=90)
            one = await client.get(f"{ALGEBRA}/learners/ada")
            assert one.json()["helped"] == [taken["help"]]
            proof = Proof(settings=topics, wait_seconds=60, progress=False)
            report = await asyncio.to_thread(verify, proof)
    assert {name: each for name, each in report.checks.items() if not each.equal} == {}
    written = [r for r in stored(topics, ACTIVITY.name) if b"learnstream.api" in r.value]
    (event,) = [json.loads(each.value) for each in written]
    assert (event["type"], event["course_id"], event["kind"]) == (
        "help_noted",
        "algebra",
        "meeting",
    )
    assert event["alert_ids"] == [alert["id"]]
    assert "teacher" not in json.dumps(event)
    assert event["occurred_at"] == taken["help"]["at"] >= instant(now)


REFUSED: Final[list[tuple[Any, str, str]]] = [
    ({}, "kind", "missing"),
    ({"kind": "money"}, "kind", "unknown_value"),
    ({"kind": 1}, "kind", "unknown_value"),
    ({"kind": "message", "alert_ids": ["x"]}, "alert_ids", "wrong_type"),
    ({"kind": "message", "alert_ids": [alert_id("bad")]}, "alert_ids", "unknown_value"),
    ({"kind": "message", "alert_ids": [alert_id("poor")] * 5}, "alert_ids", "too_many"),
    ({"kind": "message", "note": "she was sad"}, "note", "unknown_parameter"),
    ([], "body", "wrong_type"),
]


async def test_help_that_cannot_be_taken_is_refused_and_nothing_is_written(
    settings: Settings,
) -> None:
    await filled(settings, CLASS)
    async with asking(settings, instructor(settings)) as client:
        for body, parameter, code in REFUSED:
            answer = await client.post(HELP % "poor", json=body)
            assert answer.status_code == 422, (body, answer.text)
            (error,) = answer.json()["errors"]
            assert (error["parameter"], error["code"]) == (parameter, code), body
        reading = {"Authorization": f"Bearer {instructor(settings, scope='courses:read')}"}
        answer = await client.post(HELP % "poor", json={"kind": "message"}, headers=reading)
        assert answer.status_code == 403
        assert 'scope="courses:write"' in answer.headers["www-authenticate"]
        answer = await client.post(HELP % "poor", json={"kind": "message"})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        (shown,) = [each for each in await listed(client) if each["user_id"] == "poor"]
        assert shown["helped"] is None
