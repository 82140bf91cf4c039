"""The JSON Schema files stand alone, agree with docs/asyncapi.yaml, and are served as they are."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from api.app import create_app
from api.schemas import CONTENT_TYPE, FOLDER
from contracts.alert_event import SCHEMA
from domain.events.activity import EVENT_TYPES
from feeds.simulate import Simulation
from runtime.clock import WallClock
from runtime.settings import Settings
from tests.delivering import delivered
from tests.factories import at
from tests.published import published, write
from tests.schemas import nodes, schema
from tests.telling import RUNS, told

pytestmark = pytest.mark.long

FILES = published()


def file_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.v1.json").read_text())
    return found


def check(name: str) -> Draft7Validator:
    return Draft7Validator(file_of(name), format_checker=Draft7Validator.FORMAT_CHECKER)


def test_the_files_are_those_of_asyncapi() -> None:
    there = {file.name: file.read_text() for file in FOLDER.iterdir()}
    assert there == FILES, "make them anew: python -m tests.published"


def test_a_file_that_is_none_any_more_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "old.v1.json").touch()
    write(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(FILES)


def test_there_is_one_for_each_type_for_any_event_for_facts_and_for_alerts() -> None:
    assert {name.removesuffix(".v1.json") for name in FILES} == {
        *EVENT_TYPES,
        "event",
        "course_facts",
        "alert",
    }


@pytest.mark.parametrize("name", [name.removesuffix(".v1.json") for name in FILES])
def test_a_file_stands_alone(name: str) -> None:
    found = file_of(name)
    Draft7Validator.check_schema(found)
    assert found["$id"] == f"urn:learnstream:schema:{name}:v1"
    for node in nodes(found):
        if "$ref" in node:
            _, _, of = node["$ref"].partition("#/definitions/")
            assert of in found["definitions"]
    for example in found.get("examples", []):
        check(name).validate(example)


def test_the_schema_that_an_alert_names_describes_it() -> None:
    assert file_of("alert")["$id"] == SCHEMA
    alerts = check("alert")
    for transition in [each for run in RUNS for each in told(run)]:
        if transition.delivered:
            event = json.loads(delivered(transition))
            assert event["dataschema"] == SCHEMA
            alerts.validate(event)


def test_any_event_is_one_of_its_type() -> None:
    events = check("event")
    plan = Simulation(learners=3, days=10, seed=7, until=int(at(400).timestamp()))
    for made in plan.events():
        events.validate(made.event)
    for name in file_of("event")["definitions"]:
        for example in schema(name).get("examples", []):
            if isinstance(example, dict):
                events.validate(example)
                assert not events.is_valid({**example, "type": "session_paused"})


async def test_the_api_serves_every_file_to_anybody() -> None:
    settings = Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": "none:1",
            "DATABASE_URL": "postgresql://none:1/none",
            "jwt_secret": "x" * 32,
        }
    )
    transport = httpx.ASGITransport(create_app(settings, WallClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        listed = (await client.get("/schemas")).json()["schemas"]
        assert len(listed) == len(FILES)
        for each in listed:
            answer = await client.get(each["path"])
            assert answer.headers["content-type"] == CONTENT_TYPE
            assert answer.json()["$id"] == each["id"]
        for path in ("/schemas/alert/v2", "/schemas/../app/v1", "/schemas/alert"):
            missing = await client.get(path)
            assert missing.status_code == 404
            assert missing.headers["content-type"] == "application/problem+json"
