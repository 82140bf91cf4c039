"""Typical errors and their quantiles, tracked as labels come in."""

from typing import Final

from msgspec import Struct, field

from models.amounts import Scale
from models.intervals import LEVEL, Error, Keys, Quantiles, keys, typical_error

STEP: Final = 0.06
"""How far a quantile moves, in typical errors, where a label lies outside of it."""
_TAIL: Final = (1 - LEVEL) / 2
_QUANTILE_MIN: Final = 0.05
_ERROR_MIN: Final = 0.1
_ERROR_STEP: Final = 0.002
_ERROR_PRIOR: Final = 5
ENTRIES_MAX: Final = 2000


class Intervals(Struct):
    """What an interval is made of; bounded, the least recently seen goes first.

    The quantiles follow Gibbs and Candes, Adaptive conformal inference under distribution shift,
    2021: each moves by the step times what was missed less the wanted share of misses.
    """

    errors: dict[str, Error] = field(default_factory=dict)
    quantiles: dict[str, Quantiles] = field(default_factory=dict)

    def learn(
        self, scale: Scale, series: str, kind: str | None, *, said: float, came: float
    ) -> None:
        """Learn what came of a predicted value; both in points or days."""
        at = keys(series, kind, scale.bin_of(said))
        miss = (came - said) / typical_error(self.errors, at, scale.error)
        self._move(scale, at, miss)
        for key in at:
            self._follow(key, abs(came - said), scale.error)

    def _move(self, scale: Scale, at: Keys, miss: float) -> None:
        known = self.quantiles.pop(at.bin, None) or scale.quantiles
        low = known.low + STEP * ((-miss > known.low) - _TAIL)
        high = known.high + STEP * ((miss > known.high) - _TAIL)
        if len(self.quantiles) == ENTRIES_MAX:
            del self.quantiles[next(iter(self.quantiles))]
        self.quantiles[at.bin] = Quantiles(max(_QUANTILE_MIN, low), max(_QUANTILE_MIN, high))

    def _follow(self, key: str, error: float, start: float) -> None:
        known = self.errors.pop(key, None) or Error(start)
        known.count += 1
        step = max(_ERROR_STEP, 1 / (known.count + _ERROR_PRIOR))
        known.value = max(_ERROR_MIN, known.value + step * (error - known.value))
        if len(self.errors) == ENTRIES_MAX:
            del self.errors[next(iter(self.errors))]
        self.errors[key] = known
