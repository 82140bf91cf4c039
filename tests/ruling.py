"""What a rule looks at, made by hand: a step of the fold, and the grades of a course."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.configuration import Configuration
from domain.course_facts import CourseFacts
from domain.ids import short_id
from domain.keepers.scores import percent_of
from domain.scoring import NoModels
from domain.state.course import (
    Course,
    Grade,
    Work,
)
from domain.state.learner import (
    Learner,
    new_learner,
)
from domain.step import Step
from tests.factories import COURSE, USER, at, seconds


def step(
    *facts: CourseFacts, when: datetime | None = None, configuration: Configuration | None = None
) -> Step:
    """A step at a moment, up to which nothing is stale."""
    now = seconds(when or at(1))
    known = {each.course_id: each for each in facts}
    return Step(now, now, 0, (configuration or Configuration()).for_steps(), known, NoModels())


def grade(score: float, maximum: float = 100, **fields: Any) -> Grade:
    """A grade of START, the only attempt, unless said otherwise."""
    moment = fields.pop("at", at())
    fields = {"day": moment.toordinal(), "order": 1, "attempt": 1} | fields
    return Grade(at=seconds(moment), percent=percent_of(score, maximum), **fields)


def work(name: str = "a1", *grades: Grade) -> Work:
    """What the learner did on one assessment."""
    return Work(short_id(name), name, grades=list(grades))


def learner(*works: Work, course_id: str = COURSE) -> Learner:
    """A learner with one course."""
    state = new_learner(USER)
    state.courses.append(Course(course_id, first_at=seconds(at()), last_at=seconds(at())))
    state.courses[0].work += works
    return state


def in_a_row(grades: Sequence[Grade]) -> Learner:
    """A learner whose assessments were graded on one day after another, in this order."""
    works = []
    for place, each in enumerate(grades):
        each.at, each.order = seconds(at(place)), place
        works.append(work(f"a{place}", each))
    state = learner(*works)
    state.courses[0].last_at = seconds(at(len(grades)))
    return state
