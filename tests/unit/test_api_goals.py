"""Goals as learners set and remove them: what is refused, and that the fold takes all else."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from api.bodies import TARGETS_MAX, GoalBody
from api.goals import event_of, examples
from api.pending import GOALS_WAITING_MAX
from domain.events.decode import Accepted, Record, decode
from domain.keepers import goals
from domain.state.learner import Goal, new_learner
from domain.state.limits import GOALS_MAX
from tests.asking import a_token, asking
from tests.openapi import document, problems
from tests.schemas import ROOT
from tests.sinking import T0
from tests.unit.test_api_bodies import SETTINGS, errors

GOALS: Final = "/api/v1/progress/goals"
WANTED: Final = {"metric": "weekly_minutes", "target": 180}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """An API without servers: what it refuses here, it refuses before it asks them."""
    async with asking(SETTINGS, a_token(SETTINGS)) as asked:
        yield asked


WRONG: Final[list[tuple[Any, tuple[str, str]]]] = [
    ({"target": 1}, ("metric", "missing")),
    ({"metric": "weekly_minutes"}, ("target", "missing")),
    ({"metric": "pages", "target": 1}, ("metric", "unknown_value")),
    ({"metric": ["weekly_minutes"], "target": 1}, ("metric", "unknown_value")),
    (WANTED | {"target": "180"}, ("target", "wrong_type")),
    (WANTED | {"target": True}, ("target", "wrong_type")),
    (WANTED | {"target": None}, ("target", "wrong_type")),
    (WANTED | {"target": 0}, ("target", "out_of_range")),
    (WANTED | {"target": -180}, ("target", "out_of_range")),
    (WANTED | {"target": 1e300}, ("target", "out_of_range")),
    (WANTED | {"course_id": ""}, ("course_id", "wrong_type")),
    (WANTED | {"course_id": 7}, ("course_id", "wrong_type")),
    (WANTED | {"course_id": "a\u0000"}, ("course_id", "wrong_type")),
    (WANTED | {"course_id": "c" * 257}, ("course_id", "wrong_type")),
    (WANTED | {"due_at": 1_900_000_000}, ("due_at", "wrong_type")),
    (WANTED | {"due_at": "tomorrow"}, ("due_at", "unknown_value")),
    (WANTED | {"due_at": "2030-01-01"}, ("due_at", "unknown_value")),
    (WANTED | {"due_at": "2030-01-01T00:00:00"}, ("due_at", "unknown_value")),
    (WANTED | {"due_at": "2030-02-30T00:00:00Z"}, ("due_at", "unknown_value")),
    (WANTED | {"due_at": "1900-01-01T00:00:00Z"}, ("due_at", "unknown_value")),
    (WANTED | {"goal_id": "g"}, ("goal_id", "unknown_parameter")),
    (WANTED | {"set_at": "2030-01-01T00:00:00Z"}, ("set_at", "unknown_parameter")),
    ([], ("body", "wrong_type")),
]


async def test_a_goal_that_cannot_be_taken_is_refused_by_name(client: httpx.AsyncClient) -> None:
    for body, wrong in WRONG:
        assert errors(await client.put(f"{GOALS}/g", json=body)) == [wrong], body


@pytest.mark.parametrize("metric", TARGETS_MAX)
async def test_a_target_is_from_one_to_what_its_metric_can_reach(
    client: httpx.AsyncClient, metric: str
) -> None:
    most = TARGETS_MAX[metric]  # type: ignore[index]
    for target, is_taken in ((0.5, False), (1, True), (most, True), (most + 0.5, False)):
        answer = await client.put(f"{GOALS}/g", json={"metric": metric, "target": target})
        assert answer.status_code == (503 if is_taken else 422), target  # there is no Postgres here
        if not is_taken:
            assert errors(answer) == [("target", "out_of_range")]
            assert f"1..{most} for {metric}" in answer.json()["detail"]


async def test_what_is_no_json_is_refused(client: httpx.AsyncClient) -> None:
    for content in (b"", b"{", b'{"metric": "weekly_minutes", "target": NaN}', b'"\xff"'):
        ((parameter, _),) = errors(await client.put(f"{GOALS}/g", content=content))
        assert parameter in {"body", "target"}
    half = b'{"metric": "weekly_minutes", "target": 1, "course_id": "\\ud800"}'
    assert errors(await client.put(f"{GOALS}/g", content=half)) == [("body", "not_json")]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_id_is_any_text_that_an_event_may_have(
    client: httpx.AsyncClient, method: str
) -> None:
    for goal_id in ("g", "a/b", "/", "ü 7?#%", "x" * 256, "\U0001f3af" * 256, "\n", "goals/g"):
        for slash in ("", "/"):
            path = f"{GOALS}/{quote(goal_id, safe='')}{slash}"
            answer = await client.request(method, path, json=WANTED)
            assert answer.status_code == 503, goal_id  # it is asked for in Postgres
    for part in ("%00", "a%00", "x" * 257, "%C3%28"):
        answer = await client.request(method, f"{GOALS}/{part}", json=WANTED)
        assert errors(answer) == [("goal_id", "wrong_type")], part
        assert "1 to 256 characters" in answer.json()["detail"]
    for part in ("", "/", "a/b", "a//"):
        answer = await client.request(method, f"{GOALS}/{part}", json=WANTED)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), part


async def test_one_sets_and_removes_ones_own_goals_and_with_a_token() -> None:
    headers = {"Authorization": f"Bearer {a_token(SETTINGS, scope='progress:read:any')}"}
    async with asking(SETTINGS) as client:
        for method in ("PUT", "DELETE"):
            path = f"{GOALS}/g"
            assert (await client.request(method, path, json=WANTED)).status_code == 401
            another, more = [
                await client.request(
                    method, path, json=WANTED, headers=headers, params={name: "ben"}
                )
                for name in ("user_id", "x")
            ]
            assert another.status_code == 403
            assert errors(more) == [("x", "unknown_parameter")]


async def test_the_path_says_which_methods_it_offers(client: httpx.AsyncClient) -> None:
    for prefix in ("/api/v1/progress", "/api/progress"):
        for slash in ("", "/"):
            answer = await client.get(f"{prefix}/goals/g{slash}")
            assert (answer.status_code, answer.headers["allow"]) == (405, "PUT, DELETE")


TAKEN: Final[list[dict[str, Any]]] = [
    WANTED,
    {"metric": "average_score", "target": 62.5, "course_id": "a/b\n\U0001f3af", "due_at": None},
    {"metric": "course_progress", "target": 100, "course_id": None},
    {"metric": "streak_days", "target": 1, "due_at": "2030-01-01T00:00:00.999999+05:45"},
    {"metric": "weekly_activities", "target": 1_000, "due_at": "8999-12-31t23:59:59z"},
    {"metric": "weekly_activities", "target": 3, "due_at": "9999-12-31T23:59:59-23:59"},
]


@pytest.mark.parametrize("body", TAKEN)
def test_what_the_api_takes_is_folded_as_it_was_shown(body: dict[str, Any]) -> None:
    asked = GoalBody.model_validate_json(json.dumps(body))
    set_ = Goal("g/1", asked.metric, asked.course_id, asked.target, T0, asked.due)
    for fact in (set_, goals.removed("g/1", T0 + 1)):
        assert folded(fact) == [fact]
    due = body.get("due_at")
    assert (asked.due is None) == (due is None or due.startswith("9"))


def folded(fact: Goal) -> list[Goal]:
    """What the fold makes of the event that is written."""
    event = {"event_id": "e", "user_id": "7", "occurred_at": "2025-10-09T08:53:20Z"}
    value = json.dumps(event | event_of(fact)).encode()
    accepted = decode(Record(0, T0 * 1000, b"7", value), 0, 1)
    assert isinstance(accepted, Accepted), accepted
    state = new_learner("7")
    goals.take(state, accepted.event, fact.set_at)  # type: ignore[arg-type]
    return state.goals


def test_the_examples_are_whole_answers_and_bodies_that_are_taken() -> None:
    path = document()["paths"]["/api/v1/progress/goals/{goal_id}"]
    for method, name in (("put", "setGoal"), ("delete", "removeGoal")):
        content = path[method]["responses"]["202"]["content"]["application/json"]
        assert path[method]["operationId"] == name
        assert content["example"] == examples()[name]
        assert problems(content["schema"], content["example"]) == []
    schema = document()["components"]["schemas"]["GoalBody"]
    assert len(schema["examples"]) == 2
    for body in schema["examples"]:
        assert problems(schema, body) == []
        GoalBody.model_validate_json(json.dumps(body))


def test_the_page_on_metrics_says_what_can_be_wanted() -> None:
    said = (ROOT / "docs" / "metrics.md").read_text()
    (rule,) = [each for each in said.split("\n- ") if each.startswith("`target` is at least 1")]
    words = " ".join(rule.split())
    for metric, most in TARGETS_MAX.items():
        assert f"{most:,} for `{metric}`" in words
    assert f"At most {GOALS_MAX} goals stand" in said
    assert f"or {GOALS_WAITING_MAX} changes of goals of this learner wait" in said
