"""Rules that the whole of docs/asyncapi.yaml keeps, so that generators make clean models of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.alert_event import CONTENT_TYPE
from tests.delivering import delivered
from tests.schemas import DOCUMENT, known_values, nodes, problems, references, resolve, unlike_ours
from tests.telling import told

COMPONENTS: dict[str, Any] = DOCUMENT["components"]
SCHEMAS: dict[str, Any] = COMPONENTS["schemas"]
COLLECTIONS = ("channels", "operations")


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema, and every one inside it, without their examples and names of properties."""
    for name, schema in SCHEMAS.items():
        yield from inside(name, schema)


def inside(where: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield where, schema
    for name, each in schema.get("properties", {}).items():
        yield from inside(f"{where}.{name}", each)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from inside(f"{where}.{keyword}", schema[keyword])
    for keyword in ("oneOf", "anyOf", "allOf"):
        for number, each in enumerate(schema.get(keyword, [])):
            yield from inside(f"{where}.{keyword}[{number}]", each)


def allowed(schema: dict[str, Any]) -> set[str]:
    said = schema.get("type", [])
    return {said} if isinstance(said, str) else set(said)


def read_by_consumers() -> set[str]:
    """The names of the schemas that lie behind what learnstream sends."""
    sent = [each for each in DOCUMENT["operations"].values() if each["action"] == "send"]
    channels = [resolve(each["channel"]["$ref"]) for each in sent]
    waiting = [name for channel in channels for name in references(channel["messages"])]
    seen: set[str] = set()
    while waiting:
        reference = waiting.pop()
        if reference not in seen:
            seen.add(reference)
            waiting += references(resolve(reference))
    return {each.rpartition("/")[2] for each in seen if "/schemas/" in each}


def test_the_walk_sees_every_schema() -> None:
    """A keyword that holds schemas and that `inside` does not know would hide them."""
    seen = {id(schema) for _, schema in schemas()}
    for node in nodes(SCHEMAS):
        if allowed(node) and allowed(node) <= {"object", "string", "integer", "number", "array"}:
            assert id(node) in seen, node


def test_no_schema_branches() -> None:
    for where, schema in schemas():
        assert not schema.keys() & {"if", "then", "else", "allOf", "not", "dependencies"}, where


def test_no_enumeration_holds_null_and_no_constant_is_a_number() -> None:
    for where, schema in schemas():
        assert None not in schema.get("enum", []), where
        assert isinstance(schema.get("const", ""), str), where


def test_no_alternative_is_null_and_none_has_a_default() -> None:
    """What may be null has a list of types, which every generator knows."""
    for where, schema in schemas():
        for keyword in ("oneOf", "anyOf"):
            assert all("null" not in allowed(each) for each in schema.get(keyword, [])), where
            assert not (keyword in schema and "default" in schema), where
        assert "number" not in allowed(schema) or "default" not in schema, where


def test_every_object_and_every_enumeration_has_a_name() -> None:
    for where, schema in schemas():
        if "object" in allowed(schema) or schema.keys() & {"properties", "enum"}:
            assert where in SCHEMAS, f"{where} is written where it is used: name it"


def test_every_payload_and_header_has_a_name() -> None:
    for name, message in COMPONENTS["messages"].items():
        for part in ("payload", "headers"):
            assert list(message.get(part, {"$ref": ""})) == ["$ref"], name


def test_what_consumers_read_is_open() -> None:
    names = read_by_consumers()
    assert {"AlertEvent", "AlertData", "DeadLetterHeaders", "Transition", "RuleName"} <= names
    assert not names & {"Enrolled", "CourseFacts"}
    for where, schema in schemas():
        if where.split(".")[0] in names:
            assert "enum" not in schema, where
            assert schema.get("additionalProperties") is not False, where


@pytest.mark.parametrize("field", ["category", "type", "severity", "state"])
def test_an_alert_of_a_rule_to_come_is_valid(field: str) -> None:
    event = json.loads(delivered(told("low_score")[0]))
    event["data"][field] = "rule_to_come"
    event["data"]["new"] = {"key": 1}
    assert problems("AlertEvent", event) == []
    assert unlike_ours("AlertEvent", event) != []


def test_a_pattern_that_closes_a_text_allows_what_is_named() -> None:
    closing = [
        (where, schema)
        for where, schema in schemas()
        if known_values(schema) and "pattern" in schema
    ]
    assert {where for where, _ in closing} == {"Precision", "AttemptRule", "LeastSeverity"}
    for where, schema in closing:
        assert schema["pattern"] == f"^({'|'.join(schema['examples'])})$", where


def test_every_digit_of_a_pattern_is_one_of_ten() -> None:
    r"""To some engines \d is any digit of Unicode."""
    for node in nodes(DOCUMENT):
        if isinstance(node.get("pattern"), str):
            assert "\\d" not in node["pattern"], node


def test_no_description_is_empty() -> None:
    for node in nodes(DOCUMENT):
        assert node.get("description", "said") != ""


def tags(node: dict[str, Any]) -> list[str]:
    return [tag["name"] for tag in node["tags"]]


def test_everything_has_a_title_and_says_whom_it_concerns() -> None:
    known = tags(DOCUMENT["info"])
    named = [DOCUMENT[name] for name in COLLECTIONS] + [COMPONENTS["messages"]]
    for name, node in [pair for each in named for pair in each.items()]:
        assert node["title"], name
        assert len(tags(node)) == 1, name
        assert set(tags(node)) <= set(known), name
    for operation in DOCUMENT["operations"].values():
        channel = resolve(operation["channel"]["$ref"])
        assert tags(operation) == tags(channel), channel["address"]
        for message in channel["messages"].values():
            assert tags(resolve(message["$ref"])) == tags(channel), channel["address"]
    ours = {name for name, node in DOCUMENT["channels"].items() if tags(node) == ["internal"]}
    assert ours == {name for name in DOCUMENT["channels"] if name.startswith(("progress", "model"))}


RUN_OF = {"raised": "low_score", "updated": "missed_deadline", "resolved": "low_score"}


def test_the_examples_of_alerts_are_what_the_fold_gives() -> None:
    """One of each type; docs/alerts.md has the same."""
    examples = COMPONENTS["messages"]["Alert"]["examples"]
    assert {example["name"] for example in examples} == set(RUN_OF)
    for example in examples:
        run = told(RUN_OF[example["name"]])
        given = next(
            t for t in run if (t.kind, t.category) == (example["name"], RUN_OF[example["name"]])
        )
        assert example["payload"] == json.loads(delivered(given))
        assert example["headers"] == {"content-type": CONTENT_TYPE}
