"""The level of a learner: two bars, which are left only five points under them."""

from typing import Final, Literal, TypeAlias

from domain.course_facts import CourseFacts
from domain.progress import Progress, course_progress
from domain.scores import mean_score, open_scores
from domain.state import Learner

Level: TypeAlias = Literal["Beginner", "Intermediate", "Advanced"]

ADVANCED_BAR: Final = 80.0
INTERMEDIATE_PROGRESS_BAR: Final = 30.0
INTERMEDIATE_SCORE_BAR: Final = 60.0
SLACK: Final = 5.0


def pooled_percent(courses: list[Progress]) -> float | None:
    """Weight done of weight required over several courses; None where nothing is known.

    Where some courses count modules and others assessments, their weights have no common unit: then
    it is the mean of the courses' percents.
    """
    known = [each for each in courses if each.total]
    if not known:
        return None
    if len({each.basis for each in known}) == 1:
        return 100 * sum(each.done for each in known) / sum(each.total for each in known)
    return sum(100 * each.done / each.total for each in known) / len(known)


def level(progress: float | None, average: float | None, before: Level | None) -> Level | None:
    """The level of a progress and an average in percent, given the one that stood before.

    Without scores it goes by progress and not over the middle.
    """
    if progress is None:
        return None
    advanced = ADVANCED_BAR - (SLACK if before == "Advanced" else 0)
    slack = 0 if before in {None, "Beginner"} else SLACK
    if average is None:
        middle = progress >= INTERMEDIATE_PROGRESS_BAR - slack
        return "Intermediate" if middle else "Beginner"
    if progress >= advanced and average >= advanced:
        return "Advanced"
    if progress < INTERMEDIATE_PROGRESS_BAR - slack or average < INTERMEDIATE_SCORE_BAR - slack:
        return "Beginner"
    return "Intermediate"


def keep_level(state: Learner, facts: dict[str, CourseFacts]) -> None:
    """Remember the level that the courses and scores come to now."""
    courses = [course for course in state.courses if not course.unenrolled_at]
    progress = [course_progress(course, facts.get(course.course_id)) for course in courses]
    average = mean_score(open_scores(state, facts))
    state.level = level(pooled_percent(progress), average, state.level) or state.level
