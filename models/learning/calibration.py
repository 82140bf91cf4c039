"""Platt scaling, learned one example at a time: probability = sigmoid(offset + slope * logit)."""

import math
from bisect import bisect_right
from typing import Final

from msgspec import Struct, field

from models.serving import share

PUBLISHED_MAX: Final = 400
_SLOPE_MIN: Final = 0.1
_MOVED: Final = 0.001
_THOUSAND: Final = 1000
_LEAST: Final = 0.5


class Published(Struct, array_like=True):
    """Offset and slope as they were in the snapshots from this number on."""

    number: int
    offset: float
    slope: float


class Calibration(Struct):
    """Offset and slope, with AdaGrad's sums of squared gradients, and those that were published.

    Platt, Probabilistic outputs for support vector machines, 1999; here by AdaGrad. It learns from
    the logit that was shown, not from what the model says now: that has learned in the meantime
    what others did in the same week, so it looks better calibrated than what anybody was shown.
    """

    offset: float = 0.0
    slope: float = 1.0
    offset_squares: float = 1.0
    slope_squares: float = 1.0
    published: list[Published] = field(default_factory=lambda: [Published(0, 0.0, 1.0)])

    def learn(self, logit: float, label: int, *, says: float, step: float) -> None:
        """Move towards a label of 0 or 1, by this step; `says` is how much the label counts."""
        error = says * (share(self.offset + self.slope * logit) - label)
        self.offset_squares += error**2
        self.slope_squares += (error * logit) ** 2
        self.offset -= step * error / math.sqrt(self.offset_squares)
        slope = self.slope - step * error * logit / math.sqrt(self.slope_squares)
        self.slope = max(_SLOPE_MIN, slope)

    def publish(self, number: int) -> None:
        """Remember what the snapshot of this number has, where it differs from the one before."""
        newest = self.published[-1]
        moved = max(abs(newest.offset - self.offset), abs(newest.slope - self.slope))
        if moved < _MOVED:
            return
        self.published.append(Published(number, self.offset, self.slope))
        del self.published[:-PUBLISHED_MAX]

    def logit(self, shown: int, number: int) -> float | None:
        """The logit behind the thousandths that the snapshot of this number has shown.

        None where it is so old that it is not known any more.
        """
        place = bisect_right(self.published, number, key=lambda it: it.number)
        if not place:
            return None
        it = self.published[place - 1]
        of_one = min(max(shown, _LEAST), _THOUSAND - _LEAST) / _THOUSAND
        return (math.log(of_one / (1 - of_one)) - it.offset) / it.slope
