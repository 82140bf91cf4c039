"""Preferences, acknowledgements and feedback from the API through the stream and back again."""

import asyncio
import gc
import json
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from aiokafka.partitioner import murmur2
from pydantic import TypeAdapter

from api.responding import WRITES
from contracts.alert_event import instant
from contracts.topics import ACTIVITY, ALERTS
from devstack.kafka import EmbeddedKafka
from devstack.places import free_ports
from domain.state.learner import ClosedAlert
from operations.topics import declare
from proof.verify import Proof, verify
from runtime.clock import WallClock
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.openapi import document, problems
from tests.sinking import (
    T0,
    a_checkpoint,
    a_learner,
    a_transition,
    eventually,
    resolved,
    rows,
    running_sink,
)
from tests.working import running, send, stored

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PAGE: Final = "/api/v1/progress/performance-alerts"
ALERT: Final = "00000000-0000-5000-8000-000000000001"
MUTED: Final = {
    "muted_types": [],
    "muted_categories": ["low_score"],
    "min_severity": "low",
    "quiet_hours": {"from": "22:00", "to": "07:00"},
    "max_per_day": 3,
}


def a_grade(at: int, user: str, assessment: str, score: float) -> tuple[bytes, bytes]:
    """A record of `activity`."""
    event = {
        "event_id": f"{user}-{assessment}",
        "user_id": user,
        "type": "assessment_graded",
        "occurred_at": instant(at),
        "course_id": "algebra",
        "assessment_id": assessment,
        "score": score,
        "max_score": 100,
    }
    return user.encode(), json.dumps(event).encode()


def taken(answer: httpx.Response, path: str) -> dict[str, Any]:
    """The body of a 202, held against the document."""
    assert answer.status_code == 202, answer.text
    (operation,) = (each for name, each in document()["paths"].items() if name.endswith(path))
    method = answer.request.method.lower()
    schema = operation[method]["responses"]["202"]["content"]["application/json"]["schema"]
    body: dict[str, Any] = answer.json()
    assert problems(schema, body) == []
    return body


async def alerts(client: httpx.AsyncClient) -> dict[str, Any]:
    found = await client.get(PAGE)
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


async def preferences(client: httpx.AsyncClient) -> dict[str, Any]:
    found = await client.get(f"{PAGE}/preferences")
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


async def test_what_a_learner_says_is_seen_at_once_and_comes_through_the_stream(
    topics: Settings, tmp_path: Path
) -> None:
    now, token = WallClock().now(), a_token(topics, "ada")
    async with (
        running_sink(topics),
        asking(topics, token, clock=WallClock()) as client,
        asking(topics, token, clock=WallClock()) as another,
    ):
        with running(topics, tmp_path):
            send(topics, [a_grade(now - 60, "ada", "a1", 30)])
            await eventually(lambda: _current(client), deadline=60)
            (alert,) = (await alerts(client))["current_alerts"]
            await acknowledges_once(client, alert["id"])
            await gives_feedback(client, alert["id"])
            await refused(client, a_token(topics, "ben"), alert["id"])
            await sets_preferences(client)
            await eventually(lambda: _everywhere(another), deadline=60)
            await eventually(lambda: _kept(topics, alert["id"]), deadline=60)
            assert not (await preferences(client))["pending"]
            assert (await alerts(another))["current_alerts"][0]["state"] == "acknowledged"
            send(topics, [a_grade(now - 30, "ada", "a2", 30)])
            await eventually(lambda: _suppressed(another), deadline=60)
            proof = Proof(settings=topics, wait_seconds=60, progress=False)
            report = await asyncio.to_thread(verify, proof)
            await rows(
                topics, "UPDATE alert SET feedback = 'acted' WHERE feedback IS NOT NULL RETURNING 1"
            )
            wrong = await asyncio.to_thread(verify, proof)
    assert {name: each for name, each in report.checks.items() if not each.equal} == {}
    assert [name for name, each in wrong.checks.items() if not each.equal] == ["postgres: alerts"]
    delivered = [json.loads(record.value)["data"] for record in stored(topics, ALERTS.name)]
    assert [each["alert_id"] for each in delivered] == [alert["id"]]
    written = [r for r in stored(topics, ACTIVITY.name) if b"learnstream.api" in r.value]
    kinds = [json.loads(record.value)["type"] for record in written]
    assert kinds == ["alert_acknowledged", "alert_feedback", "alert_feedback", "preferences_set"]
    home = (murmur2(b"ada") & 0x7FFFFFFF) % topics.partitions
    assert {(record.key, record.partition) for record in written} == {(b"ada", home)}


async def acknowledges_once(client: httpx.AsyncClient, alert_id: str) -> None:
    first = await client.post(f"{PAGE}/{alert_id}/acknowledge")
    body = taken(first, "/acknowledge")
    assert body == {"id": alert_id, "state": "acknowledged", "pending": True}
    page = await alerts(client)
    assert page["current_alerts"][0]["state"] == "acknowledged"
    assert page["current_alerts"][0]["acknowledged_at"] is not None
    counted = page["alert_statistics"]
    assert (counted["open"], counted["unacknowledged"]) == (1, 0)
    assert (await client.post(f"{PAGE}/{alert_id}/acknowledge")).json() == body


async def gives_feedback(client: httpx.AsyncClient, alert_id: str) -> None:
    for value in ("not_useful", "useful", "useful"):
        answer = await client.post(f"{PAGE}/{alert_id}/feedback", json={"value": value})
        assert taken(answer, "/feedback")["state"] == "acknowledged"
        assert (await alerts(client))["current_alerts"][0]["feedback"] == value


async def refused(client: httpx.AsyncClient, token: str, alert_id: str) -> None:
    """Another learner's alert is not there, as one that is none."""
    headers = {"Authorization": f"Bearer {token}"}
    for of in (alert_id, ALERT, "x", f"{alert_id}0"):
        for path, sent in (("acknowledge", None), ("feedback", {"value": "acted"})):
            answer = await client.post(f"{PAGE}/{of}/{path}", json=sent, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def sets_preferences(client: httpx.AsyncClient) -> None:
    before = await client.get(f"{PAGE}/preferences")
    assert before.json()["preferences"]["version"] == 0
    sent = MUTED | {"timezone": "Asia/Tokyo"}
    answer = await client.put(f"{PAGE}/preferences", json=sent)
    wanted = MUTED | {"version": 1}
    assert taken(answer, "/preferences") == {"preferences": wanted, "pending": True}
    assert (await preferences(client))["preferences"] == wanted
    assert (await alerts(client))["preferences"] == wanted
    changed = await client.get(
        f"{PAGE}/preferences", headers={"If-None-Match": before.headers["etag"]}
    )
    assert changed.status_code == 200


async def _everywhere(client: httpx.AsyncClient) -> bool:
    held = await preferences(client)
    if held["preferences"] != MUTED | {"version": 1}:
        return False
    return (held["pending"], held["timezone"]) == (False, "Asia/Tokyo")


async def _kept(settings: Settings, alert_id: str) -> bool:
    (row,) = await rows(settings, "SELECT * FROM alert WHERE alert_id::text = %s", alert_id)
    return row["feedback"] == "useful" and row["acknowledged_at"] is not None


async def _current(client: httpx.AsyncClient) -> bool:
    return bool((await alerts(client))["current_alerts"])


async def _suppressed(client: httpx.AsyncClient) -> bool:
    page = await alerts(client)
    assert len(page["current_alerts"]) == 1
    states = [(each["state"], each["suppressed_reason"]) for each in page["alert_history"]["items"]]
    return ("suppressed", "muted") in states


async def test_without_kafka_a_write_is_refused_and_nothing_lies_over_the_rows(
    settings: Settings,
) -> None:
    (port,) = free_ports(1)
    away = settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{port}"})
    state = a_learner("ada", 1)
    state.closed = [ClosedAlert(bytes.fromhex(ALERT.replace("-", "")), 2, T0)]
    checkpoints = [a_checkpoint(number, clock=T0) for number in range(settings.partitions)]
    told = [a_transition("ada", ALERT), resolved("ada", ALERT, 2)]
    await store(settings, state, checkpoints=checkpoints, told=told)
    async with asking(away, a_token(away)) as client:
        for method, path, body in (
            ("PUT", "preferences", {"max_per_day": 1}),
            ("POST", f"{ALERT}/acknowledge", None),
            ("POST", f"{ALERT}/feedback", {"value": "acted"}),
        ):
            answer = await client.request(method, f"{PAGE}/{path}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
            assert answer.headers["retry-after"] == "5"
        held = await preferences(client)
        assert (held["preferences"]["version"], held["pending"]) == (0, False)
        (shown,) = (await alerts(client))["alert_history"]["items"]
    assert (shown["acknowledged_at"], shown["feedback"]) == (None, None)


async def test_each_write_is_an_event_of_its_own_and_a_version(topics: Settings) -> None:
    await store(topics, a_learner("ada", 1))
    async with asking(topics, a_token(topics)) as client:
        for version in (1, 2):
            answer = await client.put(f"{PAGE}/preferences", json={})
            assert answer.json()["preferences"]["version"] == version
    first, second = [json.loads(each.value) for each in stored(topics, ACTIVITY.name)]
    assert first["event_id"] != second["event_id"]
    assert {**first, "event_id": "", "version": 2} == {**second, "event_id": ""}


# aiokafka leaves the transports of connections that the broker broke to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(240)
async def test_a_kafka_that_comes_back_takes_writes_again(
    settings: Settings, server_folder: Path
) -> None:
    broker = EmbeddedKafka(server_folder / "a-kafka-that-dies")
    broker.prepare()
    try:
        await asyncio.to_thread(broker.start)
        mortal = settings.model_copy(update={"kafka_bootstrap": broker.bootstrap})
        await asyncio.to_thread(declare, mortal)
        await store(mortal, a_learner("ada", 1))
        async with asking(mortal, a_token(mortal)) as client:

            async def status() -> int:
                return (await client.put(f"{PAGE}/preferences", json={})).status_code

            async def is_taken() -> bool:
                return await status() == 202

            assert await status() == 202
            await asyncio.to_thread(broker.kill)
            assert await status() == 503
            held = await preferences(client)
            assert held["preferences"]["version"] == 1
            await asyncio.to_thread(broker.start)
            await eventually(is_taken, deadline=60)
    finally:
        broker.kill()
        gc.collect()


async def test_an_alert_that_was_over_too_long_ago_takes_no_response(settings: Settings) -> None:
    await store(settings, a_learner("ada", 1), told=[a_transition("ada", ALERT)])
    async with asking(settings, a_token(settings)) as client:
        answer = await client.post(f"{PAGE}/{ALERT}/acknowledge")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "32" in answer.json()["detail"]


@pytest.mark.parametrize("write", WRITES, ids=lambda write: str(write.name))
def test_every_answer_has_a_shape(write: Any) -> None:
    assert TypeAdapter(write.answer).json_schema()["required"]
