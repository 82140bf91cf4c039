"""What Postgres holds of a learner beside the bytes: the columns for queries over many learners."""

from typing import Final, NamedTuple

from domain.state import Learner

COHORT_DAYS: Final = 28


class LearnerRow(NamedTuple):
    """One learner's columns; the four lists run over the days `first_day` .. `first_day + 27`."""

    user_id: str
    steps: int
    course_ids: list[str]
    last_event_at: int
    first_day: int
    activities: list[int]
    seconds: list[int]
    posts: list[int]
    error_count: int
    error_absolute_sum: float


def learner_row(state: Learner) -> LearnerRow:
    """The columns of `state`; the last of the 28 days is its newest one."""
    last = state.days[-1].day if state.days else 0
    first = last - COHORT_DAYS + 1
    activities, seconds, posts = ([0] * COHORT_DAYS for _ in range(3))
    for day in reversed(state.days):
        if day.day < first:
            break
        index = day.day - first
        activities[index] = day.activities
        seconds[index] = day.seconds
        posts[index] = day.posts
    return LearnerRow(
        user_id=state.user_id,
        steps=state.steps,
        course_ids=[course.course_id for course in state.courses if not course.unenrolled_at],
        last_event_at=state.last_event_at,
        first_day=first,
        activities=activities,
        seconds=seconds,
        posts=posts,
        error_count=state.error.count,
        error_absolute_sum=state.error.absolute_sum,
    )
