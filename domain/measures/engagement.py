"""How engaged the learner is: the level of 0 to 100, its components, and the segment."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from domain.measures.assessments import completion
from domain.measures.figures import pct, sentence
from domain.measures.shapes import Text
from domain.measures.shapes_trends import Component, ComponentCode, Segment
from domain.measures.view import CohortCourse, View
from domain.measures.windows import WEEK, days_inactive, window

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
PUNCTUALITY_DAYS: Final = 28
STRUGGLING_SCORES: Final = 3
DEFAULT_PASS_MARK: Final = 60.0

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


def engagement(view: View, last: int | None = None) -> Engagement:
    """The level over the seven local days that end on `last` (today).

    100 x the sum of weight x min(1, value / target); what cannot be known is left out and the
    other weights fill its place. None while there is no open course or no work was ever done.
    """
    end = view.today if last is None else last
    targets = _targets(view)
    values = _values(view, end)
    known = {
        code: value
        for code, value in values.items()
        if value is not None and targets[code].value > 0
    }
    whole = sum(WEIGHTS[code] for code in known)
    components = [
        _component(code, values[code], targets[code], WEIGHTS[code] / whole if code in known else 0)
        for code in WEIGHTS
    ]
    if not view.courses or not view.state.last_work_at:
        return Engagement(None, None, components)
    level = sum(
        WEIGHTS[code] / whole * min(1.0, value / targets[code].value)
        for code, value in known.items()
    )
    own = any(targets[code].basis == "course" for code in known)
    return Engagement(round(100 * level), "course" if own else "default", components)


def segment(view: View, now: Engagement) -> tuple[Segment | None, Text | None]:
    """Where the learner stands, after edX Insights, and why.

    In this order: inactive (no work for two weeks), disengaging (none for one), struggling (the
    last scores below the pass mark), then by the course's 15th and 85th percentile of engagement.
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
    return _by_cohort(view, now.level)


def pass_mark(view: View, course_id: str) -> float:
    """The course's pass mark, percent; 60 where none is known."""
    facts = view.facts.get(course_id)
    mark = None if facts is None else facts.pass_mark
    return DEFAULT_PASS_MARK if mark is None else mark


def _values(view: View, last: int) -> dict[ComponentCode, float | None]:
    week = window(view, last - WEEK + 1, last)
    due = completion(view, last - PUNCTUALITY_DAYS + 1, last, view.now)
    return {
        "active_days": week.active_days,
        "minutes": week.minutes(view),
        "activities": week.activities,
        "discussion": week.posts,
        "punctuality": due.in_time / due.due if due.due else None,
    }


def _component(
    code: ComponentCode, value: float | None, target: Target, weight: float
) -> Component:
    known = value is not None and target.value > 0
    return Component(
        code=code,
        value=None if value is None else round(value, 3),
        target=round(target.value, 3),
        weight=round(weight, 3),
        score=pct(100 * value / target.value) if known and value is not None else None,
    )


def _targets(view: View) -> dict[ComponentCode, Target]:
    """Of each component: what the courses ask for, else their 75th percentiles, else the default.

    A learner of two courses is asked for the minutes and activities of both, and for the days of
    the one that asks for more; the percentiles already hold all that a course's learners do.
    """
    asked = [
        facts.weekly_targets
        for course in view.courses
        if (facts := view.facts.get(course.course_id)) is not None
        and facts.weekly_targets is not None
    ]
    others = _cohort_courses(view)
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
    if view.cohort is None:
        return []
    known = view.cohort.courses
    return [known[each.course_id] for each in view.courses if each.course_id in known]


def _failing(view: View) -> Text | None:
    newest = view.scores[-STRUGGLING_SCORES:]
    if len(newest) < STRUGGLING_SCORES:
        return None
    average = sum(score.percent for score in newest) / len(newest)
    mark = sum(pass_mark(view, score.course_id) for score in newest) / len(newest)
    if average >= mark:
        return None
    return sentence(
        "segment.struggling",
        {"scores": len(newest), "average": round(average, 1), "pass_mark": round(mark, 1)},
    )


def _by_cohort(view: View, level: int) -> tuple[Segment | None, Text | None]:
    others = _cohort_courses(view)
    low = _most(course.engagement_p15 for course in others)
    high = _most(course.engagement_p85 for course in others)
    if low is None or high is None:
        return None, None
    if level >= high > low:
        params = {"level": level, "threshold": round(high)}
        return "highly_engaged", sentence("segment.highly_engaged", {**params})
    if level < low:
        params = {"level": level, "threshold": round(low)}
        return "disengaging", sentence("segment.disengaging_low", {**params})
    return "typical", sentence("segment.typical", {"level": level})
