"""What `GET /api/v1/models` answers operators, key by key."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from domain.predictions import Target
from metrics.shapes import RESERVED_NAMES, Instant, Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """Predictions of one bin beside what came of them.

    Of probabilities: `from` to `to`, the mean that was `predicted`, and the share that came true.
    Of scores and submissions: tenths of the range by the predicted value, their mean, and the share
    that the 90 % interval covered; `from` and `to` are null.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    from_: Prob | None
    to: Prob | None
    count: int
    predicted: float | None
    came: Prob | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScores:
    """Scores of what was shown, each beside the baseline's on the same predictions.

    `rate` is the share that came true. Log loss is natural, `calibration_error` over 15 bins of
    equal width; `mae` and `width` (of the 90 % interval) are in the model's unit.
    """

    count: int
    rate: Prob | None
    log_loss: float | None
    naive_log_loss: float | None
    brier: float | None
    naive_brier: float | None
    auc: Prob | None
    naive_auc: Prob | None
    calibration_error: Prob | None
    naive_calibration_error: Prob | None
    mae: float | None
    naive_mae: float | None
    interval_coverage: Prob | None
    interval_width: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseModelScores:
    """The scores of one course's learners."""

    course_id: str
    scores: ModelScores


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupModelScores:
    """The scores of one group, `name=value` as enrolments name it; never a feature."""

    group: str
    scores: ModelScores


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftEpisode:
    """A time for which the model was marked; `ended_at` is null while it is.

    `loss_before` and `loss_after` are means on either side of the rise: the Brier score of a
    probability, else the mean error in the model's unit. `version` is the snapshot that told of it
    first, with the alert of this id; null where it was over before one came: there is no alert.
    """

    began_at: Instant
    ended_at: Instant | None
    loss_before: float
    loss_after: float
    version: str | None
    alert_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Whether the loss of what was shown has risen, since when, and how often that was seen.

    `episodes` are the newest ten, newest first.
    """

    drifted: bool
    drifted_at: Instant | None
    count: int
    episodes: list[DriftEpisode]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """One model; `speaks` is whether it has learned enough to say anything."""

    name: Target
    unit: Literal["probability", "percent", "days"]
    switched_on: bool
    speaks: bool
    examples_learned: int
    examples_needed: int
    total: ModelScores
    rolling: ModelScores
    calibration: list[CalibrationBin]
    courses: list[CourseModelScores]
    groups: list[GroupModelScores]
    drift: Drift


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseGate:
    """A course for which `not_passing` is not believed, and `at_risk` is not raised.

    The `calibration_error` of `model` over the newest `count` of its predictions there is why.
    """

    course_id: str
    model: Target
    count: int
    calibration_error: Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedModel:
    """Which version a partition predicts with; null before it adopted any."""

    partition: int
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsReport:
    """The models as the newest snapshot reports them, and which version serves.

    Versions are the numbers of snapshots; all is null before there is one.
    """

    serving_version: str | None
    newest_version: str | None
    pinned: bool
    frozen: bool
    learned_until: Instant | None
    adopted: list[AdoptedModel]
    gates: list[CourseGate]
    models: list[ModelFigures]
