"""What the API says of the models, from snapshots in Postgres: to learners, operators, scrapers."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr, TypeAdapter

from api.snapshots import HELD_MAX
from domain.alerts import Spoken
from domain.predictions import FORECASTS, NUMBERS, TARGETS, Figure, Prediction
from domain.state.course import Course
from domain.state.learner import Learner
from metrics.shapes_models import ModelsReport
from runtime.database import connect
from runtime.settings import Settings
from tests.asking import a_token, asking, store
from tests.integration.test_api_rows import statements
from tests.modelling import snapshot, snapshot_bytes
from tests.openapi import document, problems
from tests.sinking import T0, TODAY, a_checkpoint, a_learner, a_transition

pytestmark = pytest.mark.integration

__all__ = ["statements"]
READER = "models:read"
PAGE = "/api/v1/progress/predictive-analytics"
FEATURES = [13, 0, 2, 4, 8, 6, 0, 7, 1, 5, 3, 0]


def ada(number: int) -> Learner:
    """Ada, of whose silence a snapshot has spoken."""
    state = a_learner("ada", 3, days=[TODAY], course="algebra")
    state.courses = [Course("algebra", enrolled_at=T0 - 86_400)]
    state.last_event_at = T0
    shown = Figure(618, 500)
    silence = NUMBERS["inactivity_7"]
    state.predictions = [Prediction(silence, None, None, T0, number, FEATURES, shown)]
    return state


async def publish(settings: Settings, *numbers: int, data: bytes | None = None) -> None:
    """Put snapshots into the tables, as the sink does; the last of them serves."""
    async with await connect(settings, "test") as connection:
        for number in numbers:
            known = snapshot(number)
            await connection.execute(
                "INSERT INTO model_snapshots VALUES (%s, %s, %s, '{}', %s)",
                (number, known.learned_until, data or snapshot_bytes(number), T0),
            )
        await connection.execute("DELETE FROM model_serving")
        await connection.execute(
            "INSERT INTO model_serving (number, newest, pinned, frozen) VALUES (%s, %s, %s, %s)",
            (numbers[-1], numbers[-1], False, True),
        )


async def put(settings: Settings, number: int) -> None:
    """Ada's row and every partition's checkpoint, all of one snapshot."""
    records = [a_checkpoint(each, clock=T0 + 60) for each in range(settings.partitions)]
    for record in records:
        record.model = number
    await store(settings, ada(number), checkpoints=records)


async def predictions(client: httpx.AsyncClient) -> dict[str, Any]:
    found = await client.get(PAGE)
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


async def test_a_prediction_is_shown_with_the_snapshot_that_made_it(settings: Settings) -> None:
    await publish(settings, 1)
    await put(settings, 1)
    async with asking(settings, a_token(settings)) as client:
        body = await predictions(client)
    assert "predictions" not in body["degraded"]
    silence = body["predictions"]["inactivity"]
    assert (silence["status"], silence["probability"], silence["band"]) == ("ok", 0.618, "medium")
    assert silence["model"]["version"] == "1"
    assert body["risk_factors"]
    assert body["prediction_confidence"]["models"][0]["version"] == "1"
    codes = [each["code"] for each in body["prediction_confidence"]["reasons"]]
    assert "confidence.frozen" in codes


async def test_without_the_snapshot_the_answer_is_degraded_and_has_no_number(
    settings: Settings,
) -> None:
    await put(settings, 7)
    async with asking(settings, a_token(settings)) as client:
        body = await predictions(client)
        assert "predictions" in body["degraded"]
        silence = body["predictions"]["inactivity"]
        assert (silence["status"], silence["probability"]) == ("unavailable", None)
        board = (await client.get("/api/v1/progress/real-time-dashboard")).json()
        assert "predictions" not in board["degraded"]
        etag = (await client.get(PAGE)).headers["etag"]
        await publish(settings, 7)
        again = await client.get(PAGE, headers={"If-None-Match": etag})
        assert again.status_code == 200
        assert "predictions" not in again.json()["degraded"]


@pytest.mark.parametrize("data", [b"{}", b'{"format":99}', snapshot_bytes(1)[:-9]])
async def test_a_snapshot_that_cannot_be_read_degrades_and_breaks_nothing(
    settings: Settings, data: bytes
) -> None:
    await publish(settings, 1, data=data)
    await put(settings, 1)
    async with asking(settings, a_token(settings)) as client:
        body = await predictions(client)
    assert "predictions" in body["degraded"]
    assert body["prediction_confidence"]["level"] == "low"


async def test_snapshots_are_read_when_their_number_is_new_and_only_then(
    settings: Settings, statements: list[str]
) -> None:
    await publish(settings, 1)
    await put(settings, 1)
    async with asking(settings, a_token(settings)) as client:
        for expected in (2, 1, 1):
            statements.clear()
            await predictions(client)
            assert len(statements) == expected
        await publish(settings, 2)
        for expected in (2, 1):
            statements.clear()
            await predictions(client)
            assert len(statements) == expected
        statements.clear()
        await client.get("/api/v1/progress/real-time-dashboard")
        assert len(statements) == 1


async def test_no_more_snapshots_are_held_than_the_bound_says(settings: Settings) -> None:
    await publish(settings, *range(1, HELD_MAX + 3))
    async with asking(settings, a_token(settings)) as client:
        for number in range(1, HELD_MAX + 3):
            await put(settings, number)
            assert (await predictions(client))["predictions"]["inactivity"]["status"] == "ok"


async def test_an_alert_names_its_model_and_until_when_that_had_learned(
    settings: Settings, statements: list[str]
) -> None:
    await publish(settings, 1)
    spoken = Spoken(name="next_missing", version="1", probability=0.62)
    identity = "00000000-0000-5000-8000-000000000001"
    told = a_transition("ada", identity, course_id=None, spoken=spoken)
    await store(settings, told=[told])
    async with asking(settings, a_token(settings)) as client:
        for expected in (2, 1):
            statements.clear()
            body = (await client.get("/api/v1/progress/performance-alerts")).json()
            assert len(statements) == expected
            (alert,) = body["current_alerts"]
            assert alert["probability"] == 0.62
            assert alert["model"] == {
                "name": "next_missing",
                "version": "1",
                "learned_until": "2024-03-04T09:00:00Z",
            }


# -- operators -------------------------------------------------------------------------------------


async def report(settings: Settings, **claims: Any) -> httpx.Response:
    async with asking(settings, a_token(settings, "operator", **claims)) as client:
        return await client.get("/api/v1/models")


async def test_the_report_needs_a_token_with_its_scope(settings: Settings) -> None:
    async with asking(settings) as client:
        nobody = await client.get("/api/v1/models")
    assert nobody.status_code == 401
    for scope in (None, "progress:read:any"):
        refused = await report(settings, scope=scope)
        assert refused.status_code == 403
        assert refused.json()["detail"] == "the models need the scope models:read"
        assert 'scope="models:read"' in refused.headers["www-authenticate"]


async def test_the_report_is_that_of_the_newest_snapshot(settings: Settings) -> None:
    await publish(settings, 1, 2)
    await put(settings, 1)
    found = await report(settings, scope=READER)
    assert found.status_code == 200, found.text
    body = found.json()
    TypeAdapter(ModelsReport).validate_python(body)
    operation = document()["paths"]["/api/v1/models"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert problems(schema, body) == []
    assert (body["newest_version"], body["serving_version"], body["frozen"]) == ("2", "2", True)
    assert [each["version"] for each in body["adopted"]] == ["1"] * settings.partitions
    assert [each["name"] for each in body["models"]] == list(TARGETS)
    for each in body["models"]:
        known = snapshot(2).reports[each["name"]].total
        assert each["total"]["count"] == known.count
        assert sum(bin_["count"] for bin_ in each["calibration"]) <= known.count
    async with asking(settings, a_token(settings, "operator", scope=READER)) as client:
        assert (await client.get("/api/v1/models/")).json() == body


async def test_without_snapshots_the_report_has_no_figure(settings: Settings) -> None:
    body = (await report(settings, scope=[READER])).json()
    assert (body["newest_version"], body["adopted"]) == (None, [])
    speaks = {each["name"] for each in body["models"] if each["speaks"]}
    assert speaks == set(FORECASTS)


async def test_the_same_figures_are_gauges(settings: Settings) -> None:
    async with asking(settings) as client:
        assert "learnstream_api_model{" not in (await client.get("/metrics")).text
        await publish(settings, 1)
        text = (await client.get("/metrics")).text
    score = snapshot(1).reports["score"].total
    assert score.mae is not None
    line = next(
        line
        for line in text.splitlines()
        if line.startswith("learnstream_api_model{")
        and all(part in line for part in ('figure="mae"', 'model="score"', 'over="total"'))
    )
    assert float(line.rpartition(" ")[2]) == round(score.mae, 4)


async def test_without_postgres_metrics_are_shown_all_the_same(settings: Settings) -> None:
    nowhere = SecretStr("postgresql://u@127.0.0.1:1/none")
    away = settings.model_copy(update={"database_url": nowhere})
    async with asking(away) as client:
        found = await client.get("/metrics")
    assert found.status_code == 200
    assert "learnstream_api_requests" in found.text


async def test_without_the_tables_metrics_are_shown_all_the_same(settings: Settings) -> None:
    async with await connect(settings, "test") as connection:
        await connection.execute("DROP TABLE model_serving")
    async with asking(settings) as client:
        assert (await client.get("/metrics")).status_code == 200
