"""90 % intervals: a typical error, times quantiles that were tracked as labels came in."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

ALL: Final = ""
"""In place of a series: all of them."""
_SEPARATOR: Final = "\x1f"


class Error(Struct, array_like=True):
    """A typical absolute error, points or days, and how much it rests on."""

    value: float
    count: float = 0.0


class Quantiles(Struct, array_like=True):
    """How many typical errors the interval reaches down and up from the predicted value."""

    low: float
    high: float


class Keys(NamedTuple):
    """Where the parts of an interval are kept: by series, kind and bin, and by series and kind."""

    bin: str
    whole: str


def keys(series: str | None, kind: str | None, number: int) -> Keys:
    """The keys of a prediction in the bin of this number."""
    whole = _SEPARATOR.join((series or "", kind or ""))
    return Keys(_SEPARATOR.join((whole, str(number))), whole)


def kind_of(*, by_level: bool) -> str:
    """What stands for the kind where a forecast's interval is kept: what its formula goes by."""
    return "level" if by_level else "line"


def reach_key(series: str, *, by_level: bool) -> str:
    """The key of how far forecasts of a series reach; they are not told apart by what they say."""
    return keys(series, kind_of(by_level=by_level), 0).bin


def typical_error(errors: Mapping[str, Error], at: Keys, start: float) -> float:
    """The mean of what is known of the bin and of all bins; `start` stands for what is not."""
    known = [it.value if (it := errors.get(key)) else start for key in at]
    return sum(known) / len(known)
