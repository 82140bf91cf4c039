"""One JSON object in all the ways in which JSON lets it be written, chosen by a seeded `Random`.

Hypothesis draws the values and the seed; drawing every blank would take it minutes.
"""

import json
import string
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

_SPACES: Final = ("", "", "", " ", "\t", "\n", "\r\n ")
_SHORT: Final = {"\n": "\\n", "\t": "\\t", "/": "\\/", '"': '\\"', "\\": "\\\\", "\b": "\\b"}
_NUMBERS: Final = ("{0}", "{0}.0", "{0}.000", "{0}e0", "{0}E+0", "{1}e-2", "{0}.0e-0")
_FRACTIONS: Final = ("", ".0", ".4", ".999999", ".9999994999", ".000000000000001")
MINUTES_MAX: Final = 23 * 60 + 59
"""The farthest offset from UTC that RFC 3339 can write."""


class Written(str):
    """JSON that is written as it is."""

    __slots__ = ()


_scalars: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
_odd: Final = st.sampled_from(
    [
        "1e308",
        "-1E-400",
        "9" * 308,
        "0." + "3" * 2000,
        '{"a":1,"a":{"a":2,"a":[]}}',
        '"\\ud83d\\ude00\\u0000"',
        "[[[[[[[[[[]]]]]]]]]]",
        '"' + "x," * 300 + '"',
    ]
).map(Written)
odd_values: Final = (
    _scalars
    | st.lists(_scalars, max_size=3)
    | st.dictionaries(st.text(max_size=4), _scalars | st.lists(_scalars, max_size=2), max_size=2)
    | _odd
)
"""Any JSON that a reader can hold: what a field that is ignored may be."""
ignored: Final = st.lists(
    st.tuples(st.text(string.ascii_letters, min_size=1, max_size=6).map("x-".__add__), odd_values),
    max_size=3,
)
seeds: Final = st.integers(0, 2**32).map(Random)


def spelled(value: Any, chance: Random) -> str:
    """The JSON text of `value`, with any white space, escapes, order and number format."""
    match value:
        case Written():
            return str(value)
        case str():
            return _text(value, chance)
        case float() if value.is_integer() and abs(value) < 2**53:
            return chance.choice(_NUMBERS).format(int(value), 100 * int(value))
        case list():
            return _joined("[", [spelled(each, chance) for each in value], "]", chance)
        case dict():
            return spelled_pairs(list(value.items()), chance)
        case _:
            return json.dumps(value)


def spelled_pairs(pairs: Sequence[tuple[str, Any]], chance: Random) -> str:
    """An object whose names may repeat."""
    blank = chance.choice
    parts = [
        _text(name, chance) + blank(_SPACES) + ":" + blank(_SPACES) + spelled(value, chance)
        for name, value in chance.sample(pairs, len(pairs))
    ]
    return _joined("{", parts, "}", chance)


def _joined(opening: str, parts: Sequence[str], closing: str, chance: Random) -> str:
    blank = chance.choice
    inside = ",".join(blank(_SPACES) + part + blank(_SPACES) for part in parts)
    return opening + (inside or blank(_SPACES)) + closing


def _text(text: str, chance: Random) -> str:
    """Some characters are escaped though they need not be."""
    share = chance.choice((0, 0, 0.2, 1))
    return '"' + "".join(_character(each, share, chance) for each in text) + '"'


def _character(character: str, share: float, chance: Random) -> str:
    if chance.uniform(0, 1) < share:
        units = character.encode("utf-16-be").hex(" ", 2).split()
        return "".join("\\u" + (each.upper() if share == 1 else each) for each in units)
    return _SHORT.get(character) or json.dumps(character, ensure_ascii=character < " ")[1:-1]


def spelled_time(when: datetime, chance: Random, *, same_date: bool = False) -> str:
    """RFC 3339 text of the same second, in any offset unless the date has to stay."""
    if not same_date:
        minutes = chance.randrange(-MINUTES_MAX, MINUTES_MAX + 1)
        when = when.astimezone(timezone(timedelta(minutes=minutes)))
    text = when.replace(tzinfo=None, microsecond=0).isoformat()
    text = text.replace("T", chance.choice("Tt ")) + chance.choice(_FRACTIONS)
    offset = when.strftime("%z")
    spelled_offsets = [offset, f"{offset[:3]}:{offset[3:]}"]
    if offset == "+0000":
        spelled_offsets += ["Z", "z", "-00:00"]
    return text + chance.choice(spelled_offsets)
