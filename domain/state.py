"""A learner's rolling state: what is remembered, and the bounds that keep it small (I7).

Times are whole seconds since the epoch (UTC), days are proleptic ordinals of the learner's local
date, scores are percent. A state is private to its fold until the commit, so it is changed in
place.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from domain.events import EVENT_TYPES, GoalMetric, Outcome

STATE_VERSION: Final = 2
NEVER: Final = 0

DAYS_MAX: Final = 90
SEEN_MAX: Final = 64
COURSES_MAX: Final = 8
FINISHED_MAX: Final = 16
MODULES_MAX: Final = 256
ASSESSMENTS_MAX: Final = 64
ATTEMPTS_MAX: Final = 4
HOUR_CONTENTS_MAX: Final = 64
SPANS_MAX: Final = 8
SESSIONS_MAX: Final = 64
RECENT_MAX: Final = 10
GOALS_MAX: Final = 16
SKILLS_MAX: Final = 32
KINDS_MAX: Final = 16
OPEN_ALERTS_MAX: Final = 32
STATE_BYTES_MAX: Final = 16_384
SHRINK_STEPS: Final = 16
SHRINK_BYTES: Final = 12_288
"""A state is measured every 16 of its own steps, whatever the batches are; what 16 steps can add
stays within the difference to `STATE_BYTES_MAX`."""

Severity: TypeAlias = Literal["low", "medium", "high"]


class Day(Struct, array_like=True, gc=False):
    """One local day with anything on it."""

    day: int
    activities: int = 0  # work events, once per content_id and hour
    clicks: int = 0  # sum of `count` (1 where an event has none)
    timed: int = 0  # how many of the activities had a time of day
    seconds: int = 0  # union of session spans
    sessions: int = 0  # started on this day
    modules: int = 0  # completed less reopened
    posts: int = 0
    first_at: int = 0  # its first work, in seconds from 00:00 UTC of that date: may be negative
    last_at: int = 0  # its last work, likewise
    submitted: list[int] = field(default_factory=list)  # short ids, distinct


class Streak(Struct, array_like=True, gc=False):
    """The run of local days with work that is open, or was the last one."""

    first_day: int = 0
    last_day: int = 0
    last_at: int = 0
    length: int = 0
    longest: int = 0


class Span(Struct, array_like=True, gc=False):
    """One stretch of presence: events and gaps of up to 30 minutes between them."""

    start: int
    end: int
    day: int  # local day of the start
    last_at: int  # start of the newest event in it
    activities: int = 0
    closed: bool = False  # an explicit end was seen
    session_id: str | None = None


class Session(Struct, array_like=True, gc=False):
    """A session that is over, for lengths only."""

    day: int
    seconds: int


class Grade(Struct, array_like=True, gc=False):
    """A released grade of one attempt."""

    attempt: int
    percent: float  # 100 * score / max_score; a bonus may lift it over 100
    at: int
    expected: float | None = None  # what a model expected of this assessment when it was folded
    passed: bool | None = None


class Work(Struct, array_like=True):
    """What a learner did on one assessment of an open course."""

    short: int
    submitted_first: int = NEVER
    submitted_last: int = NEVER
    timed: bool = True  # whether the submission had a time of day
    banked: bool = False
    low_score_raised: bool = False
    missed_level: int = 0  # 0 not reported, 1 low, 2 medium: of the due time below
    missed_due_at: int = NEVER
    grades: list[Grade] = field(default_factory=list)
    missed_before: list[int] = field(default_factory=list)  # due times told and given up since


class Course(Struct, array_like=True):
    """An open course of a learner: enrolled, or left and possibly coming back."""

    course_id: str
    enrolled_at: int
    unenrolled_at: int = NEVER
    first_at: int = NEVER
    last_at: int = NEVER
    milestones: int = 0  # bits 0..3: 25, 50, 75, 100 percent were told
    first_pass_told: bool = False
    rate: float = 0.0  # units done, exponentially weighted (half-life 14 days), at `rate_at`
    rate_at: int = NEVER
    unit_days: int = 0  # distinct days on which a unit was done
    unit_last_day: int = 0
    modules: list[int] = field(default_factory=list)  # short ids of what is completed
    work: list[Work] = field(default_factory=list)


class FinishedCourse(Struct, array_like=True, gc=False):
    """What stays of a course when it is over: the last figures, frozen."""

    course_id: str
    outcome: Outcome
    finished_at: int
    basis: Literal["modules", "assessments", "none"]
    progress: float | None = None
    modules_completed: int = 0
    total_modules: int | None = None
    average_score: float | None = None
    weighted_score: float | None = None
    score_count: int = 0
    milestones: int = 0  # as `Course` has them: told once a learner and course
    first_pass_told: bool = False


_AS_TEXT: Final = b"\x00"
_AS_UUID: Final = b"\x01"
_UUID_LENGTH: Final = 36
_UUID_DASHES: Final = "----"
_UUID_BYTES: Final = 16


def pack_event_id(event_id: str) -> bytes:
    """17 bytes where the id is a UUID in its usual form, else one byte and the id's UTF-8."""
    if len(event_id) == _UUID_LENGTH and event_id[8::5][:4] == _UUID_DASHES:
        digits = event_id.replace("-", "")
        try:
            packed = bytes.fromhex(digits)
        except ValueError:
            return _AS_TEXT + event_id.encode()
        if packed.hex() == digits and len(packed) == _UUID_BYTES:
            return _AS_UUID + packed
    return _AS_TEXT + event_id.encode()


def unpack_event_id(packed: bytes) -> str:
    """The id that `pack_event_id` packed."""
    if packed[:1] == _AS_TEXT:
        return packed[1:].decode()
    text = packed[1:].hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Recent(Struct, array_like=True, gc=False):
    """One of the newest events, as the dashboard lists it; small, since ten of them are kept."""

    packed_id: bytes  # see `pack_event_id`
    code: int  # index into EVENT_TYPES
    at: int
    course_id: str | None = None
    object_id: str | None = None
    score: float | None = None
    count: int | None = None
    seconds: int | None = None
    timed: bool = True

    @property
    def event_id(self) -> str:
        """The event's id as it came."""
        return unpack_event_id(self.packed_id)

    @property
    def type(self) -> str:
        """The event's type."""
        return EVENT_TYPES[self.code]


class Goal(Struct, array_like=True, gc=False):
    """A goal that the learner set."""

    goal_id: str
    metric: GoalMetric
    course_id: str | None
    target: float
    set_at: int
    due_at: int | None = None


class Kind(Struct, array_like=True, gc=False):
    """How much of one kind of content, decayed (hundredths of an activity, seconds)."""

    kind: str
    activities: int = 0
    seconds: int = 0


class Skill(Struct, array_like=True, gc=False):
    """Answers on one skill."""

    skill: str
    answers: int = 0
    correct: int = 0


class OpenAlert(Struct, array_like=True, gc=False):
    """An alert that a later fact may still change."""

    alert_id: str
    rule: str
    severity: Severity
    revision: int
    raised_at: int
    expires_at: int
    course_id: str | None
    subject: str | None
    suppressed: bool = False


class ScorePrediction(Struct, array_like=True, gc=False):
    """What was said of the next score before it was known, in percent."""

    value: float
    low: float
    high: float
    naive: float  # the learner's last score
    made_at: int
    examples: int


class RunningError(Struct, array_like=True, gc=False):
    """How far shown predictions were from what came: prequential, in percent."""

    count: int = 0
    absolute_sum: float = 0.0
    covered: int = 0  # inside the 90 % interval
    naive_absolute_sum: float = 0.0


class Overflow(Struct, array_like=True, gc=False):
    """What did not fit the bounds or came too late for them: counted, never silently dropped."""

    late_unchecked: int = 0
    late_days: int = 0
    courses: int = 0
    modules: int = 0
    assessments: int = 0
    attempts: int = 0
    hour_contents: int = 0
    goals: int = 0
    skills: int = 0
    alerts: int = 0
    days: int = 0


class Learner(Struct, array_like=True):
    """All that is remembered of one learner. The first five fields are a `Header` of their own."""

    version: int
    user_id: str
    steps: int = 0  # +1 for every event or input folded into it
    wake_at: int = NEVER  # the earliest time at which a timer rule may have something to say
    course_ids: list[str] = field(default_factory=list)  # open courses
    first_event_at: int = NEVER
    last_event_at: int = NEVER
    last_work_at: int = NEVER
    zone: str | None = None
    zone_at: int = NEVER
    seen: bytes = b""  # the last 64 event ids, 8 bytes each, newest last
    seen_days: bytes = b""  # their UTC days, 2 bytes each
    days: list[Day] = field(default_factory=list)  # ascending
    streak: Streak = field(default_factory=Streak)
    spans: list[Span] = field(default_factory=list)  # ascending, the last may be open
    sessions: list[Session] = field(default_factory=list)  # oldest first
    courses: list[Course] = field(default_factory=list)
    finished: list[FinishedCourse] = field(default_factory=list)  # oldest first
    recent: list[Recent] = field(default_factory=list)  # oldest first
    goals: list[Goal] = field(default_factory=list)
    hour: int = 0  # UTC hours since the epoch that `hour_contents` is of
    hour_contents: list[int] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)  # 24 decayed hundredths, or empty
    kinds: list[Kind] = field(default_factory=list)
    patterns_day: int = 0  # the local day up to which hours and kinds are decayed
    skills: list[Skill] = field(default_factory=list)
    alerts: list[OpenAlert] = field(default_factory=list)
    declining_at: int = NEVER  # when declining_trend was last raised
    best_score: float | None = None  # personal best so far
    scores_seen: int = 0
    prediction: ScorePrediction | None = None
    error: RunningError = field(default_factory=RunningError)
    overflow: Overflow = field(default_factory=Overflow)
    level: Literal["Beginner", "Intermediate", "Advanced"] | None = None  # the last one reached


class Header(Struct, array_like=True, gc=False):
    """The first fields of a `Learner`: what a take-over must know of every learner, quickly."""

    version: int
    user_id: str
    steps: int
    wake_at: int
    course_ids: list[str]


def new_learner(user_id: str) -> Learner:
    """A learner of whom nothing is known yet."""
    return Learner(version=STATE_VERSION, user_id=user_id)
