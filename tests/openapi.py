"""The served `/openapi.json` as the tests use it, and what its schemas say against a value."""

import uuid
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

from api.app import create_app
from runtime.clock import WallClock
from runtime.settings import Settings

FORMATS: Final = FormatChecker(())
"""Strict ones of our own: jsonschema checks a date-time only with a library that we have not."""


@FORMATS.checks("date-time", ValueError)
def _is_instant(value: object) -> bool:
    if isinstance(value, str):
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - Z is part of the form
    return True


@FORMATS.checks("date", ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or date.fromisoformat(value).isoformat() == value


@FORMATS.checks("uuid", ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or str(uuid.UUID(value)) == value


@cache
def document() -> dict[str, Any]:
    """The document, as the application makes it; nothing has to run for that."""
    return create_app(settings(), WallClock()).openapi()


def settings() -> Settings:
    """Settings of an application without servers."""
    return Settings.model_validate(
        {"KAFKA_BOOTSTRAP": "none:1", "DATABASE_URL": "postgresql://none", "jwt_secret": "s" * 32}
    )


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    """What a schema of the document says against a value, formats included."""
    rooted = {**schema, "components": document()["components"]}
    validator = Draft202012Validator(rooted, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def schema_of(page: str) -> dict[str, Any]:
    """The schema of a page's answer."""
    operation = document()["paths"][f"/api/v1/progress/{page}"]["get"]
    found: dict[str, Any] = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation, with its path and method."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every object below a node, with its path; examples are not schemas and left out."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key not in {"example", "examples"} or path[-1:] == ("properties",):
                yield from nodes(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from nodes(value, (*path, str(number)))
