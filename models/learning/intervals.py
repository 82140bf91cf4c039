"""Typical errors and their quantiles, tracked as labels come in."""

from typing import Final, NamedTuple

from msgspec import Struct, field

from domain.predictions import INTERVAL_LEVEL
from models.amounts import Scale
from models.intervals import Error, Keys, Quantiles, keys, typical_error
from models.learning.bounded import keep

STEP: Final = 0.06
"""How far a quantile moves, in typical errors, where a label lies outside of it."""
ENTRIES_MAX: Final = 2000
_TAIL: Final = (1 - INTERVAL_LEVEL) / 2
_QUANTILE_MIN: Final = 0.05
_ERROR_MIN: Final = 0.1
_ERROR_STEP: Final = 0.002
_ERROR_PRIOR: Final = 5


class Outcome(NamedTuple):
    """What was said and what came, in points or days; `says` is how much it counts."""

    said: float
    came: float
    says: float


class Intervals(Struct):
    """What an interval is made of; bounded, the least recently seen goes first.

    The quantiles follow Gibbs and Candes, Adaptive conformal inference under distribution shift,
    2021: each moves by the step times what was missed less the wanted share of misses.
    """

    errors: dict[str, Error] = field(default_factory=dict)
    quantiles: dict[str, Quantiles] = field(default_factory=dict)

    def learn(self, scale: Scale, series: str, kind: str | None, outcome: Outcome) -> None:
        """Learn what came of a predicted value."""
        at = keys(series, kind, scale.bin_of(outcome.said))
        error = outcome.came - outcome.said
        self._move(scale, at, error / typical_error(self.errors, at, scale.error), outcome.says)
        for key in at:
            self._follow(key, abs(error), scale.error, outcome.says)

    def _move(self, scale: Scale, at: Keys, miss: float, says: float) -> None:
        known = self.quantiles.pop(at.bin, None) or scale.quantiles
        low = known.low + STEP * says * ((-miss > known.low) - _TAIL)
        high = known.high + STEP * says * ((miss > known.high) - _TAIL)
        moved = Quantiles(max(_QUANTILE_MIN, low), max(_QUANTILE_MIN, high))
        keep(self.quantiles, at.bin, moved, ENTRIES_MAX)

    def _follow(self, key: str, error: float, start: float, says: float) -> None:
        known = self.errors.pop(key, None) or Error(start)
        count = known.count + says
        step = max(_ERROR_STEP, 1 / (count + _ERROR_PRIOR)) * says
        value = max(_ERROR_MIN, known.value + step * (error - known.value))
        keep(self.errors, key, Error(value, count), ENTRIES_MAX)
