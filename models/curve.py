"""The last step of calibration: a rising line of straight pieces, from (0, 0) to (1, 1)."""

from bisect import bisect_right
from itertools import pairwise
from operator import itemgetter
from typing import Final, TypeAlias

MILLION: Final = 1_000_000
"""Knots, weights and log-odds are whole numbers of millionths."""
Curve: TypeAlias = list[tuple[int, int]]
"""The inner knots of the line: a probability and what comes of it, millionths."""

_BEGIN: Final = (0, 0)
_END: Final = (MILLION, MILLION)
_said: Final = itemgetter(0)


def bend(curve: Curve, probability: float) -> float:
    """What comes of a probability."""
    said = probability * MILLION
    place = bisect_right(curve, said, key=_said)
    left, low = curve[place - 1] if place else _BEGIN
    right, high = curve[place] if place < len(curve) else _END
    return (low + (high - low) * (said - left) / (right - left)) / MILLION


def unbend(curve: Curve, probability: float) -> float:
    """The probability of which this one comes."""
    return bend([(came, said) for said, came in curve], probability)


def is_rising(curve: Curve) -> bool:
    """Whether every piece rises, so that the line can be followed both ways."""
    return all(a < c and b < d for (a, b), (c, d) in pairwise([_BEGIN, *curve, _END]))
