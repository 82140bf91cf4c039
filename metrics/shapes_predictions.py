"""What predictive-analytics answers, key by key, but for what opens every answer."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from domain.alerts import Unit
from metrics.shapes import (
    RESERVED_NAMES,
    Action,
    Band,
    CourseSection,
    Date,
    Est,
    Instant,
    Model,
    Pct,
    PerformanceForecast,
    Prob,
    Section,
    Text,
)

EffectTarget: TypeAlias = Literal["not_passing", "inactivity"]
RiskTarget: TypeAlias = Literal["not_passing", "inactivity", "next_missing"]
ReportTarget: TypeAlias = Literal[
    "score", "inactivity", "not_passing", "next_missing", "submission", "forecast"
]
RiskUnit: TypeAlias = Unit | Literal["assessments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted(Section):
    """A prediction; where there is none, `note` says why in words."""

    note: Text | None
    model: Model | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextAssessmentScore(Predicted):
    """The next score, before it is known."""

    course_id: str | None
    assessment_id: str | None
    title: str | None
    due_at: Instant | None
    score: Est | None
    naive_score: Pct | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inactivity(Predicted):
    """Whether the learner will do no work in the next `window_days` days."""

    window_days: int
    probability: Prob | None
    band: Band | None
    naive_probability: Prob | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPassing(CourseSection):
    """Whether the learner will miss passing one course; `note` says why nothing is said."""

    probability: Prob | None
    band: Band | None
    course_base_rate: Prob | None
    note: Text | None
    model: Model | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextMissing(Predicted):
    """Whether important work, due within 28 days, will be open 7 days after its due time."""

    course_id: str
    assessment_id: str
    title: str | None
    due_at: Instant
    probability: Prob | None
    band: Band | None
    naive_probability: Prob | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(Predicted):
    """When one assessment will be submitted; days from the due time, negative is early."""

    course_id: str
    assessment_id: str
    due_at: Instant
    days_from_due: Est | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What is said of single things to come."""

    next_assessment_score: NextAssessmentScore
    inactivity: Inactivity
    inactivity_14: Inactivity
    not_passing: list[NotPassing]
    next_missing: list[NextMissing]
    submissions: list[Submission]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionPrediction(CourseSection):
    """When a course will be done; `course_id` None: all open courses together."""

    progress: Pct | None
    remaining_units: int | None
    pace_per_week: float | None
    needed_pace_per_week: float | None
    expected_date: Date | None
    earliest_date: Date | None
    latest_date: Date | None
    course_ends_on: Date | None
    probability_by_horizon: Prob | None
    probability_by_course_end: Prob | None
    confidence: Prob | None
    schedule: Literal["ahead", "on_track", "behind", "done", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A feature moved from one value to another."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    feature: str
    from_: float
    to: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a model would say if a feature changed: an association, not a cause."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    target: EffectTarget
    course_id: str | None
    from_: Prob
    to: Prob
    if_: Change
    kind: Literal["association"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A next step with its reason."""

    rank: int
    reason: Text
    action: Action
    source: Literal["rule", "model"]
    effect: Effect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFactor(Text):
    """One feature's part in a risk, in log-odds against what it adds on average.

    `value` is the lower end of the bin that the figure falls into; `baseline` the nearest one that
    would add nothing.
    """

    target: RiskTarget
    course_id: str | None
    feature: str
    value: float
    baseline: float
    unit: RiskUnit
    direction: Literal["raises", "lowers"]
    contribution: float
    changeable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskExplanation:
    """How a risk adds up: logit = intercept + shown + other, exactly, in millionths.

    `shown` is the sum of the contributions in `risk_factors`, `other` of all other features.
    """

    target: RiskTarget
    course_id: str | None
    intercept: float
    shown: float
    other: float
    logit: float
    raw_probability: Prob
    probability: Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport(Model):
    """How good a model was so far, judged by what it showed."""

    target: ReportTarget
    examples_learned: int
    metric: Literal["auc", "mae", "log_loss"]
    score: float | None
    naive_score: float | None
    calibration_error: Prob | None
    interval_coverage: Prob | None
    interval_level: Prob
    drifted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionConfidence:
    """How far to believe all this, and why not further."""

    level: Band
    value: Prob | None
    reasons: list[Text]
    models: list[ModelReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveAnalytics:
    """All that is said of what is to come."""

    horizon: int
    horizon_ends_on: Date
    predictions: Predictions
    performance_forecast: PerformanceForecast
    completion_predictions: list[CompletionPrediction]
    learning_recommendations: list[Recommendation]
    risk_factors: list[RiskFactor]
    risk_explanations: list[RiskExplanation]
    prediction_confidence: PredictionConfidence
