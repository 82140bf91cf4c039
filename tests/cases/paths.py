"""Places in an answer (`a.b.0.c`, `#` for a length, `[key=value]` for a choice), and comparing."""

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MISSING: Final = "(missing)"
_STEP: Final = re.compile(r"\[(?P<key>[^=\]]+)=(?P<value>[^\]]*)\]|(?P<name>[^.\[\]]+)")
_HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda seen, expected: seen in expected,
    "contains": operator.contains,
    "is": lambda seen, expected: json.dumps(seen) == json.dumps(expected),
}
"""`is` compares what stands in the JSON: -0.0 is not 0.0."""


def at(document: Any, path: str) -> Any:
    """What stands at a place; MISSING where there is no such place."""
    found = document
    for step in _STEP.finditer(path):
        found = _step(found, step)
    return found


def holds(seen: Any, name: str, expected: Any) -> bool:
    """Whether the comparison holds; what is missing or cannot be compared holds nothing."""
    if seen is MISSING:
        return False
    try:
        return bool(_HOLDS[name](seen, expected))
    except TypeError:
        return False


def _step(found: Any, step: re.Match[str]) -> Any:
    name = step["name"]
    if isinstance(found, list):
        if name is None:
            return [each for each in found if _text(each.get(step["key"])) == step["value"]]
        if name == "#":
            return len(found)
        return found[int(name)] if name.isdigit() and int(name) < len(found) else MISSING
    return found.get(name, MISSING) if isinstance(found, dict) and name else MISSING


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
