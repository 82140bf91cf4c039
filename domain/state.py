"""A learner's rolling state: what is remembered, and the bounds that keep it small (I7).

Times are whole seconds since the epoch (UTC), days are proleptic ordinals of the learner's local
date, scores are percent. A state is private to its fold until the commit, so it is changed in
place.
"""

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct, field

from domain.events import GoalMetric, Outcome
from domain.predictions import Awaiting, Prediction, Reach

STATE_VERSION: Final = 5
NEVER: Final = 0

DAYS_MAX: Final = 90
SEEN_MAX: Final = 64
COURSES_MAX: Final = 8
FINISHED_MAX: Final = 16
MODULES_MAX: Final = 256
ASSESSMENTS_MAX: Final = 64
GRADES_MAX: Final = 8
SUBMISSIONS_MAX: Final = 8
MEMBERSHIPS_MAX: Final = 8
MODULE_FACTS_MAX: Final = 4
EXCUSES_MAX: Final = 4
ZONES_MAX: Final = 8
CONTENTS_MAX: Final = 256
CONTENTS_ALWAYS: Final = 16
CONTENTS_HOURS: Final = 72
SPANS_MAX: Final = 8
MARKS_MAX: Final = 96
MARKS_SECONDS: Final = 50 * 3600
SESSIONS_MAX: Final = 64
RECENT_MAX: Final = 10
GOALS_MAX: Final = 16
GOAL_FACTS_MAX: Final = 32
SKILLS_MAX: Final = 32
KINDS_MAX: Final = 16
OPEN_ALERTS_MAX: Final = 64
CLOSED_ALERTS_MAX: Final = 32
AWAITING_MAX: Final = 48
FROZEN_SECONDS: Final = 90 * 86_400
"""A finished course takes late events for so long, then only its last figures are kept."""
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


class Membership(Struct, array_like=True, gc=False):
    """One enrolment, leaving or outcome of a course."""

    at: int
    what: int  # ENTERED, LEFT, or FINISHED plus the place of the outcome in OUTCOMES


class ModuleFact(Struct, array_like=True, gc=False):
    """A module was completed, or reopened."""

    short: int
    at: int
    day: int  # local day
    done: bool


class Submission(Struct, array_like=True, gc=False):
    """An attempt was submitted; `timed` says whether its time of day is known."""

    at: int
    day: int  # local day
    timed: bool = True


class Excuse(Struct, array_like=True, gc=False):
    """The assessment was excused, or asked again."""

    at: int
    excused: bool


class Grade(Struct, array_like=True, gc=False):
    """A released grade as it came; of one attempt the newest counts."""

    at: int
    day: int  # local day
    order: int  # counts the learner's grades as they came: ties stand in the order of the log
    attempt: int  # OVERRIDE where it stands for the assessment as a whole
    percent: float | None  # 100 * score / max_score, over 100 with a bonus; None: no score
    expected: float | None = None  # what a model expected of this assessment when it was folded
    passed: bool | None = None
    flags: int = 0  # BANKED, MISSING, WITHDRAWN, UNTIMED
    submitted_at: int = 0
    submitted_day: int = 0

    @property
    def banked(self) -> bool:
        """Whether it was carried over from an earlier run."""
        return bool(self.flags & BANKED)

    @property
    def shows_submission(self) -> bool:
        """Whether something must have been submitted: neither withdrawn nor a mark for nothing."""
        return not self.flags & (WITHDRAWN | MISSING)


OVERRIDE: Final = -1
BANKED: Final = 1
MISSING: Final = 2
WITHDRAWN: Final = 4
UNTIMED: Final = 8

ENTERED: Final = 0
LEFT: Final = 1
FINISHED: Final = 2
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class Work(Struct, array_like=True):
    """What a learner did on one assessment; facts in order of event time, the log's for ties."""

    short: int
    name: str  # the assessment's id
    submissions: list[Submission] = field(default_factory=list)
    grades: list[Grade] = field(default_factory=list)
    stand_in_day: int = 0  # the day on which a grade counts as the submission that was never seen
    excuses: list[Excuse] = field(default_factory=list)
    extended_at: int = NEVER
    due_at: int | None = None  # this learner's own due time


class Course(Struct, array_like=True):
    """A course of a learner: active, left and possibly coming back, or finished not long ago.

    `memberships` is the log of it; the fields from `enrolled_at` to `since` are what it comes to.
    """

    course_id: str
    enrolled_at: int = NEVER  # when the present membership began; NEVER: no enrolment was seen
    unenrolled_at: int = NEVER  # set while the learner has left
    finished_at: int = NEVER  # set while the course is finished
    outcome: Outcome | None = None  # the newest one, also of a course that was left
    returned_at: int = NEVER  # when the learner came back, after having left or finished
    since: int = NEVER  # the end of the run before this one: what is older belongs to that
    memberships: list[Membership] = field(default_factory=list)
    first_at: int = NEVER
    last_at: int = NEVER
    peak_before: float = 0.0  # the highest percent of earlier runs that are no longer kept
    passed_before: bool = False  # whether anything was passed in them
    modules: list[ModuleFact] = field(default_factory=list)  # in order of event time
    work: list[Work] = field(default_factory=list)
    awaiting: list[Awaiting] = field(default_factory=list)  # in order of `made_at`
    at_risk_since: int = NEVER  # when `not_passing` came to its bar and stayed there
    groups: dict[str, str] | None = None  # of the newest enrolment that names any; no feature

    @property
    def is_open(self) -> bool:
        """Whether the learner is in it now."""
        return not self.unenrolled_at and not self.finished_at

    @property
    def entered_at(self) -> int:
        """When the learner came: the enrolment, or the first event where none was seen."""
        return self.enrolled_at or self.first_at

    @property
    def began_at(self) -> int:
        """When the first event of the course was, whatever it was; NEVER without any."""
        known = [self.first_at] if self.first_at else []
        known += [entry.at for entry in self.memberships[:1]]
        return min(known, default=NEVER)

    def covers(self, at: int) -> bool:
        """Whether what happened at `at` belongs to this run."""
        return at > self.since and (not self.finished_at or at <= self.finished_at)


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
    peak: float = 0.0  # the highest percent that was ever reached
    passed: bool = False  # whether anything was ever passed


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
    wake_at: int = NEVER  # the earliest time at which a timer rule may have something to say
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
    predict_at: int = NEVER  # when to predict again, or when a label is known
    awaiting: list[Awaiting] = field(default_factory=list)  # of silence and of scores to come, in
    # order of `made_at`
    reach: Reach | None = None  # of forecasts, as labels so far ask for; None: as by formula
    overflow: Overflow = field(default_factory=Overflow)

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
