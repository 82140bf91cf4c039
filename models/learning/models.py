"""One target's model: what predicts, what judges what was shown of it, and whether it drifted."""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from msgspec import Struct, field

from domain.course_facts import DAY
from domain.examples import Example, Lesson
from domain.predictions import Figure, Target
from domain.scoring import Slot
from models.amounts import SCALES, Scale
from models.learning import priors
from models.learning.classifier import Classifier, ClassifierState
from models.learning.drift import Drift, DriftState
from models.learning.gates import GATED_BY, Gates, Newest
from models.learning.meters import AmountMeter, Meter, ProbabilityMeter
from models.learning.reaches import Reaches
from models.learning.regressor import Regressor, RegressorState
from models.learning.scoreboard import Board, Scoreboard
from models.priors import Priors
from models.reports import Report

M = TypeVar("M", bound=Meter)


class Loss(NamedTuple):
    """How bad what was shown was, of the largest loss there is, by (shown, label).

    `unit` is the largest one in the units of reports.
    """

    of: Callable[[int, int], float]
    unit: float


class Judged(Struct, Generic[M]):
    """What is kept of how good a model turned out to be."""

    board: Board[M]
    drift: DriftState
    gates: dict[str, Newest] = field(default_factory=dict)


class AmountState(Struct):
    """What is kept of a model that says amounts."""

    regressor: RegressorState
    priors: Priors


class Judge(Generic[M]):
    """Scores and drift of what was shown of one target, and its gates where it has any."""

    def __init__(self, meter: type[M], loss: Loss, kept: Judged[M] | None = None) -> None:
        self._loss = loss
        self._scores = Scoreboard(meter, kept.board if kept else None)
        self._drift = Drift(kept.drift if kept else None)
        self.gates: Final = Gates(kept.gates if kept else {})

    @property
    def state(self) -> Judged[M]:
        """What `Judge` takes to go on as if nothing had happened."""
        return Judged(self._scores.board, self._drift.state, self.gates.courses)

    def judge(self, lesson: Lesson, example: Example, shown: Figure, label: int) -> None:
        """Count what was shown and what came of it."""
        if example.target in GATED_BY and lesson.course_id is not None:
            self.gates.judge(lesson.course_id, shown, label)
        self._scores.judge(shown, label, lesson.course_id, lesson.groups or {})
        self._drift.add(self._loss.of(shown.value, label), lesson.at, self._scores.board.judged)

    def publish(self, number: int) -> bool:
        """Note what the snapshot of this number tells; whether anything of it is news."""
        told = self._drift.publish(number)
        return self.gates.decide() or told

    def report(self, target: Target, examples: int) -> Report:
        """What is known of a model that has learned so many examples."""
        drift, standing = self._drift.state, self._drift.state.standing
        return Report(
            target=target,
            examples=examples,
            total=self._scores.total(),
            rolling=self._scores.rolling(),
            courses=self._scores.courses(),
            groups=self._scores.groups(),
            drifts=drift.drifts,
            drifted_at=None if standing is None else standing.began_at,
            episodes=self._drift.report(self._loss.unit),
        )


class ForecastModel:
    """A forecast by a closed form: `learn` judges it, and learns how far intervals have to reach.

    All forecasts share `reaches`, so that an interval widens as the formula has it.
    """

    def __init__(self, reaches: Reaches, judged: Judged[AmountMeter] | None = None) -> None:
        self._reaches = reaches
        self.judge: Final = Judge(AmountMeter, _error_on(SCALES["score"]), judged)

    def learn(self, lesson: Lesson, example: Example) -> None:
        """Judge what was shown, and learn from an example in which nothing is at fault."""
        assert example.shown is not None, "a forecast is shown, or it is none"
        assert lesson.course_id is not None, "a score is that of a course"
        self.judge.judge(lesson, example, example.shown, example.label)
        series = lesson.series or lesson.course_id
        self._reaches.learn(example, series, lesson.course_id, lesson.at // DAY)


class ProbabilityModel:
    """A probability: `learn` judges what was shown, then learns."""

    def __init__(
        self,
        target: Target,
        state: ClassifierState | None = None,
        judged: Judged[ProbabilityMeter] | None = None,
    ) -> None:
        self.classifier: Final = Classifier(target, state)
        self.judge: Final = Judge(ProbabilityMeter, Loss(_brier, 1.0), judged)

    def learn(self, lesson: Lesson, example: Example) -> None:
        """Judge what was shown, and learn an example in which nothing is at fault."""
        if example.shown is not None:
            self.judge.judge(lesson, example, example.shown, example.label)
        self.classifier.learn(example, lesson.course_id, lesson.at // DAY)


class AmountModel:
    """An amount: `learn` judges what was shown, then learns; the priors too."""

    def __init__(
        self,
        target: Target,
        state: AmountState | None = None,
        judged: Judged[AmountMeter] | None = None,
    ) -> None:
        self._scale = SCALES[target]
        self.regressor: Final = Regressor(target, state.regressor if state else None)
        self.priors: Final = state.priors if state else Priors()
        self.judge: Final = Judge(AmountMeter, _error_on(self._scale), judged)

    @property
    def state(self) -> AmountState:
        """What `AmountModel` takes to go on as if nothing had happened."""
        return AmountState(self.regressor.state, self.priors)

    def learn(self, lesson: Lesson, example: Example) -> None:
        """Judge what was shown, and learn an example in which nothing is at fault."""
        label = self._scale.figure(example.label / self._scale.unit)
        if example.shown is not None:
            self.judge.judge(lesson, example, example.shown, label)
        assert lesson.course_id is not None, "an amount is that of a course"
        assert example.assessment is not None, "an amount is that of an assessment"
        series = lesson.series or lesson.course_id
        self.regressor.learn(example, series, lesson.at // DAY)
        slot = Slot(lesson.course_id, example.assessment, series, example.kind, example.slot)
        priors.learn(self.priors, slot, label)


def _error_on(scale: Scale) -> Loss:
    """The absolute error, as a share of the largest possible one."""
    largest = scale.high - scale.low
    return Loss(lambda shown, label: min(1.0, abs(shown - label) / scale.unit / largest), largest)


def _brier(shown: int, label: int) -> float:
    return (shown / 1000 - label) ** 2
