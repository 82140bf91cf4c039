"""What real-time-dashboard answers, key by key, but for what opens every answer."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from domain.events.activity import EventType, GoalMetric, ObjectKind
from domain.keepers.progress import Basis
from metrics.shapes import (
    RESERVED_NAMES,
    CourseRef,
    Date,
    Direction,
    Insight,
    Instant,
    Level,
    Pct,
    Section,
    Trend,
    many,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDue:
    """The next assessment that is due and not submitted."""

    assessment_id: str
    title: str | None
    due_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseProgress(CourseRef):
    """How far the learner is in one course."""

    progress: Pct | None
    expected_progress: Pct | None
    basis: Basis
    modules_completed: int
    total_modules: int | None
    average_score: Pct | None
    weighted_score: Pct | None
    level: Level | None
    ends_on: Date | None
    next_due: NextDue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSummary:
    """How far the learner is, over the active courses and course by course."""

    overall_progress: Pct | None
    modules_completed: int
    total_modules: int | None
    current_level: Level | None
    level_for_now: Level | None
    streak_days: int
    longest_streak_days: int
    active_today: bool
    streak_ends_at: Instant | None
    basis: Literal["modules", "assessments", "mixed", "none"]
    courses: list[CourseProgress]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeMetrics:
    """Today, the last seven days, and where the learner stands now."""

    daily_activities: int
    daily_assessments: int
    weekly_activities: int
    weekly_assessments: int
    average_score: Pct | None
    score_count: int
    engagement_level: int | None
    engagement_basis: Literal["course", "default"] | None
    cohort_as_of: Instant | None
    performance_trend: Direction
    days_inactive: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedActivities:
    """Activities of 7 days against the 7 before."""

    this_week: int
    last_week: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMinutes:
    """Minutes of 7 days against the 7 before."""

    this_week: int | None
    last_week: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedScore:
    """The mean score of 7 days against the 7 before."""

    this_week: Pct | None
    last_week: Pct | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Seven days against the seven before."""

    activities: ComparedActivities
    minutes: ComparedMinutes
    average_score: ComparedScore


@many
class ActivityObject:
    """What an activity was done on."""

    kind: ObjectKind
    id: str | None
    title: str | None


@many
class RecentActivity:
    """One of the newest events."""

    event_id: str
    type: EventType
    occurred_at: Instant
    by: Literal["learner", "system"]
    course_id: str | None
    course_title: str | None
    object: ActivityObject
    score: Pct | None
    count: int | None
    duration_seconds: int | None


@many
class PerformanceDay:
    """One date: its scores and what was done on it."""

    date: Date
    average_score: Pct | None
    moving_average: Pct | None
    assessments: int
    activities: int
    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceTrends(Section):
    """How the scores go; trend-analysis has the same keys and more."""

    __pydantic_config__: ClassVar[dict[str, object]] = RESERVED_NAMES

    from_: Date
    to: Date
    trend: Trend
    average_score: Pct | None
    score_count: int
    daily: list[PerformanceDay]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSession:
    """The session that is still going on."""

    session_id: str | None
    started_at: Instant
    last_activity_at: Instant
    minutes: int
    activities: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningSessions(Section):
    """Sessions: the current one, today's, the week's."""

    current: CurrentSession | None
    today_count: int
    today_minutes: int | None
    week_count: int
    week_minutes: int | None
    median_minutes: float | None
    gap_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalProgress:
    """A goal and how far it is reached."""

    goal_id: str
    metric: GoalMetric
    course_id: str | None
    target: float
    current: float | None
    unit: Literal["minutes", "activities", "percent", "days"]
    progress: Pct | None
    status: Literal["on_track", "behind", "achieved", "missed", "no_data"]
    set_at: Instant
    due_at: Instant | None
    achieved_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """The whole dashboard; `insights[i]` is the text of `insight_details[i]`."""

    progress_summary: ProgressSummary
    realtime_metrics: RealtimeMetrics
    comparison: Comparison
    recent_activities: list[RecentActivity]
    performance_trends: PerformanceTrends
    learning_sessions: LearningSessions
    goals: list[GoalProgress]
    insights: list[str]
    insight_details: list[Insight]
