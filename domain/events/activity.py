"""The activity events, type by type, as they are after decoding (product.md section 1)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct, field

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=256)]
Precision: TypeAlias = Literal["instant", "day"]
GoalMetric: TypeAlias = Literal[
    "weekly_minutes", "weekly_activities", "average_score", "streak_days", "course_progress"
]
Outcome: TypeAlias = Literal["passed", "failed", "withdrawn"]
ObjectKind: TypeAlias = Literal[
    "module", "assessment", "content", "question", "post", "goal", "course", "session"
]
Skills: TypeAlias = Annotated[list[Id], Meta(max_length=16)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**31)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)]
Points: TypeAlias = Annotated[float, Meta(ge=-1e9, le=1e9)]
AlertType: TypeAlias = Literal["performance", "engagement", "achievement", "system"]
Severity: TypeAlias = Literal["low", "medium", "high"]
Feedback: TypeAlias = Literal["useful", "not_useful", "acted"]
HelpKind: TypeAlias = Literal["message", "meeting", "extension", "material"]
CATEGORIES_MAX: Final = 64
HELP_ALERTS_MAX: Final = 4
Types: TypeAlias = Annotated[list[AlertType], Meta(max_length=4)]
Categories: TypeAlias = Annotated[list[Id], Meta(max_length=CATEGORIES_MAX)]
TimeOfDay: TypeAlias = Annotated[
    str, Meta(min_length=5, max_length=5, pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
]
AlertsADay: TypeAlias = Annotated[int, Meta(ge=0, le=1000)]
AlertId: TypeAlias = Annotated[
    str,
    Meta(
        min_length=36,
        max_length=36,
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    ),
]
HelpAlerts: TypeAlias = Annotated[list[AlertId], Meta(max_length=HELP_ALERTS_MAX)]


class Event(Struct, frozen=True, kw_only=True, tag_field="type", gc=False):
    """What every event has; `occurred_at` is event time, the start of what happened.

    What is null was not given, in every optional field: so the decoder can tell by the number of
    fields that are not null whether there is anything in a record that it did not read. Where
    another value stands for null, a property has it.

    Attributes:
        OBJECT: what the event was done on: its kind, and the field that has its id. None: it is
            no activity, and not listed among the recent ones.
        BY: who did it.
        WORK: whether it is the learner's own work; of a view, where its kind is not passive.
    """

    OBJECT: ClassVar[tuple[ObjectKind, str] | None]
    BY: ClassVar[Literal["learner", "system"]] = "learner"
    WORK: ClassVar[bool] = False

    event_id: Id
    user_id: int | str
    occurred_at: datetime
    v: int | None = None
    course_id: Id | None = None
    session_id: Id | None = None
    timezone: str | None = None
    source: str | None = None
    given_precision: Precision | None = field(default=None, name="precision")

    @property
    def precision(self) -> Precision:
        """`day` where the source knows no time of day: the date is the one that is written."""
        return self.given_precision or "instant"


class InCourse(Event, frozen=True, kw_only=True, gc=False):
    """An event that belongs to a course."""

    course_id: Id


class Enrolled(InCourse, frozen=True, kw_only=True, tag="enrolled"):
    """The learner entered a course; `groups` is for fairness figures only, never a feature."""

    OBJECT = ("course", "course_id")
    BY = "system"

    groups: dict[str, str] | None = None


class Unenrolled(InCourse, frozen=True, kw_only=True, tag="unenrolled"):
    """The learner left a course."""

    OBJECT = ("course", "course_id")
    BY = "system"

    groups: dict[str, str] | None = None


class SessionStarted(Event, frozen=True, kw_only=True, tag="session_started"):
    """The learner came."""

    OBJECT = ("session", "session_id")


class SessionEnded(Event, frozen=True, kw_only=True, tag="session_ended"):
    """The learner left."""

    OBJECT = ("session", "session_id")


class ContentViewed(InCourse, frozen=True, kw_only=True, tag="content_viewed"):
    """The learner looked at something; `count` says how often, where the source adds up.

    `content_kind` is as it was written: compare `kind_of`.
    """

    OBJECT = ("content", "content_id")
    WORK = True

    content_id: Id
    content_kind: Id
    module_id: Id | None = None
    duration_seconds: Seconds | None = None
    count: Count | None = None


class ModuleCompleted(InCourse, frozen=True, kw_only=True, tag="module_completed"):
    """A module is done."""

    OBJECT = ("module", "module_id")
    WORK = True

    module_id: Id


class ModuleReopened(InCourse, frozen=True, kw_only=True, tag="module_reopened"):
    """A module is no longer done."""

    OBJECT = ("module", "module_id")

    module_id: Id


class AssessmentSubmitted(InCourse, frozen=True, kw_only=True, tag="assessment_submitted"):
    """An attempt was submitted."""

    OBJECT = ("assessment", "assessment_id")
    WORK = True

    assessment_id: Id
    attempt: Count | None = None


class AssessmentGraded(InCourse, frozen=True, kw_only=True, tag="assessment_graded"):
    """A grade was released; a null score withdraws it, no attempt means the assessment as a whole.

    `missing` is a mark for work that was never submitted: a score, and no submission.
    """

    OBJECT = ("assessment", "assessment_id")
    BY = "system"

    assessment_id: Id
    score: Points | None
    max_score: Annotated[float, Meta(ge=0, le=1e9)]
    attempt: Count | None = None
    passed: bool | None = None
    submitted_at: datetime | None = None
    skills: Skills | None = None
    given_banked: bool | None = field(default=None, name="banked")
    given_missing: bool | None = field(default=None, name="missing")

    @property
    def banked(self) -> bool:
        """Whether the grade was carried over from an earlier run of the course."""
        return bool(self.given_banked)

    @property
    def missing(self) -> bool:
        """Whether the grade is a mark for work that was never submitted."""
        return bool(self.given_missing)


class QuestionAnswered(InCourse, frozen=True, kw_only=True, tag="question_answered"):
    """One answer, right or wrong."""

    OBJECT = ("question", "question_id")
    WORK = True

    question_id: Id
    correct: bool
    skills: Skills | None = None


class DiscussionPosted(InCourse, frozen=True, kw_only=True, tag="discussion_posted"):
    """A post in a forum."""

    OBJECT = ("post", "post_id")
    WORK = True

    post_id: Id


class GoalSet(Event, frozen=True, kw_only=True, tag="goal_set"):
    """The learner wants to reach `target` of a metric."""

    OBJECT = ("goal", "goal_id")

    goal_id: Id
    metric: GoalMetric
    target: Points
    due_at: datetime | None = None


class GoalRemoved(Event, frozen=True, kw_only=True, tag="goal_removed"):
    """The learner gave a goal up."""

    OBJECT = ("goal", "goal_id")

    goal_id: Id


class CourseFinished(InCourse, frozen=True, kw_only=True, tag="course_finished"):
    """The course is over for this learner."""

    OBJECT = ("course", "course_id")
    BY = "system"

    outcome: Outcome


class AssessmentExcused(InCourse, frozen=True, kw_only=True, tag="assessment_excused"):
    """The assessment is not asked of this learner (true), or asked again (false)."""

    OBJECT = ("assessment", "assessment_id")
    BY = "system"

    assessment_id: Id
    excused: bool


class DeadlineExtended(InCourse, frozen=True, kw_only=True, tag="deadline_extended"):
    """This learner's own due time of an assessment; null takes it back."""

    OBJECT = ("assessment", "assessment_id")
    BY = "system"

    assessment_id: Id
    due_at: datetime | None


class QuietHours(Struct, frozen=True, kw_only=True, gc=False):
    """From when to when alerts wait, in the learner's zone; over midnight where it ends earlier."""

    from_: TimeOfDay = field(name="from")
    to: TimeOfDay


class PreferencesSet(Event, frozen=True, kw_only=True, tag="preferences_set"):
    """Which alerts the learner wants to get, all of it; what is not given holds nothing back.

    `version` is the writer's own count. `max_per_day` is of local days.
    """

    OBJECT = None

    muted_types: Types | None = None
    muted_categories: Categories | None = None
    min_severity: Severity | None = None
    quiet_hours: QuietHours | None = None
    max_per_day: AlertsADay | None = None
    version: Count | None = None


class AlertAcknowledged(Event, frozen=True, kw_only=True, tag="alert_acknowledged"):
    """The learner has seen an alert."""

    OBJECT = None

    alert_id: AlertId


class AlertFeedback(Event, frozen=True, kw_only=True, tag="alert_feedback"):
    """What the learner thinks of an alert."""

    OBJECT = None

    alert_id: AlertId
    value: Feedback


class HelpNoted(InCourse, frozen=True, kw_only=True, tag="help_noted"):
    """An instructor helped the learner; `alert_ids` are the alerts that it was about."""

    OBJECT = None
    BY = "system"

    kind: HelpKind
    alert_ids: HelpAlerts | None = None


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
    | AssessmentExcused
    | DeadlineExtended
    | PreferencesSet
    | AlertAcknowledged
    | AlertFeedback
    | HelpNoted
)

EVENTS: Final[dict[str, type[AnyEvent]]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyEvent)
}
EVENT_TYPES: Final = tuple(EVENTS)
"""The types by their code; states hold codes, so the order is for ever and new ones come last."""

if TYPE_CHECKING:
    EventType: TypeAlias = str
else:
    EventType = Literal[EVENT_TYPES]

NOT_YET_SUPPORTED: Final = frozenset({"erasure_requested"})
PASSIVE_KINDS: Final = frozenset({"homepage", "login"})


def kind_of(event: ContentViewed) -> str:
    """The kind of content; the case in which a producer writes it says nothing."""
    return event.content_kind.lower()


def is_work(event: AnyEvent) -> bool:
    """Whether the event is a work event: the learner's own work, not presence, grades or set-up."""
    if isinstance(event, ContentViewed):
        return kind_of(event) not in PASSIVE_KINDS
    return event.WORK


_NORMAL: Final[dict[str, object]] = {
    "v": 1,
    "given_precision": "instant",
    "given_banked": False,
    "given_missing": False,
}


def content_of(event: AnyEvent) -> dict[str, object]:
    """What an event says, however it is spelled: equal for the same content, and only for it.

    The learner as text, instants in UTC; null and the value that stands for it are the same.
    """
    said = {name: getattr(event, name) for name in event.__struct_fields__}
    for name, normal in _NORMAL.items():
        if name in said and said[name] is None:
            said[name] = normal
    for name, value in said.items():
        if isinstance(value, datetime):
            said[name] = value.astimezone(UTC)
    return said | {"user_id": str(event.user_id), "type": event.__struct_config__.tag}
