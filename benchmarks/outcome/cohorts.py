"""A course's cohort at a moment, counted in plain Python from the learners that are looked at.

As the sink does it, but for the engagement percentiles: here they are those of the level shown.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from metrics.engagement import engagement
from metrics.view import Cohort, CohortCourse, View

DAYS: Final = 28
TARGET_SHARE: Final = 0.9
STAY_SHARE: Final = 0.7
HIGH_SHARE: Final = 0.85
_WEEKS: Final = DAYS / 7


def cohort_of(course_id: str, views: Sequence[View]) -> Cohort | None:
    """The cohort that these learners are; None where nobody worked in the 28 days before."""
    weekly = [figures for view in views if (figures := _weekly(view))[0]]
    if not weekly:
        return None
    days, activities, posts = zip(*weekly, strict=True)
    usual = CohortCourse(
        course_id=course_id,
        active_days=_at(days, TARGET_SHARE) or None,
        minutes=None,  # OULAD knows no time of day
        activities=_at(activities, TARGET_SHARE) or None,
        discussion=_at(posts, TARGET_SHARE) or None,
        engagement_p70=None,
        engagement_p85=None,
    )
    levels = [
        float(level)
        for view in views
        if _weekly(view)[0]
        and (level := engagement(with_cohort(view, _only(usual))).level) is not None
    ]
    return _only(
        CohortCourse(
            course_id=course_id,
            active_days=usual.active_days,
            minutes=None,
            activities=usual.activities,
            discussion=usual.discussion,
            engagement_p70=_at(levels, STAY_SHARE),
            engagement_p85=_at(levels, HIGH_SHARE),
        )
    )


def with_cohort(view: View, cohort: Cohort | None) -> View:
    """The same view beside these others."""
    return View(
        state=view.state,
        facts=view.facts,
        cohort=cohort,
        now=view.now,
        default_zone=view.default_zone,
    )


def _only(course: CohortCourse) -> Cohort:
    return Cohort(courses={course.course_id: course}, as_of=0)


def _weekly(view: View) -> tuple[float, float, float]:
    """Active days, activities and posts a week."""
    days = [day for day in view.state.days if view.today - DAYS <= day.day < view.today]
    return (
        sum(day.activities > 0 for day in days) / _WEEKS,
        sum(day.activities for day in days) / _WEEKS,
        sum(day.posts for day in days) / _WEEKS,
    )


def _at(values: Iterable[float], part: float) -> float:
    """The quantile, linear between order statistics, as Postgres' percentile_cont."""
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
