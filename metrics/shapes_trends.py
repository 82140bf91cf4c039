"""What trend-analysis answers, key by key, but for what opens every answer."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from metrics.shapes import (
    RESERVED_NAMES,
    Band,
    CourseRef,
    Date,
    DatesRange,
    ForecastPoint,
    Insight,
    Pct,
    PerformanceForecast,
    Prob,
    Section,
    Text,
    Trend,
    many,
)
from metrics.shapes_dashboard import PerformanceTrends

TrendType: TypeAlias = Literal["comprehensive", "learning", "performance", "engagement", "patterns"]
ActivityPattern: TypeAlias = Literal["daily", "weekdays", "weekends", "bursts", "irregular"]
Segment: TypeAlias = Literal["highly_engaged", "typical", "struggling", "disengaging", "inactive"]
LevelBand: TypeAlias = Literal["well_below", "below", "as_expected", "above", "well_above"]
ComponentCode: TypeAlias = Literal[
    "active_days", "minutes", "activities", "discussion", "punctuality"
]


@many
class LearningDay:
    """What was done on one date."""

    date: Date
    activities: int
    minutes: int | None
    modules_completed: int
    assessments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousLearning:
    """The same figures of the period before; null where the 90 days of buckets do not reach."""

    activities: int | None
    active_days: int | None
    minutes: int | None
    completion_rate: Pct | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningTrends(Section):
    """How much is done, and how much of what was due."""

    activity_trend: Trend
    activities: int
    active_days: int
    minutes: int | None
    modules_completed: int
    completion_rate: Pct | None
    due: int
    done: int
    on_time_rate: Pct | None
    activity_pattern: ActivityPattern | None
    daily: list[LearningDay]
    previous: PreviousLearning


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLevel:
    """The level above (or, negative, below) what assessments expect."""

    points: float | None
    band: LevelBand | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingAverages:
    """Means of the newest scores; `ew` weighs the newest most."""

    last_3: Pct | None
    last_8: Pct | None
    ew: Pct | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseScores(CourseRef):
    """The scores of one course."""

    trend: Trend
    average_score: Pct | None
    score_count: int
    volatility: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KindScores:
    """The scores of one kind of assessment."""

    kind: str
    average_score: Pct | None
    score_count: int


@many
class SkillMastery:
    """What is known of one skill."""

    skill: str
    mastery: Prob | None
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceAnalysis(PerformanceTrends):
    """The dashboard's keys, and what the scores look like by course, kind and skill."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    level: ScoreLevel
    volatility: float | None
    volatility_band: Band | None
    moving_averages: MovingAverages
    by_course: list[CourseScores]
    by_assessment_kind: list[KindScores]
    by_skill: list[SkillMastery]


@many
class Component:
    """One component of the engagement level; `weight` is 0 where it is left out."""

    code: ComponentCode
    value: float | None
    target: float
    weight: Prob
    score: Pct | None


@many
class EngagementWeek:
    """Seven days; the last week ends today."""

    week_start: Date
    active_days: int
    activities: int
    minutes: int | None


@many
class WeekdayActivity:
    """What was done on one weekday (Monday 1) over the period."""

    weekday: int
    activities: int
    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementTrends(Section):
    """How engaged the learner is, how regularly, and how that goes."""

    engagement_level: int | None
    trend: Trend
    components: list[Component]
    consistency_score: Pct | None
    hour_concentration: Prob | None
    weekday_concentration: Prob | None
    weekly: list[EngagementWeek]
    weekday_pattern: list[WeekdayActivity]
    segment: Segment | None
    segment_reason: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPreference:
    """How much of one kind of content, decayed over 90 days."""

    content_kind: str
    activities: int
    minutes: int | None
    share: Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakHours:
    """Hours of the day that stand out: from `from_hour` up to, not including, `to_hour`."""

    from_hour: int
    to_hour: int
    share: Prob


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductivityPeaks(Section):
    """When the learner is most active."""

    based_on: Literal["activity", "scores"]
    hours: list[PeakHours]
    weekdays: list[int]
    hour_histogram: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionHabits(Section):
    """How long before the due time work is submitted."""

    early: int
    last_day: int
    late: int
    median_hours_before_due: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternAnalysis(Section):
    """What, when and how far ahead."""

    learning_preferences: list[ContentPreference]
    productivity_peaks: ProductivityPeaks
    submission_habits: SubmissionHabits


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAnalysis(Section):
    """How many sessions and how long."""

    count: int
    total_minutes: int | None
    median_minutes: float | None
    p90_minutes: float | None
    longest_minutes: int | None
    per_week: float | None
    trend: Trend


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitiesForecast(Section):
    """Activities to come: daily to 30 days, else weekly."""

    points: list[ForecastPoint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected over the next period."""

    performance: PerformanceForecast
    activities: ActivitiesForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendAnalysis:
    """The whole analysis; a section that was not asked for is None, and absent from the answer."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    period: int
    type: TrendType
    from_: Date
    to: Date
    previous: DatesRange
    learning_trends: LearningTrends | None = None
    performance_trends: PerformanceAnalysis | None = None
    engagement_trends: EngagementTrends | None = None
    pattern_analysis: PatternAnalysis | None = None
    session_analysis: SessionAnalysis | None = None
    forecast: Forecast | None = None
    insights: list[str]
    insight_details: list[Insight]
