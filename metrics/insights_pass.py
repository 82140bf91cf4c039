"""What is said of passing: earned already, within reach, or asking for more than so far."""

from collections.abc import Collection
from typing import Final, NamedTuple

from domain.course_facts import CourseFacts
from domain.exact import exceeds, reaches, rounded
from domain.keepers.coursework import is_banked, is_excused
from domain.state.course import Course
from metrics.insights_making import Tone, figure, insight
from metrics.shapes import Insight
from metrics.view import View
from metrics.windows import days_inactive

SCORES_MIN: Final = 2
GRADED_SHARE_MIN: Final = 0.15  # of the weight of the coursework
IN_REACH_BY: Final = 10.0  # points that the mean needed lies under the own one
SILENT_DAYS: Final = 10
_SPEAK_FIRST: Final = frozenset(
    {
        "insight.deadline_overdue_several",
        "insight.deadline_overdue",
        "insight.score_under_pass",
    }
)


class Earned(NamedTuple):
    """What the graded coursework of one course comes to, against its pass mark.

    `needed` is the mean percent that what remains has to come to, 0 where enough is earned; None
    where nothing remains.
    """

    mark: float
    average: float
    needed: float | None
    secured: bool


def pass_insight(view: View, said: Collection[str]) -> Insight | None:
    """One at most, a warning of any course first; `said` are the codes of deadlines and scores."""
    found = [one for course in view.courses if (one := _of_course(view, course, said)) is not None]
    found.sort(key=lambda one: one.tone != "warning")
    return found[0] if found else None


def earned(view: View, course: Course) -> Earned | None:
    """Where the coursework stands; None without a pass mark, 2 scores and 15 % of it graded.

    Of all assessments of some weight that the facts know, without excused and banked ones. What is
    open counts as still to come, also where it is overdue.
    """
    facts = view.facts.get(course.course_id)
    scores = view.course_scores[course.course_id]
    if facts is None or facts.pass_mark is None or len(scores) < SCORES_MIN:
        return None
    weights = _weights(course, facts)
    total = sum(weights.values())
    graded = sum(weights.get(score.short, 0.0) for score in scores)
    if not total or not graded or not reaches(graded, GRADED_SHARE_MIN * total):
        return None
    points = sum(weights.get(score.short, 0.0) * score.percent for score in scores)
    short_of = facts.pass_mark * total - points
    remaining = total - graded
    needed = max(0.0, short_of) / remaining if exceeds(remaining, 0) else None
    return Earned(facts.pass_mark, points / graded, needed, reaches(0, short_of))


def _weights(course: Course, facts: CourseFacts) -> dict[int, float]:
    """The weight of each assessment that counts for this learner, by its short id."""
    left_out = {
        work.short for work in course.work if is_excused(course, work) or is_banked(course, work)
    }
    known = facts.assessment_by_short.items()
    return {short: fact.weight for short, fact in known if short not in left_out}


def _of_course(view: View, course: Course, said: Collection[str]) -> Insight | None:
    found = earned(view, course)
    if found is None:
        return None
    if _needs_more(found):
        if "insight.score_high" in said:
            return None
        return _said(view, course, found, "insight.pass_needs_more", "warning")
    if _SPEAK_FIRST & set(said) or (days_inactive(view) or 0) >= SILENT_DAYS:
        return None
    if found.secured:
        return _said(view, course, found, "insight.pass_secured", "praise")
    if found.needed is not None and reaches(found.average - found.needed, IN_REACH_BY):
        return _said(view, course, found, "insight.pass_in_reach", "neutral")
    return None


def _needs_more(found: Earned) -> bool:
    """Whether what remains has to come to more than so far; not where no mark could reach it."""
    return (
        found.needed is not None
        and exceeds(found.needed, found.average)
        and reaches(100, found.needed)
    )


def _said(view: View, course: Course, found: Earned, code: str, tone: Tone) -> Insight:
    needed = 0.0 if found.needed is None else found.needed
    return insight(
        code,
        {
            "course": view.title(course.course_id) or "Your course",
            "pass_mark": rounded(found.mark, 1),
            "average": rounded(found.average, 1),
            "needed": rounded(needed, 1),
        },
        area="progress",
        tone=tone,
        evidence=figure(
            "average_needed", needed, "percent", baseline=found.average, up=tone == "warning"
        ),
    )
