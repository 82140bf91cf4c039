"""The level of a learner: two bars, with a hysteresis of five points under each.

A level depends on those before it, so it is found by going through units and scores in order of
event time; that gives the same level whatever the order of arrival.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.course_facts import CourseFacts
from domain.exact import reaches
from domain.progress import Progress, counting_units, course_progress
from domain.scores import counted_scores
from domain.state import Course

Level: TypeAlias = Literal["Beginner", "Intermediate", "Advanced"]

ADVANCED_BAR: Final = 80.0
INTERMEDIATE_PROGRESS_BAR: Final = 30.0
INTERMEDIATE_SCORE_BAR: Final = 60.0
HYSTERESIS: Final = 5.0


def pooled_percent(courses: list[Progress]) -> float | None:
    """Weight done of weight required over several courses; None where nothing is known.

    Where some courses count modules and others assessments, their weights have no common unit: then
    it is the mean of the courses' percents.
    """
    known = [each for each in courses if each.total]
    if not known:
        return None
    if len({each.basis for each in known}) == 1:
        return 100.0 * sum(each.done for each in known) / sum(each.total for each in known)
    return sum(100.0 * each.done / each.total for each in known) / len(known)


def level(progress: float | None, average: float | None, before: Level | None) -> Level | None:
    """The level of a progress and an average in percent, given the one that stood before.

    Without scores it goes by progress and not over the middle.
    """
    if progress is None:
        return None
    advanced = ADVANCED_BAR - (HYSTERESIS if before == "Advanced" else 0)
    slack = 0 if before in {None, "Beginner"} else HYSTERESIS
    far_enough = reaches(progress, INTERMEDIATE_PROGRESS_BAR - slack)
    if average is None:
        return "Intermediate" if far_enough else "Beginner"
    if reaches(progress, advanced) and reaches(average, advanced):
        return "Advanced"
    good_enough = reaches(average, INTERMEDIATE_SCORE_BAR - slack)
    return "Intermediate" if far_enough and good_enough else "Beginner"


def level_of(courses: Sequence[Course], facts: dict[str, CourseFacts]) -> Level | None:
    """The level that these courses have come to together."""
    progress = [course_progress(each, facts.get(each.course_id)) for each in courses]
    standing = [each._replace(done=0.0) for each in progress]
    total, count, found = 0.0, 0, level(pooled_percent(standing), None, None)
    changes = _changes(courses, facts)
    for _, together in groupby(changes, key=_at):
        for change in together:
            if change.score is None:
                known = standing[change.place]
                standing[change.place] = known._replace(done=known.done + change.weight)
            else:
                total, count = total + change.score, count + 1
        average = total / count if count else None
        found = level(pooled_percent(standing), average, found) or found
    return found


class _Change(NamedTuple):
    """A unit done in the course of that place, or a score."""

    at: int
    place: int
    weight: float = 0.0
    score: float | None = None


def _changes(courses: Sequence[Course], facts: dict[str, CourseFacts]) -> list[_Change]:
    changes: list[_Change] = []
    for place, course in enumerate(courses):
        known = facts.get(course.course_id)
        changes += (
            _Change(unit.at, place, weight=unit.weight) for unit in counting_units(course, known)
        )
        scores = counted_scores(course, known)
        changes += (_Change(score.at, place, score=score.percent) for score in scores)
    changes.sort(key=_at)
    return changes


def _at(change: _Change) -> int:
    return change.at
