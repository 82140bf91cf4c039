"""The served OpenAPI document: what a generator of clients makes of it must read every answer."""

import copy
from typing import Any, get_args

import httpx
import pytest
from fastapi.utils import create_model_field
from jsonschema import Draft202012Validator

from api.app import create_app
from api.course_routes import OPERATIONS, PREFIX
from api.goals import WRITES as GOALS
from api.openapi import CLOSED
from api.responding import WRITES
from api.routes import ENDPOINTS, examples
from domain.alerts import ActionCode, Resolution, SubjectKind, SuppressedReason, Unit
from domain.events.activity import EventType, GoalMetric
from metrics.shapes import Direction, MissingCode
from runtime.clock import WallClock
from tests.asking import PAGES
from tests.openapi import document, nodes, operations, problems, schema_of, settings

GROWING = (
    ActionCode,
    Direction,
    EventType,
    GoalMetric,
    MissingCode,
    Resolution,
    SubjectKind,
    SuppressedReason,
    Unit,
)
"""Lists of the code to which a later version will add."""


def test_every_schema_is_valid_and_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in document()["components"]["schemas"]}
    for path, node in nodes(document()):
        if isinstance(node.get("$ref"), str):
            assert node["$ref"] in known, path
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_a_whole_answer(page: str) -> None:
    operation = document()["paths"][f"/api/v1/progress/{page}"]["get"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]
    assert example == examples()[page]  # with the nulls, which FastAPI leaves out
    assert problems(schema_of(page), example) == []


def test_the_example_of_the_models_is_a_whole_answer() -> None:
    operation = document()["paths"]["/api/v1/models"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    assert content["example"]["models"]
    assert problems(content["schema"], content["example"]) == []
    assert set(operation["responses"]) == {"200", "401", "403", "500", "503"}


def test_the_example_of_why_an_alert_came_is_a_whole_answer() -> None:
    operation = document()["paths"]["/api/v1/progress/performance-alerts/{alert_id}/why"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    assert content["example"]["model"]["contributions"]
    assert problems(content["schema"], content["example"]) == []
    assert set(operation["responses"]) == {"200", "401", "403", "404", "422", "500", "503"}
    assert [each["name"] for each in operation["parameters"]] == ["alert_id", "user_id"]


def test_every_example_of_a_parameter_is_valid() -> None:
    seen = 0
    for path, _, operation in operations():
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            for value in [*schema.get("examples", ()), *[schema.get("default")]]:
                if value is not None:
                    assert problems(schema, value) == [], (path, parameter["name"])
                    seen += 1
    assert seen > 5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("timestamp",), "2026-01-31 08:00:00"),
        (("realtime_metrics", "average_score"), 100.1),
        (("realtime_metrics", "average_score"), -1),
        (("performance_trends", "from"), "31.01.2026"),
        (("performance_trends", "trend", "probability"), 1.5),
        (("performance_trends", "status"), "perhaps"),
        (("recent_activities", 0, "occurred_at"), "yesterday"),
        (("user_id",), None),
    ],
)
def test_formats_bounds_and_closed_lists_are_published(
    path: tuple[str | int, ...], value: Any
) -> None:
    wrong = copy.deepcopy(examples()["real-time-dashboard"])
    node = wrong
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert len(problems(schema_of("real-time-dashboard"), wrong)) == 1


def test_a_value_that_is_yet_to_come_is_read() -> None:
    coming = copy.deepcopy(examples()["real-time-dashboard"])
    for trend in ("unclear", "a word of next year"):
        coming["realtime_metrics"]["performance_trend"] = trend
        coming["performance_trends"]["trend"]["direction"] = trend
        coming["recent_activities"][0]["type"] = trend
        assert problems(schema_of("real-time-dashboard"), coming) == []


def test_only_named_lists_are_closed_and_no_growing_one_is() -> None:
    schemas = document()["components"]["schemas"]
    closed = {path[2:]: node["enum"] for path, node in nodes(document()) if "enum" in node}
    assert closed == {(name,): list(values) for name, values in CLOSED.items()}
    assert not [path for path, node in nodes(schemas) if isinstance(node.get("const"), str)]
    for growing in GROWING:
        values = [value for each in get_args(growing) for value in get_args(each) or (each,)]
        assert sorted(values) not in [sorted(each) for each in CLOSED.values()], values
        shown = [node["x-extensible-enum"] for _, node in nodes(schemas) if _opens(node)]
        assert any(set(values) <= set(each) for each in shown), values
    used = {node["$ref"].rpartition("/")[2] for _, node in nodes(document()) if "$ref" in node}
    assert set(CLOSED) <= used


def _opens(node: dict[str, Any]) -> bool:
    return isinstance(node.get("x-extensible-enum"), list)


def test_every_operation_stands_once_and_is_described() -> None:
    found = list(operations())
    operators = [
        "/healthz",
        "/readyz",
        "/readyz/api",
        "/api/v1/models",
        "/api/v1/operations",
        "/api/v1/operations/dead-letters",
    ]
    pages = [(f"/api/v1/progress/{page}", "get") for page in PAGES]
    why = ("/api/v1/progress/performance-alerts/{alert_id}/why", "get")
    writes = [(f"/api/v1/progress/{write.path}", write.method.lower()) for write in WRITES]
    asked = [(path, "get") for path in operators]
    preferences, *responses = writes
    courses = [(PREFIX + each.path, each.method.lower()) for each in OPERATIONS]
    session = [("/api/v1/session", method) for method in ("get", "post", "delete")]
    stream = ("/api/v1/progress/stream", "get")
    goals = [("/api/v1/progress/goals/{goal_id}", each.method.lower()) for each in GOALS]
    expected = [*pages, preferences, *courses, why, stream, *responses, *goals, *asked, *session]
    assert [(path, method) for path, method, _ in found] == expected
    assert len({operation["operationId"] for _, _, operation in found}) == len(found)
    tags = {tag["name"] for tag in document()["tags"]}
    for path, method, operation in found:
        assert operation["operationId"].isalnum()
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags
        by_cookie = path == "/api/v1/session" and method != "post"
        bearer = path.startswith("/api") and not by_cookie
        assert operation["security"] == ([{"HTTPBearer": []}] if bearer else [])
        assert all(each["description"] for each in operation["responses"].values())
    assert document()["info"]["license"]["identifier"] == "Apache-2.0"
    assert "/api/progress/" in document()["info"]["description"]


def test_every_constant_of_a_closed_list_has_a_name_of_its_own() -> None:
    """Generators for Go make one package of them."""
    schemas = document()["components"]["schemas"]
    names = [each for name in CLOSED for each in schemas[name]["x-enum-varnames"]]
    assert len(set(names)) == len(names) == sum(map(len, CLOSED.values()))
    assert {"SEVERITY_LOW", "BAND_LOW", "ALERT_FREQUENCY_LOW", "COURSE_STATUS_ACTIVE"} <= set(names)


def test_what_is_written_has_a_body_and_is_taken_for_later() -> None:
    for write in WRITES:
        operation = document()["paths"][f"/api/v1/progress/{write.path}"][write.method.lower()]
        assert {"202", "401", "403", "404", "409", "413", "422", "503"} <= set(
            operation["responses"]
        )
        assert ("requestBody" in operation) == (write.name != "acknowledge performance alert")
        for name, schema in bodies(operation).items():
            assert schema["additionalProperties"] is False, name


def test_a_goal_is_written_as_one_of_a_path() -> None:
    path = document()["paths"]["/api/v1/progress/goals/{goal_id}"]
    common = {"202", "401", "403", "404", "422", "500", "503"}
    assert set(path["put"]["responses"]) == common | {"408", "409", "413"}
    assert set(path["delete"]["responses"]) == common
    (schema,) = bodies(path["put"]).values()
    assert schema["additionalProperties"] is False
    assert "requestBody" not in path["delete"]


def bodies(operation: dict[str, Any]) -> dict[str, Any]:
    """The schema of an operation's body, by name."""
    content = operation.get("requestBody", {}).get("content", {})
    found = [each["schema"]["$ref"].rpartition("/")[2] for each in content.values()]
    return {name: document()["components"]["schemas"][name] for name in found}


@pytest.mark.parametrize("page", PAGES)
def test_conditional_requests_and_retries_are_described(page: str) -> None:
    operation = document()["paths"][f"/api/v1/progress/{page}"]["get"]
    responses = operation["responses"]
    assert {"If-None-Match"} == {p["name"] for p in operation["parameters"] if p["in"] == "header"}
    assert responses["200"]["headers"].keys() == responses["304"]["headers"].keys() == {"ETag"}
    assert responses["503"]["headers"].keys() == {"Retry-After"}
    assert "WWW-Authenticate" in responses["401"]["headers"]
    for status in set(responses) - {"200", "304"}:
        assert responses[status]["content"].keys() == {"application/problem+json"}


def test_bounds_of_numbers_are_those_of_json_schema() -> None:
    for path, node in nodes(document()):
        assert not {"ge", "le", "gt", "lt"} & node.keys() or path[-1:] == ("properties",), path
    operation = document()["paths"]["/api/v1/progress/trend-analysis"]["get"]
    period = next(each for each in operation["parameters"] if each["name"] == "period")
    assert (period["schema"]["minimum"], period["schema"]["maximum"]) == (7, 90)


def test_nothing_is_a_dictionary_of_anything() -> None:
    untyped = [
        path
        for path, node in nodes(document()["components"]["schemas"])
        if node.get("type") == "object"
        and "properties" not in node
        and not isinstance(node.get("additionalProperties"), dict)
    ]
    assert untyped == []


def test_a_problem_is_described_as_it_is_answered() -> None:
    body = document()["components"]["schemas"]["ProblemBody"]
    assert body["required"] == ["type", "title", "status", "detail", "code", "errors"]


async def test_the_models_of_answers_are_made_when_the_document_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not at the start, and not in the first request: they take a quarter of a second each time."""
    made: set[object] = set()

    def noted(**given: Any) -> Any:
        made.add(given["type_"])
        return create_model_field(**given)

    monkeypatch.setattr("fastapi.routing.create_model_field", noted)
    answers = {endpoint.answer for endpoint in ENDPOINTS}
    transport = httpx.ASGITransport(create_app(settings(), WallClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/api/v1/progress/real-time-dashboard")).status_code == 401
        assert not answers & made
        assert (await client.get("/openapi.json")).status_code == 200
        assert answers <= made
