"""What is remembered of one course of a learner. Times, days and scores as in `learner`."""

from typing import Final, Literal, get_args

from msgspec import Struct, field

from domain.events.activity import HelpKind, Outcome
from domain.predictions import Awaiting
from domain.state.limits import NEVER


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


class Help(Struct, array_like=True, gc=False):
    """An instructor helped the learner; `alerts` are the ids, 16 bytes each, that it was about."""

    at: int
    kind: HelpKind
    alerts: list[bytes] = field(default_factory=list)


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
    helped: list[Help] = field(default_factory=list)  # in order of event time, the newest 8

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
