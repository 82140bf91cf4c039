"""What Postgres holds of a learner beside the bytes: the columns for queries over many learners."""

from typing import Final, NamedTuple

from domain.state.learner import Learner

ROW_DAYS: Final = 30
"""The 28 days of a cohort's figures, today, which is not over, and one more: zones run ahead."""


class LearnerRow(NamedTuple):
    """One learner's columns; the four lists run over the 30 days from `first_day` on."""

    user_id: str
    steps: int
    course_ids: list[str]
    last_event_at: int
    first_day: int
    activities: list[int]
    seconds: list[int]
    posts: list[int]
    timed: list[int]


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
    return LearnerRow(
        user_id=state.user_id,
        steps=state.steps,
        course_ids=[course.course_id for course in state.open_courses],
        last_event_at=state.last_event_at,
        first_day=first,
        activities=activities,
        seconds=seconds,
        posts=posts,
        timed=timed,
    )
