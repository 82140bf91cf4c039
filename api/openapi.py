"""The document `/openapi.json`: FastAPI's, made fit for the generators of clients.

An enumeration is closed only where `CLOSED` names it. All others may grow, so they are published as
strings with the values known today (`x-extensible-enum`): a client that was generated from this
document reads tomorrow's answers. Examples are put in last, because FastAPI leaves out their nulls.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, get_args

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api import course_routes, goals, models, operations, why
from api.alert_shapes import ShownState
from api.routes import Handing, examples, page_of, problem_schemas
from domain.alerts import AlertType
from domain.events.activity import Outcome
from domain.state.learner import Severity
from metrics.shapes import Band, CourseStatus, Level, SectionState
from metrics.shapes_trends import TrendType

Schema = dict[str, Any]

CLOSED: Final[dict[str, tuple[str, ...]]] = {
    "AlertFrequency": ("none", "low", "medium", "high"),
    "AlertState": get_args(ShownState),
    "AlertType": get_args(AlertType),
    "Band": get_args(Band),
    "ClockMode": ("wall", "stream"),
    "CourseStatus": get_args(CourseStatus),
    "Level": get_args(Level),
    "Outcome": get_args(Outcome),
    "SectionState": get_args(SectionState),
    "Severity": get_args(Severity),
    "TrendType": get_args(TrendType),
}
"""Enumerations that are complete by their nature; another value would be another version."""
_SEVERITIES: Final = frozenset({"severity", "min_severity"})

DESCRIPTION: Final = """What a learner's activity comes to, as it happens.

Every key is always present: null is not known, 0 is known to be none. Clients ignore unknown keys.
A string with `x-extensible-enum` may take other values than those listed: read them as "other".

Each path is also served under `/api/progress/`, each with and without a trailing slash. HEAD works
wherever GET does. Errors are problem details (RFC 9457)."""
_TAGS: Final = [
    {"name": "progress", "description": "The pages of one learner; they need a token."},
    {
        "name": "courses",
        "description": "What instructors ask, with a token for courses.",
    },
    {
        "name": "operation",
        "description": "What probes and operators ask of no learner; those below `/api/v1` need a "
        "token.",
    },
    {
        "name": "page",
        "description": "Sign-in of the page at `/`, whose cookie every path takes for a token.",
    },
]
_IF_NONE_MATCH: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of the answer that the client has; 304 where it still holds.",
}


def publish(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Let the application serve the document of these routers."""
    routes = [route for router in routers for route in router.routes]
    app.openapi = cache(lambda: _document(app, list(_documented(routes))))  # type: ignore[method-assign]  # FastAPI's way


def _documented(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        if not isinstance(route, Handing):
            yield route
        elif route.is_documented:
            yield route.documented()


def _document(app: FastAPI, routes: Sequence[BaseRoute]) -> Schema:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=routes,
        tags=_TAGS,
        servers=[{"url": "/", "description": "Where this document was read."}],
        contact={"name": "The developers of learnstream"},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas: dict[str, Schema] = document["components"]["schemas"]
    schemas.update(problem_schemas())
    for name, schema in list(schemas.items()):
        schemas[name] = {"title": name, **_generated(schema, name)}
    for name, values in CLOSED.items():
        schemas[name] = _named(name, values)
    for methods in document["paths"].values():
        for operation in methods.values():
            _complete(operation)
    return document


def _named(name: str, values: tuple[str, ...]) -> Schema:
    """A closed enumeration; Go has one space for the constants of all of them."""
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", name)
    constants = [f"{prefix}_{value}".upper() for value in values]
    return {"title": name, "type": "string", "enum": list(values), "x-enum-varnames": constants}


def _complete(operation: Schema) -> None:
    """Say of an operation what FastAPI does not know."""
    operation.setdefault("security", [])
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(_generated(parameter["schema"], parameter["name"]))
        parameter["schema"].pop("description", None)
    for own in (models, why):
        if operation["operationId"] == own.OPERATION:
            content = operation["responses"]["200"]["content"]
            content["application/json"]["example"] = own.example()
    for shown, status in ((operations.examples(), "200"), (goals.examples(), "202")):
        if operation["operationId"] in shown:
            content = operation["responses"][status]["content"]
            content["application/json"]["example"] = shown[operation["operationId"]]
    if operation["operationId"] in course_routes.examples():
        _complete_course(operation)
    page = page_of(operation["operationId"])
    if page is not None:
        operation["parameters"].sort(key=lambda each: each["name"] == "user_id")  # it comes last
        operation["parameters"].append(_IF_NONE_MATCH)
        content = operation["responses"]["200"]["content"]
        content["application/json"]["example"] = examples()[page]


def _complete_course(operation: Schema) -> None:
    """Say of an operation of courses what FastAPI does not know: the ETag, and an example."""
    (status,) = operation["responses"].keys() & {"200", "202"}
    if "304" in operation["responses"]:
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    content = operation["responses"][status]["content"]["application/json"]
    content["example"] = course_routes.examples()[operation["operationId"]]


def _generated(schema: Schema, name: str) -> Schema:
    """A schema for generators: enumerations named or opened, no titles but those of components.

    `name` is the property that it belongs to.
    """
    made = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in made:
        made["properties"] = {
            key: _generated(each, key) for key, each in made["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _generated(made[key], name)
    if "anyOf" in made:
        made["anyOf"] = [_generated(each, name) for each in _merged(made["anyOf"])]
        if len(made["anyOf"]) == 1:
            made |= made.pop("anyOf")[0]
    return _enumeration(made, name)


def _merged(branches: list[Schema]) -> list[Schema]:
    """The branches of an anyOf, with one in place of several that list strings."""
    listed = [branch for branch in branches if _listed(branch)]
    if len(listed) < 2:  # noqa: PLR2004 - one needs no merging
        return branches
    values = [value for branch in listed for value in _listed(branch)]
    return [{"type": "string", "enum": values}, *(each for each in branches if each not in listed)]


def _listed(schema: Schema) -> list[str]:
    """The strings that a schema lists, if any."""
    if isinstance(schema.get("const"), str):
        return [schema["const"]]
    return list(schema.get("enum", ()))


def _enumeration(schema: Schema, name: str) -> Schema:
    values = _listed(schema)
    if not values:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"const", "enum", "type"}}
    closed = _closed(tuple(values), name)
    if closed is not None:
        return {"$ref": f"#/components/schemas/{closed}", **rest}
    known = {"type": "string", "x-extensible-enum": values}
    return {**known, "description": f"Known values: {', '.join(values)}; others may come.", **rest}


def _closed(values: tuple[str, ...], name: str) -> str | None:
    """The name of a closed enumeration; severities and bands have the same values."""
    if values == CLOSED["Severity"]:
        return "Severity" if name in _SEVERITIES else "Band"
    return next((each for each, known in CLOSED.items() if known == values), None)


def _without_null(schema: Schema) -> Schema:
    """A parameter that is not given is absent; there is no null in a query."""
    branches = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(branches) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**branches[0], **rest}
