"""What Postgres holds of a learner beside the bytes: the columns for queries over many learners."""

from typing import Final, NamedTuple

from domain.keepers.days import known_since
from domain.predictions import NUMBERS, Target
from domain.state.learner import Learner

ROW_DAYS: Final = 30
"""The 28 days of a cohort's figures, today, which is not over, and one more: zones run ahead."""


class LearnerRow(NamedTuple):
    """One learner's columns; the four lists run over the 30 days from `first_day` on.

    `began_day` is the learner's first day with anything on it; 0: longer ago than is kept.

    `not_passing` and `next_missing` are thousandths of a probability, a place for each of
    `course_ids`, null where nothing is said of it; empty where nothing is said at all. Of several
    assessments the next one counts. A list of whom to contact is ordered by them.
    """

    user_id: str
    steps: int
    course_ids: list[str]
    last_event_at: int
    first_day: int
    began_day: int
    activities: list[int]
    seconds: list[int]
    posts: list[int]
    timed: list[int]
    not_passing: list[int | None]
    next_missing: list[int | None]


def learner_row(state: Learner) -> LearnerRow:
    """The columns of `state`; the last of the 30 days is its newest one."""
    last = state.days[-1].day if state.days else 0
    first = last - ROW_DAYS + 1
    activities, seconds, posts, timed = ([0] * ROW_DAYS for _ in range(4))
    for day in state.days[-ROW_DAYS:]:
        index = day.day - first
        if index >= 0:
            activities[index] = day.activities
            seconds[index] = day.seconds
            posts[index] = day.posts
            timed[index] = day.timed
    course_ids = [course.course_id for course in state.open_courses]
    return LearnerRow(
        user_id=state.user_id,
        steps=state.steps,
        course_ids=course_ids,
        last_event_at=state.last_event_at,
        first_day=first,
        began_day=known_since(state),
        activities=activities,
        seconds=seconds,
        posts=posts,
        timed=timed,
        not_passing=_shown(state, course_ids, "not_passing"),
        next_missing=_shown(state, course_ids, "next_missing"),
    )


def _shown(state: Learner, course_ids: list[str], target: Target) -> list[int | None]:
    found: dict[str | None, int] = {}
    for each in state.predictions:
        if each.target == NUMBERS[target] and each.shown is not None:
            found.setdefault(each.course_id, each.shown.value)
    return [found.get(course_id) for course_id in course_ids] if found else []
