"""Platt scaling, learned one example at a time: probability = sigmoid(offset + slope * logit)."""

import math
from typing import Final

from msgspec import Struct

from models.serving import share

STEP: Final = 0.05


class Calibration(Struct):
    """Offset and slope, with AdaGrad's sums of squared gradients.

    Platt, Probabilistic outputs for support vector machines, 1999; here with a step of .05.
    """

    offset: float = 0.0
    slope: float = 1.0
    offset_squares: float = 1.0
    slope_squares: float = 1.0

    def learn(self, logit: float, label: int) -> None:
        """Move towards a label of 0 or 1; `logit` is what was said before it was learned."""
        error = share(self.offset + self.slope * logit) - label
        self.offset_squares += error**2
        self.slope_squares += (error * logit) ** 2
        self.offset -= STEP * error / math.sqrt(self.offset_squares)
        self.slope -= STEP * error * logit / math.sqrt(self.slope_squares)
