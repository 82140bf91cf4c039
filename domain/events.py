"""The activity events, type by type, as they are after decoding (product.md section 1)."""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Precision: TypeAlias = Literal["instant", "day"]
GoalMetric: TypeAlias = Literal[
    "weekly_minutes", "weekly_activities", "average_score", "streak_days", "course_progress"
]
Outcome: TypeAlias = Literal["passed", "failed", "withdrawn"]
Skills: TypeAlias = Annotated[list[Id], Meta(max_length=16)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**31)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)]
Points: TypeAlias = Annotated[float, Meta(ge=-1e9, le=1e9)]


class Event(Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """What every event has; `occurred_at` is event time, the start of what happened."""

    event_id: Id
    user_id: int | str
    occurred_at: datetime
    v: int = 1
    course_id: Id | None = None
    session_id: Id | None = None
    timezone: str | None = None
    source: str | None = None
    precision: Precision = "instant"


class InCourse(Event, frozen=True, kw_only=True, gc=False):
    """An event that belongs to a course."""

    course_id: Id


class Enrolled(InCourse, frozen=True, kw_only=True, tag="enrolled"):
    """The learner entered a course; `groups` is for fairness figures only, never a feature."""

    groups: dict[str, str] | None = None


class Unenrolled(InCourse, frozen=True, kw_only=True, tag="unenrolled"):
    """The learner left a course."""

    groups: dict[str, str] | None = None


class SessionStarted(Event, frozen=True, kw_only=True, tag="session_started"):
    """The learner came."""


class SessionEnded(Event, frozen=True, kw_only=True, tag="session_ended"):
    """The learner left."""


class ContentViewed(InCourse, frozen=True, kw_only=True, tag="content_viewed"):
    """The learner looked at something; `count` says how often, where the source adds up."""

    content_id: Id
    content_kind: Id
    module_id: Id | None = None
    duration_seconds: Seconds | None = None
    count: Count | None = None


class ModuleCompleted(InCourse, frozen=True, kw_only=True, tag="module_completed"):
    """A module is done."""

    module_id: Id


class ModuleReopened(InCourse, frozen=True, kw_only=True, tag="module_reopened"):
    """A module is no longer done."""

    module_id: Id


class AssessmentSubmitted(InCourse, frozen=True, kw_only=True, tag="assessment_submitted"):
    """An attempt was handed in."""

    assessment_id: Id
    attempt: Count | None = None


class AssessmentGraded(InCourse, frozen=True, kw_only=True, tag="assessment_graded"):
    """A grade was released; a null score withdraws it."""

    assessment_id: Id
    score: Points | None
    max_score: Annotated[float, Meta(ge=0, le=1e9)]
    attempt: Count | None = None
    passed: bool | None = None
    submitted_at: datetime | None = None
    skills: Skills | None = None
    banked: bool = False


class QuestionAnswered(InCourse, frozen=True, kw_only=True, tag="question_answered"):
    """One answer, right or wrong."""

    question_id: Id
    correct: bool
    skills: Skills | None = None


class DiscussionPosted(InCourse, frozen=True, kw_only=True, tag="discussion_posted"):
    """A post in a forum."""

    post_id: Id


class GoalSet(Event, frozen=True, kw_only=True, tag="goal_set"):
    """The learner wants to reach `target` of a metric."""

    goal_id: Id
    metric: GoalMetric
    target: Points
    due_at: datetime | None = None


class GoalRemoved(Event, frozen=True, kw_only=True, tag="goal_removed"):
    """The learner gave a goal up."""

    goal_id: Id


class CourseFinished(InCourse, frozen=True, kw_only=True, tag="course_finished"):
    """The course is over for this learner."""

    outcome: Outcome


AnyEvent: TypeAlias = (
    Enrolled
    | Unenrolled
    | SessionStarted
    | SessionEnded
    | ContentViewed
    | ModuleCompleted
    | ModuleReopened
    | AssessmentSubmitted
    | AssessmentGraded
    | QuestionAnswered
    | DiscussionPosted
    | GoalSet
    | GoalRemoved
    | CourseFinished
)

EVENT_TYPES: Final[tuple[str, ...]] = tuple(
    str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)
)
"""The types by their code; states hold codes, so the order is for ever and new ones come last."""

NOT_YET_SUPPORTED: Final = frozenset(
    {"preferences_set", "alert_acknowledged", "alert_feedback", "erasure_requested"}
)
PASSIVE_KINDS: Final = frozenset({"homepage", "login"})


_WORK: Final = frozenset(
    {ContentViewed, ModuleCompleted, AssessmentSubmitted, QuestionAnswered, DiscussionPosted}
)


def is_work(event: AnyEvent) -> bool:
    """Whether the event is a work event: the learner's own work, not presence, grades or set-up."""
    if isinstance(event, ContentViewed):
        return event.content_kind not in PASSIVE_KINDS
    return event.__class__ in _WORK
