"""What to do next, by rule: at most five steps, the most pressing first, each with its reason."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.alerts import Param
from domain.exact import exceeds, reaches, rounded
from domain.naming import assessment_name
from domain.scores import Scored
from metrics.assessments import Due, open_dues
from metrics.figures import action, sentence
from metrics.passing import is_passed, pass_mark
from metrics.pressing import name_of, overdue, silent_days
from metrics.progress_summary import expected_progress
from metrics.scores_trend import falling
from metrics.shapes import Action, ActionTarget, Text
from metrics.shapes_predictions import Recommendation
from metrics.view import View

RECOMMENDATIONS_MAX: Final = 5
DEADLINE_DAYS: Final = 7
DEADLINES_MAX: Final = 2
BEHIND_BY: Final = 10.0  # points of progress
_DAY: Final = 86_400
_NOTHING: Final = ActionTarget(kind="none", id=None, course_id=None)


class _Step(NamedTuple):
    reason: Text
    action: Action


def learning_recommendations(view: View) -> list[Recommendation]:
    """The section `learning_recommendations`; nothing for a learner without an open course."""
    steps = list(_steps(view)) if view.courses else []
    return [
        Recommendation(
            rank=rank, reason=step.reason, action=step.action, source="rule", effect=None
        )
        for rank, step in enumerate(steps[:RECOMMENDATIONS_MAX], start=1)
    ]


def _steps(view: View) -> Iterator[_Step]:
    yield from _overdue(view)
    yield from _silent(view)
    yield from _due_soon(view)
    yield from _scores(view)
    yield from _behind(view)


def _overdue(view: View) -> Iterator[_Step]:
    for due in overdue(view):
        yield _submit(view, due, "recommendation.overdue")


def _due_soon(view: View) -> Iterator[_Step]:
    for due in open_dues(view)[:DEADLINES_MAX]:
        if due.due_at - view.now < DEADLINE_DAYS * _DAY:
            yield _submit(view, due, "recommendation.deadline")


def _submit(view: View, due: Due, code: str) -> _Step:
    target = ActionTarget(kind="assessment", id=due.fact.id, course_id=due.course.course_id)
    reason = sentence(code, {"assessment": name_of(view, due)})
    return _Step(reason, action("submit_assessment", target, due.due_at))


def _scores(view: View) -> Iterator[_Step]:
    fall = falling(view)
    last = view.scores[-1] if view.scores else None
    if last is not None and not is_passed(view, last):
        target = ActionTarget(kind="course", id=last.course_id, course_id=last.course_id)
        yield _Step(_not_passed(view, last), action("ask_for_help", target))
    elif fall is not None:
        code = (
            "recommendation.declining" if fall.scores is None else "recommendation.level_declining"
        )
        yield _Step(sentence(code, fall.params()), action("plan_session", _NOTHING))


def _not_passed(view: View, score: Scored) -> Text:
    """Why a score does not pass: by the pass mark, or because the grade says so."""
    facts = view.facts.get(score.course_id)
    fact = None if facts is None else facts.assessment_by_short.get(score.short)
    name = assessment_name(facts, fact, None if fact is None else fact.due_at, view.zone)
    percent, mark = rounded(score.percent, 1), pass_mark(view, score.course_id)
    if reaches(score.percent, mark):
        return sentence("recommendation.not_passed", {"assessment": name, "score": percent})
    params: dict[str, Param] = {"assessment": name, "score": percent, "pass_mark": rounded(mark, 1)}
    return sentence("recommendation.low_score", params)


def _behind(view: View) -> Iterator[_Step]:
    for course in view.courses:
        expected = expected_progress(view, course, view.facts.get(course.course_id))
        progress = view.progress[course.course_id].percent
        if expected is None or progress is None or exceeds(progress, expected - BEHIND_BY):
            continue
        target = ActionTarget(kind="course", id=course.course_id, course_id=course.course_id)
        params: dict[str, Param] = {
            "course": view.title(course.course_id) or "Your course",
            "progress": rounded(progress, 1),
            "expected": rounded(expected, 1),
        }
        yield _Step(sentence("recommendation.behind", params), action("resume_course", target))


def _silent(view: View) -> Iterator[_Step]:
    days = silent_days(view)
    if days is not None:
        reason = sentence("recommendation.inactive", {"days": days})
        yield _Step(reason, action("plan_session", _NOTHING))
