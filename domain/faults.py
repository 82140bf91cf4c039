"""What msgspec refuses, in words that say what was seen and what was expected.

For what an operator wrote: it shows values. What a producer sent may hold anything, and its faults
name fields only (`events/decode.py`).
"""

import re
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

_PART: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_EXPECTED: Final = re.compile(r"Expected `([\w |]+)`(.*?)(?:, got `.*`)?", re.DOTALL)
_KINDS: Final = {
    "object": "a table",
    "array": "a list",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "str": "text",
    "null": "nothing",
}
_SHOWN_MAX: Final = 60


def in_words(error: msgspec.ValidationError, given: object, kind: Any, place: str) -> str:
    """The place below `place`, what was `given` there, and what `kind` wants."""
    said, _, at = str(error).partition(" - at `$")
    where = place + at.removesuffix("`")
    for name, number in _PART.findall(at):
        given, kind = _inside(given, kind, name, number)
    if found := _UNKNOWN.fullmatch(said):
        what = f"{found[1]!r} is unknown, expected one of {', '.join(_names(kind))}"
    elif found := _EXPECTED.fullmatch(said):
        kinds = " or ".join(_KINDS.get(each, each) for each in found[1].split(" | "))
        what = f"seen {_shown(given)}, expected {kinds}{found[2]}"
    elif get_origin(kind) is Literal:
        what = f"seen {_shown(given)}, expected one of {', '.join(get_args(kind))}"
    else:
        what = said
    where = where.lstrip(".")
    return f"{where}: {what}" if where else what


def _inside(given: Any, kind: Any, name: str, number: str) -> tuple[Any, Any]:
    """What stands behind a name or a number, and what it should be."""
    if number:
        return given[int(number)], None
    kinds = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return given[name], kinds[name]


def _names(kind: Any) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind)]


def _shown(given: object) -> str:
    text = repr(given)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
