"""How engaged the learner is: the level of 0 to 100, its components, and the segment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from domain.exact import exceeds, reaches, rounded, under, whole
from metrics.assessments import completion
from metrics.figures import pct, sentence
from metrics.passing import is_passed, pass_mark
from metrics.shapes import Text
from metrics.shapes_trends import Component, ComponentCode, Segment
from metrics.view import CohortCourse, View, once
from metrics.windows import WEEK, days_inactive, window

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
STRUGGLING_SCORES: Final = 3

Basis = Literal["course", "default"]


class Target(NamedTuple):
    """What a component is measured against in a week, and who says so."""

    value: float
    basis: Basis


class Engagement(NamedTuple):
    """The level, whole points of 100, and what it is made of."""

    level: int | None
    basis: Basis | None
    components: list[Component]


class _Measured(NamedTuple):
    """What was done over a week, beside its targets; the weights are those of what is known."""

    values: dict[ComponentCode, float | None]
    targets: dict[ComponentCode, Target]
    weights: dict[ComponentCode, float]


@once
def engagement(view: View) -> Engagement:
    """The level over the seven local days up to today, and its components."""
    measured = _measured(view, view.today)
    values, targets, weights = measured
    components = [
        _component(code, values[code], targets[code], weights.get(code, 0.0)) for code in WEIGHTS
    ]
    level = _level_of(view, measured)
    if level is None:
        return Engagement(None, None, components)
    own = any(targets[code].basis == "course" for code in weights)
    return Engagement(level, "course" if own else "default", components)


def level_on(view: View, last: int) -> int | None:
    """The level over the seven local days that end on `last`, in whole points of 100.

    100 x the sum of weight x min(1, value / target); what cannot be known is left out and the
    other weights fill its place. None while there is no open course or no work was ever done.
    """
    return _level_of(view, _measured(view, last))


def _level_of(view: View, measured: _Measured) -> int | None:
    if not view.courses or not view.state.last_work_at:
        return None
    return whole(_level(*measured))


def _measured(view: View, last: int) -> _Measured:
    due = completion(view, last - PUNCTUALITY_DAYS + 1, last, view.now)
    punctuality = due.in_time / due.due if due.due else None
    values = {**_week(view, last), "punctuality": punctuality}
    targets = _own_targets(view)
    return _Measured(values, targets, _weights(values, targets))


@once
def _own_targets(view: View) -> dict[ComponentCode, Target]:
    return _targets(view, [course.course_id for course in view.courses])


def compared_level(view: View, course_id: str, last: int | None = None) -> float:
    """The level without punctuality by one course's targets, as the course's percentiles are.

    `sinks/cohort.sql` computes the same of every learner, over the seven days before its day.
    """
    values = _week(view, view.today if last is None else last)
    targets = _targets(view, [course_id])
    return _level(values, targets, _weights(values, targets))


def cohort_as_of(view: View) -> int | None:
    """Of when the figures of the learner's courses are, epoch seconds; None without any."""
    return view.cohort.as_of if view.cohort is not None and _cohort_courses(view) else None


def segment(view: View, now: Engagement) -> tuple[Segment | None, Text | None]:
    """Where the learner stands, after edX Insights, and why.

    In this order: inactive (no work for two weeks), disengaging (none for one), struggling (the
    last scores below the pass mark), then by the course's 15th and 85th percentile of engagement
    without punctuality.
    """
    silent = days_inactive(view)
    if silent is None or now.level is None:
        return None, None
    if silent >= 2 * WEEK:
        return "inactive", sentence("segment.inactive", {"days": silent})
    if silent >= WEEK:
        return "disengaging", sentence("segment.disengaging_silent", {"days": silent})
    failing = _failing(view)
    if failing is not None:
        return "struggling", failing
    return _by_cohort(view)


def _week(view: View, last: int) -> dict[ComponentCode, float | None]:
    """What was done over seven days; None where it cannot be known."""
    week = window(view, last - WEEK + 1, last)
    return {
        "active_days": week.active_days,
        "minutes": week.minutes(view),
        "activities": week.activities,
        "discussion": week.posts,
    }


def _weights(
    values: Mapping[ComponentCode, float | None], targets: Mapping[ComponentCode, Target]
) -> dict[ComponentCode, float]:
    """The weights of what is known, filling the place of what is not."""
    known = [code for code, value in values.items() if _is_known(value, targets[code])]
    total = sum(WEIGHTS[code] for code in known)
    return {code: WEIGHTS[code] / total for code in known}


def _level(
    values: Mapping[ComponentCode, float | None],
    targets: Mapping[ComponentCode, Target],
    weights: Mapping[ComponentCode, float],
) -> float:
    return 100 * sum(
        weight * min(1.0, (values[code] or 0) / targets[code].value)
        for code, weight in weights.items()
    )


def _is_known(value: float | None, target: Target) -> bool:
    return value is not None and target.value > 0


def _component(
    code: ComponentCode, value: float | None, target: Target, weight: float
) -> Component:
    return Component(
        code=code,
        value=None if value is None else rounded(value, 3),
        target=rounded(target.value, 3),
        weight=rounded(weight, 3),
        score=pct(100 * (value or 0) / target.value) if _is_known(value, target) else None,
    )


def _targets(view: View, course_ids: Sequence[str]) -> dict[ComponentCode, Target]:
    """Of each component: what the courses ask for, else their 75th percentiles, else the default.

    A learner of two courses is asked for the minutes and activities of both, and for the days of
    the one that asks for more; the percentiles already hold all that a course's learners do.
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
        "discussion": _target("discussion", None, [c.discussion for c in others]),
        "punctuality": Target(DEFAULT_TARGETS["punctuality"], "default"),
    }


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


def _cohort_courses(view: View) -> list[CohortCourse]:
    return _cohort_of(view, [course.course_id for course in view.courses])


def _cohort_of(view: View, course_ids: Sequence[str]) -> list[CohortCourse]:
    known = {} if view.cohort is None else view.cohort.courses
    return [known[course_id] for course_id in course_ids if course_id in known]


def _failing(view: View) -> Text | None:
    """The last three scores under the pass mark on average, or none passed where grades say so."""
    newest = view.scores[-STRUGGLING_SCORES:]
    if len(newest) < STRUGGLING_SCORES:
        return None
    if any(score.passed is not None for score in newest):
        if any(is_passed(view, score) for score in newest):
            return None
        return sentence("segment.struggling_not_passed", {"scores": len(newest)})
    average = sum(score.percent for score in newest) / len(newest)
    mark = sum(pass_mark(view, score.course_id) for score in newest) / len(newest)
    if reaches(average, mark):
        return None
    return sentence(
        "segment.struggling",
        {"scores": len(newest), "average": rounded(average, 1), "pass_mark": rounded(mark, 1)},
    )


class _Standing(NamedTuple):
    """A learner's level among those of one course, and the course's 15th and 85th percentile."""

    level: float
    low: float
    high: float


def _by_cohort(view: View) -> tuple[Segment | None, Text | None]:
    """By the courses that have percentiles: low in any of them, or high in all of them."""
    standings = [
        _Standing(compared_level(view, each.course_id), each.engagement_p15, each.engagement_p85)
        for each in _cohort_courses(view)
        if each.engagement_p15 is not None and each.engagement_p85 is not None
    ]
    if not standings:
        return None, None
    lowest = min(standings, key=lambda each: each.level - each.low)
    nearest = min(standings, key=lambda each: each.level - each.high)
    if under(lowest.level, lowest.low):
        return "disengaging", _standing("segment.disengaging_low", lowest.level, lowest.low)
    if reaches(nearest.level, nearest.high) and all(exceeds(s.high, s.low) for s in standings):
        return "highly_engaged", _standing("segment.highly_engaged", nearest.level, nearest.high)
    return "typical", sentence("segment.typical", {"level": rounded(lowest.level, 1)})


def _standing(code: str, level: float, threshold: float) -> Text:
    return sentence(code, {"level": rounded(level, 1), "threshold": rounded(threshold, 1)})
