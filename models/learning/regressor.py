"""An amount that learns: a robust regression over the prior, and its interval."""

from typing import Final, NamedTuple

from msgspec import Struct, field

from domain.examples import Example
from domain.predictions import Target
from models.amounts import SCALES, inputs
from models.learning.intervals import Intervals, Outcome
from models.learning.likeness import Likeness
from models.learning.wall import Robust, RobustState
from models.snapshot import Regression


class Settings(NamedTuple):
    """AdaGrad's step, and the error (points or days) from which on all count as equally large."""

    step: float
    huber: float


SETTINGS: Final[dict[Target, Settings]] = {
    "score": Settings(0.3, 3.0),
    "submission": Settings(0.2, 1.0),
}
KEYS_MAX: Final = 2000
"""Keys of the regression (of kinds and series, mostly); one more is not learned."""


class RegressorState(Struct):
    """All that is kept of a regression between two processes."""

    robust: RobustState = field(default_factory=RobustState)
    intervals: Intervals = field(default_factory=Intervals)
    likeness: Likeness = field(default_factory=Likeness)


class Regressor:
    """One target's amount, learned one example at a time."""

    def __init__(self, target: Target, state: RegressorState | None = None) -> None:
        state = state or RegressorState()
        by = SETTINGS[target]
        self._target = target
        self._scale = SCALES[target]
        self._robust = Robust(by.step, by.huber, KEYS_MAX, state.robust)
        self._intervals = state.intervals
        self._likeness = state.likeness

    def learn(self, example: Example, series: str, day: int) -> None:
        """Learn one example whose features fit.

        The interval learns from what was shown, where something was: what would be said now has
        learned already what others made of the same assessment.
        """
        expected, values = inputs(self._target, example.features, series, example.kind)
        label = self._scale.clamped(example.label / self._scale.unit)
        above = self._robust.learn(values, label - expected)
        said = self._scale.clamped(expected + above)
        if example.shown is not None:
            said = example.shown.value / self._scale.unit
        says = self._likeness.says(example.assessment or "", day)
        outcome = Outcome(said, label, says)
        self._intervals.learn(self._scale, series, example.kind, outcome)

    @property
    def state(self) -> RegressorState:
        """What goes on as this one."""
        return RegressorState(self._robust.state, self._intervals, self._likeness)

    def served(self) -> Regression:
        """The same, as a snapshot has it."""
        return Regression(
            weights=dict(self._robust.weights),
            errors=self._intervals.errors,
            quantiles=self._intervals.quantiles,
        )
