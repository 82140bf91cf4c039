"""Comparing figures with thresholds, and rounding them, without the noise of binary fractions.

A figure that is computed lies a little beside the true one: 100 x 0.57 is 56.99999999999999. What
is decided by a threshold must not depend on that, so a figure within `EPSILON` of a bar stands on
it. Whole scores, and their sums and means, lie either on a bar or much further from it.
"""

import math
from typing import Final

EPSILON: Final = 1e-9


def reaches(value: float, bar: float) -> bool:
    """Whether `value` is `bar` or more, up to noise."""
    return value >= bar - EPSILON


def exceeds(value: float, bar: float) -> bool:
    """Whether `value` is more than `bar`, and not by noise."""
    return value > bar + EPSILON


def under(value: float, bar: float) -> bool:
    """Whether `value` is less than `bar`, and not by noise."""
    return not reaches(value, bar)


def rounded(value: float, digits: int) -> float:
    """`value` to so many decimals; what rounds to nothing is 0.0, never -0.0."""
    return round(value, digits) + 0.0


def percent(value: float) -> float:
    """Percent with one decimal, held within 0 and 100."""
    held = 0.0 if value < 0.0 else min(value, 100.0)
    return rounded(held, 1)


def whole(value: float) -> int:
    """The nearest whole number; a half, up to noise, goes up."""
    return math.floor(value + 0.5 + EPSILON)
