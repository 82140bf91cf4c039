"""The wall around river: what we use of it, with types, and with a state that can be kept.

river's pickles do not load across its versions and run code on load, so each of these gives and
takes plain numbers. A restored one goes on, bit by bit, as the one that it was taken from. That
needs river's private names, so its version is pinned, and the tests restore every model.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from msgspec import Struct, field
from river import drift, linear_model, optim
from typing_extensions import override

Rows: TypeAlias = list[tuple[str, float, float]]
"""Keys with their weight and AdaGrad's sum of squared gradients, in the order first seen: the
sum of a prediction may be made in that order."""


class LogisticState(Struct):
    """Weights of a `Logistic`, and how many examples it has learned."""

    iterations: int = 0
    weights: list[tuple[int, float, float]] = field(default_factory=list)


class Logistic:
    """river's logistic regression on one-hot keys, by AdaGrad with squares that begin at 1.

    Duchi, Hazan and Singer, Adaptive subgradient methods, 2011.
    """

    def __init__(self, step: float, state: LogisticState) -> None:
        self._optimizer = _Steady(step, eps=1.0)
        self._model = _LogisticRegression(self._optimizer, intercept_lr=0.0)
        self._optimizer.n_iterations = state.iterations
        for key, weight, squares in state.weights:
            self._model._weights[key] = weight  # noqa: SLF001 - the only way to restore it
            self._optimizer.g2[key] = squares

    @property
    def state(self) -> LogisticState:
        """What goes on as this one."""
        squares = self._optimizer.g2
        rows = [(key, weight, squares[key]) for key, weight in self.weights.items()]
        return LogisticState(self._optimizer.n_iterations, rows)

    @property
    def weights(self) -> Mapping[int, float]:
        """The log-odds of each key that was seen."""
        weights: dict[int, float] = self._model.weights
        return weights

    def learn(self, keys: Sequence[int], label: int) -> float:
        """Learn one example, and return the logit that it had before."""
        example = dict.fromkeys(keys, 1.0)
        self._model.learn_one(example, label)
        return self._model.said


class RobustState(Struct):
    """Weights of a `Robust`, and how many examples it has learned."""

    iterations: int = 0
    weights: Rows = field(default_factory=list)


class Robust:
    """river's linear regression with Huber's loss on named keys, by AdaGrad; bounded.

    Huber, Robust estimation of a location parameter, 1964: errors of more than `huber` count as
    equally large, so it tends to the median, which is what the mean absolute error asks for.
    """

    def __init__(self, step: float, huber: float, most: int, state: RobustState) -> None:
        self._most = most
        self._optimizer = _Steady(step)
        self._model = _LinearRegression(
            self._optimizer, loss=optim.losses.Huber(huber), intercept_lr=0.0
        )
        self._optimizer.n_iterations = state.iterations
        for key, weight, squares in state.weights:
            self._model._weights[key] = weight  # noqa: SLF001 - the only way to restore it
            self._optimizer.g2[key] = squares

    @property
    def state(self) -> RobustState:
        """What goes on as this one."""
        squares = self._optimizer.g2
        rows = [(key, weight, squares[key]) for key, weight in self.weights.items()]
        return RobustState(self._optimizer.n_iterations, rows)

    @property
    def weights(self) -> Mapping[str, float]:
        """The weight of each key that was seen."""
        weights: dict[str, float] = self._model.weights
        return weights

    def learn(self, values: Mapping[str, float], label: float) -> float:
        """Learn one example, and return what would have been predicted before.

        Keys that are one too many are left out.
        """
        known = self._optimizer.g2
        if len(known) >= self._most:
            values = {key: value for key, value in values.items() if key in known}
        self._model.learn_one(values, label)
        return self._model.said


class Window:
    """River's ADWIN (Bifet and Gavalda, Learning from time-changing data, 2007)."""

    def __init__(self, delta: float) -> None:
        self._adwin: Final = drift.ADWIN(delta)  # type: ignore[no-untyped-call]

    @property
    def mean(self) -> float:
        """The mean of what is in the window; 0 where nothing is."""
        return float(self._adwin.estimation)

    def add(self, value: float) -> bool:
        """Take a value between 0 and 1; whether the mean was seen to change."""
        self._adwin.update(value)  # type: ignore[no-untyped-call]
        return bool(self._adwin.drift_detected)


class _LogisticRegression(linear_model.LogisticRegression):
    """river's, which keeps the logit that it had before it learned the newest example."""

    said = 0.0

    @override
    def _raw_dot_one(self, x: Any) -> float:
        self.said = super()._raw_dot_one(x)
        return self.said


class _LinearRegression(linear_model.LinearRegression):
    """river's, which keeps what it had said before it learned the newest example."""

    said = 0.0

    @override
    def _raw_dot_one(self, x: Any) -> float:
        self.said = super()._raw_dot_one(x)
        return self.said


class _Steady(optim.AdaGrad):
    """river's AdaGrad for a constant step, which is looked up once an example, not once a key."""

    @override
    def _step_with_dict(self, w: Any, g: Any) -> Any:
        squares, step, eps = self.g2, self.learning_rate, self.eps
        for key, gradient in g.items():
            total = squares[key] + gradient**2
            squares[key] = total
            w[key] -= step / (total + eps) ** 0.5 * gradient
        return w
