"""What is said to instructors of one learner in one course, key by key."""

from dataclasses import dataclass

from domain.keepers.progress import Basis
from metrics.shapes import Date, Instant, Level, Pct, many
from metrics.shapes_predictions import NextMissing, NotPassing, RiskExplanation, RiskFactor


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerProgress:
    """How far the learner is, as on the learner's own page."""

    progress: Pct | None
    expected_progress: Pct | None
    basis: Basis
    modules_completed: int
    total_modules: int | None
    average_score: Pct | None
    weighted_score: Pct | None
    level: Level | None
    ends_on: Date | None


@many
class CourseWork:
    """One assessment as it stands for the learner; `due_at` is the learner's own due time.

    `expected` is what a model expected of the assessment when it was graded.
    """

    assessment_id: str
    title: str | None
    kind: str | None
    due_at: Instant | None
    required: bool
    heavy: bool
    excused: bool
    submitted_at: Instant | None
    score: Pct | None
    expected: Pct | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerForecast:
    """What the models say of the learner in this course, and why, exactly."""

    not_passing: NotPassing
    next_missing: list[NextMissing]
    risk_factors: list[RiskFactor]
    risk_explanations: list[RiskExplanation]
