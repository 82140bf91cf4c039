"""A JSON object as both topics look at it when their typed decoder will not do, and what is wrong.

The typed decoders are fast and say little. What they refuse, and what they might overlook (a name
that stands twice, a number that no double holds, half of a surrogate pair, NUL in an id, a leap
second), is looked at again here, so that both topics give the same reason for the same fault.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias, Union

import msgspec

DEPTH_MAX: Final = 32
LEARNER_ID_MAX: Final = 128
ID_MAX: Final = 256

Leaf: TypeAlias = Literal["id", "learner", "time", "map", "other"]
Shape: TypeAlias = Mapping[str, Union[Leaf, "Shape"]]
"""The names of an object that are read, and what is behind each; all others are ignored."""


class Problem(NamedTuple):
    """Why a value is refused; `detail` names fields of the contract and never any content."""

    reason: Literal[
        "not_utf8", "too_deep", "not_json", "not_finite", "not_object", "bad_id", "wrong_type"
    ]
    detail: str


class Members(dict[str, Any]):
    """A JSON object; `twice` are the names that stand in it more than once."""

    twice: frozenset[str]


def parse_object(value: bytes) -> Members | Problem:
    """The object in `value`, which may be any bytes at all, or why there is none."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        return Problem("not_utf8", f"byte {error.start} is not UTF-8")
    if _depth(text) > DEPTH_MAX:
        return Problem("too_deep", f"nested deeper than {DEPTH_MAX}")
    try:
        parsed = _parser.decode(text)
    except _NotFinite as error:
        return Problem("not_finite", str(error))
    except ValueError as error:
        return Problem("not_json", f"not JSON at character {getattr(error, 'pos', 0)}")
    if not isinstance(parsed, Members):
        return Problem("not_object", f"a JSON {type(parsed).__name__}, expected an object")
    return parsed


def standing_twice(value: object) -> str | None:
    """A name that stands twice in one object, anywhere in `value`; None where none does."""
    if isinstance(value, Members):
        if value.twice:
            return min(value.twice)
        value = list(value.values())
    if not isinstance(value, list):
        return None
    return next((name for each in value if (name := standing_twice(each)) is not None), None)


def first_problem(members: Members, shape: Shape) -> Problem | None:
    """A name that stands twice, an id that is none, or half of a surrogate pair anywhere."""
    return _misread(members, shape, "") or _half_pair(members, shape, "")


def without_leap_seconds(members: Members, shape: Shape) -> bytes | None:
    """The object's JSON with the second 60 in its times replaced; None where there is none."""
    changed = _plain_seconds(members, shape)
    return None if changed == members else json.dumps(changed).encode()


# -- parsing -------------------------------------------------------------------------------------


class _NotFinite(ValueError):  # noqa: N818 - a signal between two functions, never seen outside
    pass


def _constant(_text: str) -> None:
    raise _NotFinite("NaN or Infinity")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _NotFinite("a number too large for a double")
    return number


def _integer(text: str) -> int:
    _float(text)  # so int() never sees more digits than Python is willing to convert
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> Members:
    members = Members(pairs)
    if len(members) == len(pairs):
        members.twice = frozenset()
    else:
        names = [name for name, _ in pairs]
        members.twice = frozenset(name for name in members if names.count(name) > 1)
    return members


_parser: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_float=_float,
    parse_int=_integer,
)


def _depth(text: str) -> int:
    """How deeply arrays and objects are nested, strings passed over."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return 0
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "]}":
            depth -= 1
    return deepest


_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{\]}]', re.DOTALL)

# -- names, ids and halves of pairs --------------------------------------------------------------


def _misread(members: Members, shape: Shape, where: str) -> Problem | None:
    for name in sorted(members.twice):
        if name in shape:  # readers would disagree which of them counts
            return Problem("wrong_type", f"{where}{name} stands twice")
    for name, inside in shape.items():
        if name in members:
            problem = _misread_value(members[name], inside, where + name)
            if problem is not None:
                return problem
    return None


def _misread_value(value: object, inside: Leaf | Shape, where: str) -> Problem | None:
    if not isinstance(inside, str):
        found = (_misread(each, inside, at + ".") for each, at in _objects(value, where))
        return next((problem for problem in found if problem is not None), None)
    if inside == "map" and isinstance(value, Members) and value.twice:
        return Problem("wrong_type", f"a name stands twice in {where}")
    if inside in {"id", "learner"}:
        for number, each in enumerate(value if isinstance(value, list) else [value]):
            at = f"{where}[{number}]" if isinstance(value, list) else where
            fault = _id_fault(each, learner=inside == "learner")
            if fault is not None:
                return Problem("bad_id", f"{at} {fault}")
    return None


def _objects(value: object, where: str) -> Iterator[tuple[Members, str]]:
    """The object that `value` is, or those in its list."""
    if isinstance(value, Members):
        yield value, where
    elif isinstance(value, list):
        for number, each in enumerate(value):
            if isinstance(each, Members):
                yield each, f"{where}[{number}]"


def _id_fault(value: object, *, learner: bool) -> str | None:
    if isinstance(value, bool):
        return "is a boolean"
    if isinstance(value, int) and learner:
        value = str(value)
    if not isinstance(value, str):
        return None
    limit = LEARNER_ID_MAX if learner else ID_MAX
    if not 0 < len(value) <= limit:
        return f"has {len(value)} characters, 1 to {limit}"
    if "\x00" in value:
        return "holds NUL"
    return _HALF_FAULT if _HALF.search(value) else None


_HALF: Final = re.compile("[\ud800-\udfff]")
_HALF_FAULT: Final = "holds half of a surrogate pair"


def _half_pair(value: object, inside: object, where: str) -> Problem | None:
    if isinstance(value, str):
        return Problem("wrong_type", f"{where} {_HALF_FAULT}") if _HALF.search(value) else None
    for name, each, at in _inner(value, inside, where):
        if _HALF.search(name):
            return Problem("wrong_type", f"a name {_HALF_FAULT}")
        shape = inside if isinstance(value, list) else _behind(name, inside)
        problem = _half_pair(each, shape, at)
        if problem is not None:
            return problem
    return None


def _inner(value: object, inside: object, where: str) -> Iterator[tuple[str, object, str]]:
    """The name, the value and the place of all that stands in an object or a list."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield "", each, where if inside is None else f"{where}[{number}]"
    elif isinstance(value, Members):
        for name, each in value.items():
            known = _behind(name, inside) is not None
            place = f"{where}.{name}" if where else name
            yield name, each, place if known else where if inside == "map" else "an ignored field"


def _behind(name: str, inside: object) -> object:
    return inside.get(name) if isinstance(inside, Mapping) else None


# -- leap seconds --------------------------------------------------------------------------------

_LEAP: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:)60(?:\.\d+)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)


def _plain_seconds(value: Any, inside: object) -> Any:
    if isinstance(value, str) and inside == "time":
        return _plain_second(value)
    if isinstance(value, list):
        return [_plain_seconds(each, inside) for each in value]
    if isinstance(value, dict):
        return {name: _plain_seconds(each, _behind(name, inside)) for name, each in value.items()}
    return value


def _plain_second(text: str) -> str:
    """A leap second as the start of the next one, in its own offset; any other text as it is.

    RFC 3339 (section 5.7) has them at the end of a month in UTC. Which months had one is not
    looked up: a verdict is the same tomorrow, when more of them are known.
    """
    found = _LEAP.fullmatch(text)
    if found is None:
        return text
    try:
        before = msgspec.convert(f"{found[1]}59{found[2]}", datetime)
        after = (before.astimezone(UTC) + _SECOND).astimezone(before.tzinfo)
    except msgspec.ValidationError:
        return text
    except OverflowError:  # at the very end of the calendar, where it means "never" all the same
        return f"{found[1]}59{found[2]}"
    first = after.astimezone(UTC)
    ends_month = (first.day, first.hour, first.minute, first.second) == (1, 0, 0, 0)
    return after.isoformat() if ends_month else text


_SECOND: Final = timedelta(seconds=1)
