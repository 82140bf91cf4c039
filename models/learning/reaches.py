"""How far forecasts reach, tracked as scores come in: by series, and what the formula goes by."""

from typing import Final

from msgspec import Struct, field

from domain.examples import Example
from domain.predictions import Reach
from models.amounts import Scale
from models.intervals import ALL, Quantiles, kind_of
from models.learning.intervals import Intervals, Outcome
from models.learning.likeness import Likeness

COUNTED_MIN: Final = 30
"""A series whose scores say less goes by all of them, and these by the formula alone."""
_THOUSAND: Final = 1000
_SCALE: Final = Scale(
    unit=1,
    low=0.0,
    high=0.0,
    step=1.0,
    lowest_bin=0,
    highest_bin=0,
    error=0.5,
    quantiles=Quantiles(2.0, 2.0),
)
"""In halves of the formula's interval, which is where an interval begins: at 0.5 times 2."""


class Reaches(Struct):
    """Errors of forecasts in halves of the formula's interval, and their tracked quantiles."""

    intervals: Intervals = field(default_factory=Intervals)
    likeness: Likeness = field(default_factory=Likeness)

    def learn(self, example: Example, series: str, course_id: str, day: int) -> None:
        """Learn what came of a forecast, which is kept as it was shown."""
        assert example.shown is not None, "a forecast is shown, or it is none"
        by_level, half = example.features
        error = (example.label - example.shown.value) / half
        outcome = Outcome(0.0, error, self.likeness.says(course_id, day))
        kind = kind_of(by_level=bool(by_level))
        for name in (series, ALL):
            self.intervals.learn(_SCALE, name, kind, outcome)

    def served(self) -> dict[str, Reach]:
        """The reaches that rest on enough."""
        errors = self.intervals.errors
        return {
            key: Reach(*(round(_THOUSAND * errors[key].value * q) for q in (it.low, it.high)))
            for key, it in self.intervals.quantiles.items()
            if key in errors and errors[key].count >= COUNTED_MIN
        }
