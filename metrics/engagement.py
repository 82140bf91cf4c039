"""How engaged the learner is: the level of 0 to 100, smoothed, and its components."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import accumulate
from operator import mul
from typing import Final, Literal, NamedTuple, TypeAlias

from domain.exact import rounded, whole
from domain.keepers.days import known_since
from domain.state.limits import DAYS_MAX
from metrics.assessments import dated_dues
from metrics.figures import pct
from metrics.shapes_trends import Component, ComponentCode
from metrics.view import CohortCourse, View, once
from metrics.windows import WEEK, known_minutes, window

WEIGHTS: Final[dict[ComponentCode, float]] = {
    "active_days": 0.3,
    "minutes": 0.25,
    "activities": 0.2,
    "discussion": 0.1,
    "punctuality": 0.15,
}
DEFAULT_TARGETS: Final[dict[ComponentCode, float]] = {
    "active_days": 4.0,
    "minutes": 180.0,
    "activities": 30.0,
    "discussion": 2.0,
    "punctuality": 1.0,
}

COHORT_MIN: Final = 10  # active learners; the figures of fewer are those of persons
PUNCTUALITY_DAYS: Final = 28
HALF_LIFE_DAYS: Final = 7
COHORT_DAYS: Final = 28
SMOOTHED_DAYS: Final = COHORT_DAYS - WEEK + 1
"""So many days' levels are smoothed: each is of seven days, all of which lie within 28."""
_FADED: Final = [math.pow(0.5, back / HALF_LIFE_DAYS) for back in range(SMOOTHED_DAYS)]
_LEFT_OUT: Final = 0.0

Basis = Literal["course", "default"]


class Target(NamedTuple):
    """What a component is measured against in a week, and who says so; 0: it is left out."""

    value: float
    basis: Basis


_Values: TypeAlias = tuple[float | None, ...]
"""What was done, in the order of `WEIGHTS`; None where it cannot be known."""
_Scale: TypeAlias = tuple[tuple[float, float], ...]
"""Weight and target of each component, in the order of `WEIGHTS`."""


class Engagement(NamedTuple):
    """The level, whole points of 100, and what the newest week contributes to it."""

    level: int | None
    basis: Basis | None
    components: list[Component]


@once
def engagement(view: View) -> Engagement:
    """The smoothed level of today, and the components of the seven local days up to today."""
    targets = _targets(view, view.today, _all_courses(view))
    values = _values(view, view.today)
    known = {
        code: value is not None and targets[code].value > 0
        for code, value in zip(WEIGHTS, values, strict=True)
    }
    total = sum(WEIGHTS[code] for code in WEIGHTS if known[code])
    components = [
        _component(code, value, targets[code], WEIGHTS[code] / total if known[code] else None)
        for code, value in zip(WEIGHTS, values, strict=True)
    ]
    level = level_on(view, view.today)
    if level is None:
        return Engagement(None, None, components)
    own = any(targets[code].basis == "course" for code in WEIGHTS if known[code])
    return Engagement(level, "course" if own else "default", components)


def level_on(view: View, last: int) -> int | None:
    """The smoothed level on the local day `last`, in whole points of 100.

    A day's own level is 100 x the sum of weight x min(1, value / target) over the seven days up to
    it; what cannot be known is left out and the other weights fill its place. The levels of the
    last 22 days are weighted by 2^(-age / 7 days). None while there is no open course or no work
    was ever done.
    """
    if not view.courses or not view.state.last_work_at:
        return None
    scale = _scale(view, last, _all_courses(view))
    return whole(_smoothed(view, last, _day_levels(view, scale)))


@once
def compared_level(view: View, course_id: str, last: int) -> float:
    """The smoothed level without punctuality by one course's targets, 0 to 100.

    The course's percentiles are those of this figure: `sinks/cohort.sql` computes it of every
    learner on the day before its day.
    """
    scale = _scale(view, last, (course_id,))[:-1]
    return _smoothed(view, last, _day_levels(view, scale))


def cohort_as_of(view: View) -> int | None:
    """Of when the figures of the learner's courses are, epoch seconds; None without any."""
    return view.cohort.as_of if view.cohort is not None and cohort_courses(view) else None


def cohort_courses(view: View) -> list[CohortCourse]:
    """What is known of the other learners of the open courses."""
    return _cohort_of(view, _all_courses(view))


def _smoothed(view: View, last: int, level_of: Callable[[int], float]) -> float:
    """The weighted mean of the levels of 22 days, or of as many as there are."""
    count = min(SMOOTHED_DAYS, max(1, last - _begins(view) + 1))
    faded = _FADED[:count]
    levels = map(level_of, range(last, last - count, -1))
    return math.fsum(map(mul, faded, levels)) / sum(faded)


@once
def _begins(view: View) -> int:
    """The first day of which the level is known: the learner's first, or one the buckets reach."""
    since = known_since(view.state)
    if since or not view.state.days:
        return since
    return view.state.days[-1].day - DAYS_MAX + WEEK


@once
def _day_levels(view: View, scale: _Scale) -> Callable[[int], float]:
    """What gives the level of a single day by that scale, each day's computed once."""
    return cache(lambda day: _raw(_values(view, day), scale))


def _raw(values: _Values, scale: _Scale) -> float:
    """100 x the sum of weight x min(1, value / target), over what is known and of the scale."""
    points = total = 0.0
    for value, (weight, target) in zip(values, scale, strict=False):
        if value is not None and target > 0:
            total += weight
            points += weight * (value / target if value < target else 1.0)
    return 100 * points / total if total else 0.0


@once
def _values(view: View, last: int) -> _Values:
    """What was done over seven days, and punctuality over 28."""
    active, activities, timed, seconds, posts = _totals(view).over(last - WEEK, last)
    due, in_time = _due_totals(view).over(last - PUNCTUALITY_DAYS, last)
    return (
        active,
        known_minutes(view, activities, timed, seconds),
        activities,
        posts,
        in_time / due if due else None,
    )


class _Totals(NamedTuple):
    """Local days in order, and of each figure the sums before each and after the last."""

    days: list[int]
    sums: list[list[int]]

    def over(self, before: int, last: int) -> list[int]:
        """Each figure's sum over the local days after `before`, up to `last`."""
        low, high = bisect_right(self.days, before), bisect_right(self.days, last)
        return [column[high] - column[low] for column in self.sums]


@once
def _totals(view: View) -> _Totals:
    """Active days, activities, timed ones, seconds and posts."""
    days = view.state.days
    figures = (
        [int(day.activities > 0) for day in days],
        [day.activities for day in days],
        [day.timed for day in days],
        [day.seconds for day in days],
        [day.posts for day in days],
    )
    return _summed([day.day for day in days], figures)


@once
def _due_totals(view: View) -> _Totals:
    """What was due by now, and what of it was done in time."""
    dues = dated_dues(view)
    figures = [1 for _ in dues], [int(due.in_time) for due in dues]
    return _summed([due.day for due in dues], figures)


def _summed(days: list[int], figures: Sequence[list[int]]) -> _Totals:
    return _Totals(days, [list(accumulate(column, initial=0)) for column in figures])


def _scale(view: View, last: int, course_ids: tuple[str, ...]) -> _Scale:
    targets = _targets(view, last, course_ids)
    return tuple((weight, targets[code].value) for code, weight in WEIGHTS.items())


def _component(
    code: ComponentCode, value: float | None, target: Target, weight: float | None
) -> Component:
    return Component(
        code=code,
        value=None if value is None else rounded(value, 3),
        target=rounded(target.value, 3),
        weight=0.0 if weight is None else rounded(weight, 3),
        score=None if weight is None else pct(100 * (value or 0) / target.value),
    )


def _all_courses(view: View) -> tuple[str, ...]:
    return tuple(course.course_id for course in view.courses)


@once
def _targets(view: View, last: int, course_ids: tuple[str, ...]) -> dict[ComponentCode, Target]:
    """Of each component: what the courses ask for, else their 90th percentiles, else the default.

    A learner of two courses is asked for the minutes and activities of both, and for the days of
    the one that asks for more; the percentiles already hold all that a course's learners do.
    Discussion is left out unless a course had a post in 28 days: one of the learner's own, or one
    that the course's figures know of.
    """
    asked = [
        facts.weekly_targets
        for course_id in course_ids
        if (facts := view.facts.get(course_id)) is not None and facts.weekly_targets is not None
    ]
    others = _cohort_of(view, course_ids)
    return {
        "active_days": _target(
            "active_days", _most(a.active_days for a in asked), [c.active_days for c in others]
        ),
        "minutes": _target("minutes", _all(a.minutes for a in asked), [c.minutes for c in others]),
        "activities": _target(
            "activities", _all(a.activities for a in asked), [c.activities for c in others]
        ),
        "discussion": _discussion(view, last, [c.discussion for c in others]),
        "punctuality": Target(DEFAULT_TARGETS["punctuality"], "default"),
    }


def _discussion(view: View, last: int, others: list[float | None]) -> Target:
    usual = _most(others)
    if usual is not None:
        return Target(usual, "course")
    own = window(view, last - COHORT_DAYS + 1, last).posts
    return Target(DEFAULT_TARGETS["discussion"] if own else _LEFT_OUT, "default")


def _target(code: ComponentCode, asked: float | None, others: list[float | None]) -> Target:
    if asked is not None:
        return Target(asked, "course")
    usual = _most(others)
    if usual is not None:
        return Target(usual, "course")
    return Target(DEFAULT_TARGETS[code], "default")


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _all(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _cohort_of(view: View, course_ids: Sequence[str]) -> list[CohortCourse]:
    known = {} if view.cohort is None else view.cohort.courses
    return [known[course_id] for course_id in course_ids if course_id in known]
