"""docs/asyncapi.yaml as the tests use it: its schemas, a validator of each, and their shapes.

What consumers read is published open: the values known today stand under `examples`, and how the
fields of one message depend on each other is not said. `CLOSED` says both, for our own messages.
"""

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft7Validator

ROOT: Final = Path(__file__).parents[1]
DOCUMENT: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
LIMITS: Final = ("minLength", "maxLength", "minimum", "exclusiveMinimum", "maximum", "maxItems")
_JSON_TYPES: Final = {str: "string", bool: "boolean", int: "integer", type(None): "null"}


def schema(name: str) -> dict[str, Any]:
    """A schema of the document."""
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    return found


@cache
def validator(name: str, *, closed: bool = False) -> Draft7Validator:
    """What checks a value against a schema of the document, formats too."""
    document = CLOSED if closed else DOCUMENT
    reference = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft7Validator(reference, format_checker=Draft7Validator.FORMAT_CHECKER)


def problems(name: str, value: Any) -> list[str]:
    """What a schema of the document says against a value."""
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(value)]


def unlike_ours(name: str, value: Any) -> list[str]:
    """What is against a message of ours: the schema, an unknown value, or a contradiction."""
    errors = validator(name, closed=True).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in errors]


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object below a node, and itself."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


def known_values(node: dict[str, Any]) -> list[str]:
    """The values that an open schema of a text names."""
    said = node.get("type")
    is_text = said == "string" or (isinstance(said, list) and "string" in said)
    return list(node.get("examples", [])) if is_text else []


def _closed() -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for node in nodes(document["components"]["schemas"]):
        if known := known_values(node):
            node["enum"] = [*known, None] if isinstance(node["type"], list) else known
    for name, rules in _LIVES.items():
        document["components"]["schemas"][name]["allOf"] = rules
    return document


def _when(name: str, value: str, **then: Any) -> dict[str, Any]:
    return {"if": {"properties": {name: {"const": value}}}, "then": {"properties": then}}


_SAID: Final[dict[str, Any]] = {"type": "string"}
_NULL: Final[dict[str, Any]] = {"type": "null"}
_LATER: Final[dict[str, Any]] = {"revision": {"minimum": 2}}
_OPEN: Final[dict[str, Any]] = {
    "state": {"const": "open"},
    "title_code": _SAID,
    "message_code": _SAID,
    "title": _SAID,
    "message": _SAID,
    "evidence": {"minItems": 1},
    "resolved_at": _NULL,
    "resolution": _NULL,
}
_RESOLVED: Final[dict[str, Any]] = {
    "state": {"const": "resolved"},
    "title_code": _NULL,
    "message_code": _NULL,
    "title": _NULL,
    "message": _NULL,
    "evidence": {"maxItems": 0},
    "suggested_actions": {"maxItems": 0},
    "resolved_at": _SAID,
    "resolution": _SAID,
}
_SPEAKS: Final[dict[str, Any]] = {
    "evidence": {"minItems": 1},
    "title_code": _SAID,
    "message_code": _SAID,
    "resolved_at": _NULL,
    "resolution": _NULL,
}
_LIVES: Final = {
    "AlertEvent": [
        _when("type", "learnstream.alert.raised", data={"properties": _OPEN}),
        _when("type", "learnstream.alert.updated", data={"properties": _OPEN | _LATER}),
        _when("type", "learnstream.alert.resolved", data={"properties": _RESOLVED | _LATER}),
    ],
    "Transition": [
        _when("kind", "raised", **_SPEAKS, state={"const": "open"}, suppressed_reason=_NULL),
        _when("kind", "suppressed", **_SPEAKS, state={"const": "suppressed"}),
        _when("kind", "suppressed", suppressed_reason=_SAID),
        _when("kind", "updated", **_SPEAKS, **_LATER, state={"enum": ["open", "suppressed"]}),
        _when("kind", "resolved", **_LATER, state={"enum": ["resolved", "suppressed"]}),
        _when("kind", "resolved", resolved_at={"type": "integer"}, resolution=_SAID),
    ],
}


def references(node: Any) -> Iterator[str]:
    """Every $ref below a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(reference: str) -> Any:
    """What a $ref of the document points to."""
    node: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def types(node: dict[str, Any], root: dict[str, Any]) -> set[str]:
    """The JSON types that a schema allows, its references followed."""
    if "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return types(target, root)
    for key in ("anyOf", "oneOf"):
        if key in node:
            return {name for each in node[key] for name in types(each, root)}
    if "type" in node:
        said = node["type"]
        return {said} if isinstance(said, str) else set(said)
    values = node["enum"] if "enum" in node else [node["const"]]
    return {_JSON_TYPES[type(value)] for value in values}


def stated(node: dict[str, Any], root: dict[str, Any], key: str) -> set[Any]:
    """Every value that a schema gives a keyword, its references and alternatives followed."""
    if "$ref" in node:
        target: Any = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return stated(target, root, key)
    found = {value for each in node.get("anyOf", []) for value in stated(each, root, key)}
    if key == "enum":
        found |= set(node.get("enum", [])) - {None} | set(known_values(node))
        found |= {node["const"]} if "const" in node and isinstance(node["const"], str) else set()
    elif key in node:
        found.add(node[key])
    return found


CLOSED: Final = _closed()
