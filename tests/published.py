"""The JSON Schema files of contracts/schemas; `python -m tests.published` makes them anew.

They are cut out of docs/asyncapi.yaml: one for each type of event, one for any event, one for the
facts of a course and one for an alert. Each stands alone: what it refers to is among its
`definitions`.
"""

import json
from pathlib import Path
from typing import Any, Final

from api.schemas import FOLDER
from tests.schemas import DOCUMENT, references, schema

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_IN_DOCUMENT: Final = "#/components/schemas/"


def published() -> dict[str, str]:
    """The text of every file by its name."""
    messages: dict[str, Any] = DOCUMENT["components"]["messages"]
    events = {
        messages[name]["name"]: _named(messages[name]["payload"]["$ref"])
        for name in DOCUMENT["channels"]["activity"]["messages"]
    }
    alerts = [example["payload"] for example in messages["Alert"]["examples"]]
    found = {name: _alone(name, schema(of)) for name, of in events.items()}
    found["event"] = _alone(
        "event",
        {
            "title": "Any activity event",
            "oneOf": [{"$ref": _IN_DOCUMENT + of} for of in events.values()],
        },
    )
    found["course_facts"] = _alone("course_facts", schema("CourseFacts"))
    found["alert"] = _alone("alert", {**schema("AlertEvent"), "examples": alerts})
    return {
        f"{name}.v1.json": json.dumps(each, indent=2, ensure_ascii=False) + "\n"
        for name, each in found.items()
    }


def _named(reference: str) -> str:
    return reference.removeprefix(_IN_DOCUMENT)


def _alone(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """A schema that needs no other file."""
    needed: dict[str, Any] = {}
    waiting = list(references(body))
    while waiting:
        of = _named(waiting.pop())
        if of not in needed:
            needed[of] = schema(of)
            waiting += references(needed[of])
    whole = {
        "$schema": DRAFT,
        "$id": f"urn:learnstream:schema:{name}:v1",
        "title": name.replace("_", " ").capitalize(),
        **body,
        "definitions": {of: needed[of] for of in sorted(needed)},
    }
    found: dict[str, Any] = json.loads(
        json.dumps(whole).replace(f'"{_IN_DOCUMENT}', '"#/definitions/')
    )
    return found


def write(folder: Path = FOLDER) -> None:
    """Write every file, and take away what is none any more."""
    files = published()
    for old in folder.glob("*.json"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
