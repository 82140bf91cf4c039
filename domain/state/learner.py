"""A learner's rolling state: what is remembered of a learner.

Times are whole seconds since the epoch (UTC), days are proleptic ordinals of the learner's local
date, scores are percent. A state is private to its fold until the commit, so it is changed in
place.
"""

from typing import Final, TypeAlias

from msgspec import Struct, field

from domain.events import activity
from domain.events.activity import GoalMetric
from domain.predictions import Awaiting, Prediction, Reach
from domain.state.course import Course, FinishedCourse
from domain.state.limits import NEVER

STATE_VERSION: Final = 6
Severity: TypeAlias = activity.Severity


class Day(Struct, array_like=True, gc=False):
    """One local day with anything on it."""

    day: int
    activities: int = 0  # work events, once per content_id and hour
    clicks: int = 0  # sum of `count` (1 where an event has none)
    timed: int = 0  # how many of the activities had a time of day
    seconds: int = 0  # union of session spans
    sessions: int = 0  # started on this day
    modules: int = 0  # completed on this day, and not reopened since
    posts: int = 0
    first_at: int = 0  # its first work (a repeated view too), in seconds from 00:00 UTC of that
    # date: may be negative
    last_at: int = 0  # its last work, likewise
    submitted: list[int] = field(default_factory=list)  # short ids, distinct


class Streak(Struct, array_like=True, gc=False):
    """The run of local days with work that is open, or was the last one.

    The last five fields are of the days that the buckets no longer hold: the newest of them, its
    last work (seconds from 00:00 UTC of that date), the run that ended on it, the longest run.
    """

    first_day: int = 0
    last_day: int = 0
    last_at: int = 0
    length: int = 0
    longest: int = 0
    gone_day: int = 0
    gone_at: int = 0
    gone_first_day: int = 0
    gone_length: int = 0
    gone_longest: int = 0


class ZoneStay(Struct, array_like=True, gc=False):
    """A stretch of time in which the learner's events carried one zone."""

    at: int
    until: int
    zone: str


class Span(Struct, array_like=True):
    """One stretch of presence: events and gaps of up to 30 minutes between them."""

    start: int
    end: int
    day: int  # local day of the start
    last_at: int  # start of the newest event in it
    activities: int = 0
    closed: bool = False  # an explicit end was seen
    parts: list[tuple[int, int]] = field(default_factory=list)  # (local day, seconds) it counts for


class Session(Struct, array_like=True, gc=False):
    """A session that is over, for lengths only."""

    day: int
    seconds: int


class Goal(Struct, array_like=True, gc=False):
    """A goal as the learner set it last, or that it was removed."""

    goal_id: str
    metric: GoalMetric | None  # None: removed
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

    alert_id: bytes
    rule: str
    severity: Severity
    revision: int
    raised_at: int
    expires_at: int
    at: int  # when its last transition happened
    course_id: str | None
    subject: str | None
    said: int  # stands for what the last transition said
    suppressed: bool = False
    part: int = 0  # which part of its rule raised it, where the parts are looked at apart


class ClosedAlert(Struct, array_like=True, gc=False):
    """An alert that is over, or expired: should it be true again, it continues from here."""

    alert_id: bytes
    revision: int
    at: int


class Preferences(Struct, array_like=True, gc=False):
    """Which alerts the learner wants to get, as said last."""

    at: int  # when it was said
    version: int
    muted_types: list[str]
    muted_categories: list[str]
    min_severity: Severity
    quiet: tuple[int, int] | None  # from and to, in minutes of the local day
    max_per_day: int | None
    delivered: list[tuple[int, int]] = field(default_factory=list)  # how many on the newest days,
    # oldest first; counted where there is a `max_per_day`


class Overflow(Struct, array_like=True, gc=False):
    """What did not fit the bounds or came too late for them: counted, never silently dropped."""

    late_unchecked: int = 0
    late_days: int = 0
    courses: int = 0
    modules: int = 0
    assessments: int = 0
    grades: int = 0
    contents: int = 0
    goals: int = 0
    skills: int = 0
    alerts: int = 0
    days: int = 0
    zones: int = 0
    marks: int = 0
    submissions: int = 0
    memberships: int = 0
    excuses: int = 0
    finished: int = 0  # facts of a course whose last figures are all that is kept
    awaiting: int = 0  # predictions that are not judged


class Learner(Struct, array_like=True):
    """All that is remembered of one learner. The first five fields are a `Header` of their own."""

    version: int
    user_id: str
    steps: int = 0  # +1 for every event or input folded into it
    wake_at: int = NEVER  # the next timer: the earlier of `look_at` and `predict_at`
    course_ids: list[str] = field(default_factory=list)  # open courses
    first_event_at: int = NEVER
    last_event_at: int = NEVER
    last_work_at: int = NEVER
    zones: list[ZoneStay] = field(default_factory=list)  # in order of time
    seen: bytes = b""  # the last 64 events, newest last: see `deduplication`
    days: list[Day] = field(default_factory=list)  # ascending
    streak: Streak = field(default_factory=Streak)
    spans: list[Span] = field(default_factory=list)  # ascending, the last may be open
    marks: bytes = b""  # what the newest spans are made of: see `sessions`
    session_id: str | None = None  # of the newest event that carried one
    session_at: int = NEVER
    sessions: list[Session] = field(default_factory=list)  # oldest first
    courses: list[Course] = field(default_factory=list)
    finished: list[FinishedCourse] = field(default_factory=list)  # oldest first
    recent: list[bytes] = field(default_factory=list)  # the newest events: see `recent`
    goals: list[Goal] = field(default_factory=list)
    contents: bytes = b""  # which content was viewed in which hour: see `contents`
    hours: list[int] = field(default_factory=list)  # 24 decayed hundredths, or empty
    kinds: list[Kind] = field(default_factory=list)
    patterns_day: int = 0  # the local day up to which hours and kinds are decayed
    skills: list[Skill] = field(default_factory=list)
    alerts: list[OpenAlert] = field(default_factory=list)
    closed: list[ClosedAlert] = field(default_factory=list)  # the last to be over comes last
    grades_seen: int = 0
    best_gone: float | None = None  # the best score of courses that are no longer kept
    scores_gone: int = 0
    predictions: list[Prediction] = field(default_factory=list)  # the newest, as shown
    predicted_at: int = NEVER  # for when they were made
    predict_at: int = NEVER  # when to predict again, a label is known, or a rule asks for it
    awaiting: list[Awaiting] = field(default_factory=list)  # of silence and of scores to come, in
    # order of `made_at`
    reach: Reach | None = None  # of forecasts, as labels so far ask for; None: as by formula
    overflow: Overflow = field(default_factory=Overflow)
    preferences: Preferences | None = None  # None: none were ever set
    look_at: int = NEVER  # the earliest time at which a rule may have something to say
    heard_at: int = NEVER  # the newest event that is a sign of the learner: all but noted help

    @property
    def zone(self) -> str | None:
        """The zone of the newest event that carried one."""
        return self.zones[-1].zone if self.zones else None

    @property
    def open_courses(self) -> list[Course]:
        """The courses that the learner is in now."""
        return [course for course in self.courses if course.is_open]


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
