"""What instructors are answered about a course, key by key."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.alerts import Resolution
from domain.events.activity import HelpKind
from domain.state.learner import Severity
from metrics.shapes import (
    CourseStatus,
    Date,
    Evidence,
    Instant,
    Missing,
    Pct,
    Prob,
    SectionState,
    Text,
    Uuid,
    many,
)
from metrics.shapes_courses import CourseWork, LearnerForecast, LearnerProgress

Reason: TypeAlias = Literal["next_missing", "not_passing", "alert", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFreshness:
    """How old the answer is: of the partition that is furthest behind."""

    as_of: Instant | None
    lag_seconds: float
    clock: Literal["wall", "stream"]
    stale: bool


@dataclass(frozen=True, kw_only=True)
class CourseEnv:
    """The keys that every answer about a course begins with."""

    timestamp: Instant
    degraded: list[Literal["database"]]
    freshness: CourseFreshness


@many
class CourseItem:
    """A course in the list of courses; dates are of the course's zone."""

    course_id: str
    title: str | None
    course_status: CourseStatus
    starts_on: Date | None
    ends_on: Date | None
    learners: int
    with_attention: int


@dataclass(frozen=True, kw_only=True)
class Courses(CourseEnv):
    """The courses that the token names, in order of their ids."""

    items: list[CourseItem]
    limit: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """A quarter is at `low` or below, half at `median`, three quarters at `high`."""

    low: Pct
    median: Pct
    high: Pct


@many
class CategoryCount:
    """How many learners have an open alert of a rule."""

    category: str
    title: str
    learners: int


@many
class AssessmentCount:
    """An assessment of the course, and of how many learners it is still open.

    `settled` are those who submitted it, and those who were excused.
    """

    assessment_id: str
    title: str | None
    due_at: Instant | None
    required: bool
    heavy: bool
    settled: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseModel:
    """How right a model was about this course's learners, beside its baseline.

    `missing` is what it has to learn before it says anything of anybody; `judged` are the
    predictions of this course that could be checked, and without any there are no scores.
    """

    name: str
    status: SectionState
    missing: list[Missing]
    judged: int
    calibration_error: Prob | None
    log_loss: float | None
    naive_log_loss: float | None
    auc: Prob | None


@dataclass(frozen=True, kw_only=True)
class CourseOverview(CourseEnv):
    """A course now; each number is of learners, and `behind_below` is where being behind begins.

    `timezone` is the one of the course's dates. `gate_open` false: the models are not believed in
    this course. Quartiles of fewer than 5 learners are not told.
    """

    course_id: str
    title: str | None
    course_status: CourseStatus
    timezone: str
    starts_on: Date | None
    ends_on: Date | None
    learners: int
    with_attention: int
    with_high_attention: int
    silent_7_days: int
    behind: int | None
    missing_likely: int
    not_passing_likely: int
    helped_28_days: int
    expected_progress: Pct | None
    behind_below: Pct | None
    progress: Quartiles | None
    average_score: Quartiles | None
    categories: list[CategoryCount]
    assessments: list[AssessmentCount]
    gate_open: bool | None
    models: list[CourseModel]


@many
class CourseAlert:
    """An open alert as instructors are told of it."""

    id: Uuid
    category: str
    severity: Severity
    since: Instant
    title: str
    message: Text
    evidence: list[Evidence]


@many
class Attention:
    """The worst open alert for instructors: its severity, since when, and the three worst."""

    severity: Severity
    since: Instant
    alerts: list[CourseAlert]


@many
class HelpedBefore:
    """When help was last given, and of which kinds the last 8 were, the newest first."""

    at: Instant
    recently: bool
    kinds: list[HelpKind]


@many
class CourseLearnerItem:
    """A learner in the list of a course.

    `reason` is why the learner stands here in the contact order. `days` are the activities of the
    last 28 days, the newest last, and `last_work_on` the last day with any: of all courses.
    """

    user_id: int | str
    reason: Reason
    attention: Attention | None
    next_missing: Prob | None
    not_passing: Prob | None
    last_work_on: Date | None
    days: list[int]
    progress: Pct | None
    average_score: Pct | None
    score_count: int
    scores: list[Pct]
    helped: HelpedBefore | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnersFilters:
    """What was asked for; null holds nobody back."""

    sort: Literal["contact", "quiet", "progress", "score"]
    category: str | None
    severity: list[Severity]
    quiet_days_min: int | None
    score_max: Pct | None
    progress_max: Pct | None
    progress_below: Pct | None
    not_submitted: str | None


@dataclass(frozen=True, kw_only=True)
class CourseLearners(CourseEnv):
    """A page of a course's learners."""

    course_id: str
    filters: LearnersFilters
    items: list[CourseLearnerItem]
    limit: int
    next_cursor: str | None


@many
class PastAlert:
    """An alert of the learner's in this course, whatever became of it."""

    id: Uuid
    category: str
    severity: Severity
    state: Literal["open", "acknowledged", "resolved", "expired", "suppressed"]
    raised_at: Instant
    resolved_at: Instant | None
    resolution: Resolution | None
    title: str
    message: Text


@many
class HelpGiven:
    """Help that was noted, and the alerts that it was about."""

    at: Instant
    kind: HelpKind
    alert_ids: list[Uuid]


@dataclass(frozen=True, kw_only=True)
class CourseLearner(CourseEnv):
    """A learner in one course, and in nothing else; `days` and `last_work_on` are of all courses.

    `helped` are the last 8 times, the newest first; `alerts` are open, the worst first.
    """

    course_id: str
    title: str | None
    user_id: int | str
    entered_at: Instant | None
    last_work_on: Date | None
    days: list[int]
    progress: LearnerProgress
    assessments: list[CourseWork]
    alerts: list[CourseAlert]
    alert_history: list[PastAlert]
    helped: list[HelpGiven]
    forecast: LearnerForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpTaken:
    """The help as it will stand; the stream may not have it yet."""

    help: HelpGiven
    pending: bool
