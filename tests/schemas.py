"""docs/asyncapi.yaml as the tests use it: its schemas, a validator of each, and their shapes."""

from collections.abc import Iterator
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


def validator(name: str) -> Draft7Validator:
    """What checks a value against a schema of the document."""
    reference = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft7Validator(reference, format_checker=Draft7Validator.FORMAT_CHECKER)


def problems(name: str, value: Any) -> list[str]:
    """What a schema of the document says against a value."""
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(value)]


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
        found |= set(node.get("enum", [])) - {None}
        found |= {node["const"]} if "const" in node and isinstance(node["const"], str) else set()
    elif key in node:
        found.add(node[key])
    return found
