"""The level of a learner: two bars with a hysteresis under each, and the level for now beside it.

A level depends on those before it, so it is found by going through units and scores in order of
event time; that gives the same level whatever the order of arrival.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.exact import reaches
from domain.keepers.progress import Progress, UnitDone
from domain.keepers.scores import Scored

Level: TypeAlias = Literal["Beginner", "Intermediate", "Advanced"]

ADVANCED_BAR: Final = 80.0
INTERMEDIATE_PROGRESS_BAR: Final = 30.0
INTERMEDIATE_SCORE_BAR: Final = 60.0
HYSTERESIS: Final = 5.0
NOW_ADVANCED_BAR: Final = 95.0  # percent of the weight that is due
NOW_INTERMEDIATE_BAR: Final = 65.0
NOW_HYSTERESIS: Final = 10.0


def pooled_percent(courses: list[Progress]) -> float | None:
    """Weight done of weight required over several courses; None where nothing is known.

    Where some courses count modules and others assessments, their weights have no common unit: then
    it is the mean of the courses' percents.
    """
    return _pool(courses)([each.done for each in courses])


def _pool(courses: Sequence[Progress]) -> Callable[[Sequence[float]], float | None]:
    """What pools the weights that are done in each of these courses, whatever these are."""
    known = [(place, each.total) for place, each in enumerate(courses) if each.total]
    if not known:
        return lambda _: None
    if len({courses[place].basis for place, _ in known}) == 1:
        required = sum(total for _, total in known)
        return lambda done: 100.0 * sum(done[place] for place, _ in known) / required
    return lambda done: sum(100.0 * done[place] / total for place, total in known) / len(known)


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


def level_now(done: float | None, average: float | None, before: Level | None) -> Level | None:
    """The level by percent done of what is due, and by the average, given the one that stood.

    Without scores it is not over the middle.
    """
    if done is None:
        return None
    stood = {None: 0, "Beginner": 0, "Intermediate": 1, "Advanced": 2}[before]
    far = _passed(done, (NOW_INTERMEDIATE_BAR, NOW_ADVANCED_BAR), NOW_HYSTERESIS, stood)
    if average is None:
        return "Intermediate" if far else "Beginner"
    good = _passed(average, (INTERMEDIATE_SCORE_BAR, ADVANCED_BAR), HYSTERESIS, stood)
    names: tuple[Level, Level, Level] = ("Beginner", "Intermediate", "Advanced")
    return names[min(far, good)]


def _passed(value: float, bars: tuple[float, float], hysteresis: float, stood: int) -> int:
    """How many bars are reached, where those that stood are held down to `hysteresis` under."""
    found = 0
    for place, bar in enumerate(bars, 1):
        if reaches(value, bar - (hysteresis if place <= stood else 0)):
            found = place
    return found


class Way(NamedTuple):
    """How a learner came to where a course stands: units and scores, each in order of time."""

    progress: Progress
    units: Sequence[UnitDone]
    scores: Sequence[Scored]


def level_of(ways: Sequence[Way]) -> Level | None:
    """The level that these courses have come to together."""
    pooled, done = _pool([way.progress for way in ways]), [0.0 for _ in ways]
    total, count, found = 0.0, 0, level(pooled(done), None, None)
    for _, together in groupby(_changes(ways), key=_at):
        for change in together:
            if change.score is None:
                done[change.place] += change.weight
            else:
                total, count = total + change.score, count + 1
        average = total / count if count else None
        found = level(pooled(done), average, found) or found
    return found


def percents(ways: Sequence[Way]) -> Iterator[tuple[int, float]]:
    """The percent of these courses together at first, and whenever a unit was done."""
    pooled, done = _pool([way.progress for way in ways]), [0.0 for _ in ways]
    began = pooled(done)
    if began is None:
        return
    yield 0, began
    for change in _changes(ways):
        if change.score is None:
            done[change.place] += change.weight
            percent = pooled(done)
            assert percent is not None, "what has a percent at first has one after every unit"
            yield change.at, percent


class _Change(NamedTuple):
    """A unit done in the course of that place, or a score."""

    at: int
    place: int
    weight: float = 0.0
    score: float | None = None


def _changes(ways: Sequence[Way]) -> list[_Change]:
    changes: list[_Change] = []
    for place, way in enumerate(ways):
        changes += [_Change(unit.at, place, weight=unit.weight) for unit in way.units]
        changes += [_Change(score.at, place, score=score.percent) for score in way.scores]
    changes.sort(key=_at)
    return changes


def _at(change: _Change) -> int:
    return change.at
