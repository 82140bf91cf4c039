"""What a keeper changed in a learner's state that a rule may have to look at: a closed union.

Keepers know no rule: they note changes, and the rules that look at changes of that kind are asked
in the order of their table.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from domain.keepers.scores import Scored
from domain.state.course import (
    Course,
    Work,
)

Ending: TypeAlias = Literal["unenrolled", "course_finished"]
"""Why what was open about a course is over with it."""


class DaysChanged(Struct, frozen=True, gc=False):
    """The days with work changed: the newest streak grew by one, or runs of days were `joined`."""

    joined: bool


class GradesChanged(Struct, frozen=True, gc=False):
    """Grades or excuses of one assessment changed."""

    course: Course
    work: Work


class ScoresChanged(Struct, frozen=True, gc=False):
    """A counted score may have changed; `scores` are those of the open courses, in order of time.

    `ending` is set where that is because a course is over.
    """

    scores: list[Scored]
    ending: Ending | None = None


class WorkChanged(Struct, frozen=True, gc=False):
    """Work of a course was submitted, excused or asked for again."""

    course: Course


class ModulesChanged(Struct, frozen=True, gc=False):
    """A module of a course was completed or reopened."""

    course: Course


class DeadlinesChanged(Struct, frozen=True, gc=False):
    """What is due may be due at another time, or not any more; of one course, or None: of any.

    `ending` is set where that is because the course is over.
    """

    course: Course | None
    ending: Ending | None = None


class CourseAdded(Struct, frozen=True, gc=False):
    """A course is kept that was not kept before."""

    course: Course


class MembershipChanged(Struct, frozen=True, gc=False):
    """The learner entered, left or finished a course; `ending` is set where it is over.

    ScoresChanged and DeadlinesChanged follow.
    """

    course: Course
    ending: Ending | None


class FactsChanged(Struct, frozen=True, gc=False):
    """Course facts or thresholds changed; ScoresChanged and DeadlinesChanged follow."""


class DayBegan(Struct, frozen=True, gc=False):
    """The first event of the learner on another day (UTC) than the newest predictions."""


class SilenceEnded(Struct, frozen=True, gc=False):
    """The learner did something a day or more after what was the newest event or work so far.

    Or is known now, by late work, to have done something within a day or more without work.
    """


class Predicted(Struct, frozen=True, gc=False):
    """Predictions were made again; it is looked at after all other changes."""


class TimerDue(Struct, frozen=True, gc=False):
    """The time came at which a rule asked to look again."""


class PredictionDue(Struct, frozen=True, gc=False):
    """The time came to predict again, or a label is known, or a rule about predictions asked."""


Change: TypeAlias = (
    DaysChanged
    | GradesChanged
    | ScoresChanged
    | WorkChanged
    | ModulesChanged
    | DeadlinesChanged
    | CourseAdded
    | MembershipChanged
    | FactsChanged
    | DayBegan
    | SilenceEnded
    | Predicted
    | TimerDue
    | PredictionDue
)
