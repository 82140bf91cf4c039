"""An amount that learns: the mean of two linear regressions over the prior."""

from typing import Final, NamedTuple

from msgspec import Struct, field

from domain.examples import Example
from domain.predictions import Target
from models.amounts import SCALES, inputs
from models.learning.intervals import Intervals, Outcome
from models.learning.likeness import Likeness
from models.learning.wall import Linear, LinearState, Stack, StackState
from models.snapshot import Regression


class Settings(NamedTuple):
    """Steps of the two regressions, and the errors from which on they count as equally large."""

    linear_step: float
    linear_huber: float
    stack_step: float
    stack_huber: float


SETTINGS: Final[dict[Target, Settings]] = {
    "score": Settings(0.003, 10.0, 0.5, 8.0),
    "submission": Settings(0.003, 5.0, 0.3, 3.0),
}
KEYS_MAX: Final = 2000
"""Keys of the stack (of its kinds and series, mostly); one more is not learned."""


class RegressorState(Struct):
    """All that is kept of a regression between two processes."""

    linear: LinearState = field(default_factory=LinearState)
    stack: StackState = field(default_factory=StackState)
    intervals: Intervals = field(default_factory=Intervals)
    likeness: Likeness = field(default_factory=Likeness)


class Regressor:
    """One target's amount, learned one example at a time."""

    def __init__(self, target: Target, state: RegressorState | None = None) -> None:
        state = state or RegressorState()
        by = SETTINGS[target]
        self._target = target
        self._scale = SCALES[target]
        self._linear = Linear(by.linear_step, by.linear_huber, state.linear)
        self._stack = Stack(by.stack_step, by.stack_huber, KEYS_MAX, state.stack)
        self._intervals = state.intervals
        self._likeness = state.likeness

    def learn(self, example: Example, series: str, day: int) -> None:
        """Learn one example whose features fit.

        The interval learns from what was shown, where something was: what would be said now has
        learned already what others made of the same assessment.
        """
        it = inputs(self._target, example.features, series, example.kind)
        label = self._scale.clamped(example.label / self._scale.unit)
        above = label - it.expected
        one = self._linear.learn(it.dense, above)
        two = self._stack.learn(it.stack, above)
        said = self._scale.clamped(it.expected + (one + two) / 2)
        if example.shown is not None:
            said = example.shown.value / self._scale.unit
        says = self._likeness.says(example.assessment or "", day)
        outcome = Outcome(said, label, says)
        self._intervals.learn(self._scale, series, example.kind, outcome)

    @property
    def state(self) -> RegressorState:
        """What goes on as this one."""
        return RegressorState(
            self._linear.state, self._stack.state, self._intervals, self._likeness
        )

    def served(self) -> Regression:
        """The same, as a snapshot has it."""
        intercept, slopes = self._linear.folded()
        return Regression(
            intercept=intercept,
            linear=slopes,
            stack=dict(self._stack.weights),
            errors=self._intervals.errors,
            quantiles=self._intervals.quantiles,
        )
