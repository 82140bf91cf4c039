"""Goals that learners set and remove: seen at once, through the stream, and never one too many."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from aiokafka.partitioner import murmur2

from api.goals import WRITES
from api.pending import GOALS_WAITING_MAX
from contracts.alert_event import instant
from contracts.topics import ACTIVITY
from devstack.places import free_ports
from domain.state.learner import Goal, Learner
from domain.state.limits import GOALS_MAX
from proof.verify import Proof, verify
from runtime.clock import WallClock
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.openapi import document, problems
from tests.sinking import T0, a_checkpoint, a_learner, eventually, running_sink
from tests.working import running, send, stored

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PROGRESS: Final = "/api/v1/progress"
DASHBOARD: Final = f"{PROGRESS}/real-time-dashboard"
ODD: Final = "my goal/1 ü?"
WEEKLY: Final = {"metric": "weekly_activities", "target": 4}
ANOTHER: Final = {"metric": "streak_days", "target": 3}


def path_of(goal_id: str) -> str:
    return f"{PROGRESS}/goals/{quote(goal_id, safe='')}"


def taken(answer: httpx.Response) -> dict[str, Any]:
    """The body of a 202, held against the document."""
    assert answer.status_code == 202, answer.text
    operation = document()["paths"][f"{PROGRESS}/goals/{{goal_id}}"]
    method = answer.request.method.lower()
    schema = operation[method]["responses"]["202"]["content"]["application/json"]["schema"]
    body: dict[str, Any] = answer.json()
    assert problems(schema, body) == []
    return body


async def goals(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found = await client.get(DASHBOARD)
    assert found.status_code == 200, found.text
    shown: list[dict[str, Any]] = found.json()["goals"]
    return shown


async def names(client: httpx.AsyncClient) -> list[str]:
    return [each["goal_id"] for each in await goals(client)]


def a_view(at: int, number: int) -> tuple[bytes, bytes]:
    """A record of `activity`: one more activity of ada's."""
    event = {
        "event_id": f"view-{number}",
        "user_id": "ada",
        "type": "content_viewed",
        "occurred_at": instant(at),
        "course_id": "algebra",
        "content_id": f"page-{number}",
        "content_kind": "page",
    }
    return b"ada", json.dumps(event).encode()


async def test_a_goal_is_seen_at_once_comes_through_the_stream_and_goes_again(
    topics: Settings, tmp_path: Path
) -> None:
    now, token = WallClock().now(), a_token(topics, "ada")
    async with (
        running_sink(topics),
        asking(topics, token, clock=WallClock()) as client,
        asking(topics, token, clock=WallClock()) as another,
    ):
        with running(topics, tmp_path):
            send(topics, [a_view(now - 60, 1), a_view(now - 50, 2)])
            await eventually(lambda: _activities(client, 2), deadline=60)
            goal = await sets_one(client)
            assert await goals(client) == [goal]
            assert (goal["current"], goal["progress"], goal["status"]) == (2, 50.0, "on_track")
            await eventually(lambda: _shows(another, [goal]), deadline=60)
            assert await goals(client) == [goal]
            send(topics, [a_view(now - 40, 3), a_view(now - 30, 4)])
            await eventually(lambda: _activities(client, 4), deadline=60)
            assert [each["status"] for each in await goals(client)] == ["achieved"]
            await is_nobody_elses(client, a_token(topics, "ben"))
            await removes_it(client)
            await eventually(lambda: _shows(another, []), deadline=60)
            assert await names(client) == []
            answer = await client.put(path_of(ODD), json=WEEKLY)  # as who takes the removal back
            taken_back = taken(answer)["goal"]
            await eventually(lambda: _shows(another, [taken_back]), deadline=60)
            proof = Proof(settings=topics, wait_seconds=60, progress=False)
            report = await asyncio.to_thread(verify, proof)
    assert {name: each for name, each in report.checks.items() if not each.equal} == {}
    written = [r for r in stored(topics, ACTIVITY.name) if b"learnstream.api" in r.value]
    kinds = [(each.key, json.loads(each.value)["type"]) for each in written]
    own = [kind for key, kind in kinds if key == b"ada"]
    assert own == ["goal_set", "goal_set", "goal_removed", "goal_set"]
    assert [kind for key, kind in kinds if key == b"ben"] == ["goal_set"]
    for each in written:
        assert each.partition == (murmur2(each.key) & 0x7FFFFFFF) % topics.partitions


async def sets_one(client: httpx.AsyncClient) -> dict[str, Any]:
    """Set a goal, say it again, and change it: what was held before is not taken for the same."""
    before = await client.get(DASHBOARD)
    held = {"If-None-Match": before.headers["etag"]}
    first = taken(await client.put(path_of(ODD), json=WEEKLY | {"target": 5}))
    assert first["pending"] is True
    changed = await client.get(DASHBOARD, headers=held)
    assert (changed.status_code, changed.json()["goals"]) == (200, [first["goal"]])
    again = taken(await client.put(path_of(ODD), json=WEEKLY | {"target": 5}))
    assert again["goal"]["set_at"] == first["goal"]["set_at"]
    goal: dict[str, Any] = taken(await client.put(path_of(ODD), json=WEEKLY))["goal"]
    assert (goal["goal_id"], goal["target"], goal["course_id"]) == (ODD, 4, None)
    return goal


async def is_nobody_elses(client: httpx.AsyncClient, token: str) -> None:
    """Another learner neither removes nor changes it: of the same name is another goal."""
    before, headers = await goals(client), {"Authorization": f"Bearer {token}"}
    answer = await client.delete(path_of(ODD), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    taken(await client.put(path_of(ODD), json=ANOTHER, headers=headers))
    assert await goals(client) == before
    page = await client.get(DASHBOARD, headers=headers)
    assert [each["metric"] for each in page.json()["goals"]] == ["streak_days"]


async def removes_it(client: httpx.AsyncClient) -> None:
    before = await client.get(DASHBOARD)
    answer = taken(await client.delete(path_of(ODD)))
    assert answer == {"goal_id": ODD, "pending": True}
    held = {"If-None-Match": before.headers["etag"]}
    changed = await client.get(DASHBOARD, headers=held)
    assert (changed.status_code, changed.json()["goals"]) == (200, [])
    assert taken(await client.delete(path_of(ODD))) == answer  # again: the same, and no event
    answer = (await client.delete(path_of("never"))).json()
    assert (answer["status"], answer["detail"]) == (404, "no such goal")


async def _activities(client: httpx.AsyncClient, count: int) -> bool:
    page = (await client.get(DASHBOARD)).json()
    return bool(page["realtime_metrics"]["weekly_activities"] == count)


async def _shows(client: httpx.AsyncClient, wanted: list[dict[str, Any]]) -> bool:
    return await goals(client) == wanted


# -- how many, and until when --------------------------------------------------------------------


def with_goals(count: int, at: int = T0) -> Learner:
    """Ada, with so many goals that stand."""
    state = a_learner("ada", 1)
    state.goals = [Goal(f"g{n:02}", "streak_days", None, 3.0, at) for n in range(count)]
    return state


async def test_no_goal_more_than_can_stand_is_taken_and_none_is_dropped_for_it(
    topics: Settings,
) -> None:
    await store(topics, with_goals(GOALS_MAX - 1))
    async with asking(topics, a_token(topics)) as client:
        answers = await asyncio.gather(
            *(client.put(path_of(name), json=WEEKLY) for name in ("a", "b"))
        )
        first, second = sorted(answers, key=lambda each: each.status_code)
        assert (first.status_code, second.status_code) == (202, 409)
        problem = second.json()
        assert (problem["code"], problem["errors"]) == ("too_many_goals", [])
        assert "16 goals stand" in problem["detail"]
        standing = await names(client)
        assert len(standing) == GOALS_MAX
        taken(await client.put(path_of("g00"), json=WEEKLY))  # one that stands may be changed
        assert sorted(await names(client)) == sorted(standing)
        refused = await client.put(path_of("c"), json=WEEKLY)
        assert refused.status_code == 409
        taken(await client.delete(path_of("g01")))
        taken(await client.put(path_of("c"), json=WEEKLY))
        assert len(await names(client)) == GOALS_MAX
    kinds = [json.loads(each.value)["type"] for each in stored(topics, ACTIVITY.name)]
    assert kinds == ["goal_set", "goal_set", "goal_removed", "goal_set"]


@pytest.mark.parametrize("clock", ["wall", "stream"])
async def test_a_goal_is_until_a_time_that_is_to_come(topics: Settings, clock: str) -> None:
    """By the API's clock; where the stream says what time it is, by that."""
    told = topics.model_copy(update={"clock": clock})
    now = T0 + 120 if clock == "wall" else T0 - 86_400
    checkpoints = [a_checkpoint(number, clock=now) for number in range(topics.partitions)]
    await store(told, with_goals(0), checkpoints=checkpoints)
    async with asking(told, a_token(told)) as client:
        for late in (0, 86_400):
            answer = await client.put(path_of("g"), json=WEEKLY | {"due_at": instant(now - late)})
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["parameter"]) == (422, "due_at")
            assert error["code"] == "out_of_range"
            assert "in the future" in error["allowed"]
        goal = taken(await client.put(path_of("g"), json=WEEKLY | {"due_at": instant(now + 1)}))
        never = {"due_at": "9999-01-01T00:00:00Z"}
        assert taken(await client.put(path_of("h"), json=WEEKLY | never))["goal"]["due_at"] is None
    assert (goal["goal"]["set_at"], goal["goal"]["due_at"]) == (instant(now), instant(now + 1))
    first, second = [json.loads(each.value) for each in stored(topics, ACTIVITY.name)]
    assert (first["occurred_at"], first["due_at"]) == (instant(now), instant(now + 1))
    assert second["due_at"] is None


async def test_what_is_said_now_counts_where_another_clock_is_ahead_of_ours(
    topics: Settings,
) -> None:
    """The fold goes by the newest time: an earlier one would be taken, and then not count."""
    await store(topics, with_goals(2, at=T0 + 500))
    async with asking(topics, a_token(topics)) as client:
        goal = taken(await client.put(path_of("g00"), json=WEEKLY))["goal"]
        taken(await client.delete(path_of("g01")))
        assert await names(client) == ["g00"]
    assert goal["set_at"] == instant(T0 + 500)
    for each in stored(topics, ACTIVITY.name):
        assert json.loads(each.value)["occurred_at"] == instant(T0 + 500)


async def test_who_has_an_answer_is_told_of_what_waits_for_the_stream(topics: Settings) -> None:
    await store(topics, with_goals(1))
    async with asking(topics, a_token(topics)) as client:
        etags: list[str] = []

        async def status() -> int:
            answer = await client.get(DASHBOARD, headers={"If-None-Match": ", ".join(etags)})
            etags[:] = [answer.headers["etag"]]
            return answer.status_code

        assert [await status(), await status()] == [200, 304]
        taken(await client.put(path_of("a"), json=WEEKLY))
        assert [await status(), await status()] == [200, 304]
        taken(await client.put(path_of("a"), json=WEEKLY))  # says nothing new
        assert await status() == 304
        taken(await client.delete(path_of("g00")))
        assert [await status(), await status()] == [200, 304]
        assert await names(client) == ["a"]
    assert len(stored(topics, ACTIVITY.name)) == 2


async def test_so_many_changes_wait_for_the_stream_and_no_more(topics: Settings) -> None:
    await store(topics, with_goals(0))
    async with asking(topics, a_token(topics)) as client:
        for number in range(GOALS_WAITING_MAX):
            taken(await client.put(path_of(str(number)), json=WEEKLY))
            taken(await client.delete(path_of(str(number))))
        answer = await client.put(path_of("more"), json=WEEKLY)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["retry-after"] == "1"
        taken(await client.put(path_of("0"), json=WEEKLY))  # it waits already
        passed = [a_checkpoint(n, next=1_000) for n in range(topics.partitions)]
        await store(topics, checkpoints=passed)
        taken(await client.put(path_of("more"), json=WEEKLY))


async def test_without_kafka_a_goal_is_refused_and_nothing_lies_over_the_rows(
    settings: Settings,
) -> None:
    (port,) = free_ports(1)
    away = settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{port}"})
    await store(settings, with_goals(1))
    async with asking(away, a_token(away)) as client:
        for write in WRITES:
            answer = await client.request(write.method, path_of("g00"), json=WEEKLY)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"] == "5"
        (goal,) = await goals(client)
    assert (goal["metric"], goal["set_at"]) == ("streak_days", instant(T0))
