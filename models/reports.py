"""How good what was shown turned out to be: what a snapshot says of each target."""

from msgspec import Struct, field

from domain.predictions import Target


class Bin(Struct, frozen=True, array_like=True):
    """Predictions of one bin: how many, their mean, and what came of them.

    Of probabilities the bins are 15 of equal width, and `came` is the share that came true; of
    amounts they are ten by the predicted value, and `came` is the share that the interval covered.
    """

    count: int
    predicted: float
    came: float


class Scores(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Scores of what was shown, and of the baseline on the same examples; None: not known.

    Of probabilities: log loss (natural logarithm), Brier score, area under the ROC curve and
    calibration error (the mean over 15 bins of equal width of |predicted - came|, weighted by
    count). Of amounts: the mean absolute error, and the width of the interval, in points of
    percent or days; `coverage` is the share of labels within the 90 % interval.
    """

    count: int = 0
    rate: float | None = None
    log_loss: float | None = None
    naive_log_loss: float | None = None
    brier: float | None = None
    naive_brier: float | None = None
    auc: float | None = None
    naive_auc: float | None = None
    calibration_error: float | None = None
    naive_calibration_error: float | None = None
    mae: float | None = None
    naive_mae: float | None = None
    coverage: float | None = None
    width: float | None = None
    bins: tuple[Bin, ...] = ()


class Gate(Struct, frozen=True, array_like=True):
    """Why `not_passing` is not to be believed for a course: the error of the newest `count` of it.

    `target` is the model whose calibration error, 0 to 1, is out of bounds.
    """

    target: Target
    count: int
    error: float


class DriftEpisode(Struct, frozen=True, kw_only=True):
    """A time in which a model is marked as drifted; times are those of labels, epoch seconds.

    `before` and `after` are the mean losses on either side of the rise: the Brier score of a
    probability, the mean absolute error of an amount in points or days. `judged` is the number of
    the judged example at which it was seen. `raised_in` and `resolved_in` are the snapshots that
    tell of its begin and its end first; 0: none has.
    """

    began_at: int
    judged: int
    before: float
    after: float
    ended_at: int | None = None
    raised_in: int = 0
    resolved_in: int = 0


class Report(Struct, frozen=True, kw_only=True):
    """What is known of one target's model.

    `examples` were learned, `total.count` of them had been shown. `rolling` covers the newest
    1,000 to 2,000 of those. `groups` are named `name=value`. `drifted_at` is when the loss of what
    was shown was seen to rise, in epoch seconds, as long as that stands; `drifts` counts how often
    it was, and `episodes` are the newest ten times for which it stood, oldest first.
    """

    target: Target
    examples: int = 0
    total: Scores = field(default_factory=Scores)
    rolling: Scores = field(default_factory=Scores)
    courses: dict[str, Scores] = field(default_factory=dict)
    groups: dict[str, Scores] = field(default_factory=dict)
    drifts: int = 0
    drifted_at: int | None = None
    episodes: tuple[DriftEpisode, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether the model is marked as drifted."""
        return self.drifted_at is not None
