"""What to do next: at most five steps, each with its reason and, where a model tells, its effect.

The steps that rules find come first in the order of their urgency, then what a model's risk rests
on; what a model expects most of is put before all others.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from domain.alerts import Param
from domain.exact import exceeds, reaches, rounded
from domain.keepers.scores import Scored
from domain.naming import assessment_name
from metrics.assessments import Due, dues, open_dues
from metrics.effects import if_scored, if_submitted, if_usual, if_worked
from metrics.figures import action, sentence
from metrics.passing import is_passed, pass_mark
from metrics.pressing import name_of, overdue, silent_days
from metrics.progress_summary import expected_progress
from metrics.risks import Risk, reason, risks
from metrics.scores_trend import falling
from metrics.shapes import Action, ActionTarget, Text
from metrics.shapes_predictions import Effect, Recommendation
from metrics.view import View

RECOMMENDATIONS_MAX: Final = 5
DEADLINE_DAYS: Final = 7
DEADLINES_MAX: Final = 2
BEHIND_BY: Final = 10.0  # points of progress
_DAY: Final = 86_400
_OF_DEADLINES: Final = frozenset(
    {
        "overdue",
        "overdue_week",
        "missed_in_row",
        "overdue_weight",
        "share_submitted",
        "days_since_submission",
        "lateness",
        "last_lateness",
    }
)
_OF_SCORES: Final = frozenset({"average_score", "last_score", "level"})
_NOTHING: Final = ActionTarget(kind="none", id=None, course_id=None)


class _Step(NamedTuple):
    reason: Text
    action: Action
    effect: Effect | None = None
    source: Literal["rule", "model"] = "rule"

    @property
    def lowers(self) -> float:
        """By how much the risk would be lower; 0 where no model tells."""
        return 0.0 if self.effect is None else self.effect.from_ - self.effect.to


def learning_recommendations(view: View) -> list[Recommendation]:
    """The section `learning_recommendations`; nothing for a learner without an open course."""
    steps = list(_steps(view)) if view.courses else []
    steps += list(_from_risks(view, steps))
    steps.sort(key=lambda step: -step.lowers)
    return [
        Recommendation(
            rank=rank,
            reason=step.reason,
            action=step.action,
            source=step.source,
            effect=step.effect,
        )
        for rank, step in enumerate(steps[:RECOMMENDATIONS_MAX], start=1)
    ]


def _steps(view: View) -> Iterator[_Step]:
    yield from _overdue(view)
    yield from _silent(view)
    yield from _due_soon(view)
    yield from _scores(view)
    yield from _behind(view)


def _from_risks(view: View, steps: Sequence[_Step]) -> Iterator[_Step]:
    """Of each risk the largest part that raises it, can be changed and is not spoken of yet."""
    spoken = {step.action.code for step in steps}
    for risk in risks(view):
        if risk.target == "next_missing":
            continue
        raising = (f for f in risk.factors if f.contribution > 0 and f.word.changeable)
        for factor in raising:
            found = _action_on(view, risk, factor.feature)
            if found is not None and found.code not in spoken:
                spoken.add(found.code)
                yield _Step(reason(factor), found, if_usual(risk, factor), "model")
                break


def _action_on(view: View, risk: Risk, feature: str) -> Action | None:
    """What moves a feature: to submit what is open longest, to ask for help, or to work."""
    if feature in _OF_DEADLINES:
        waiting = [due for due in dues(view) if _is_open_in(due, risk.course_id)]
        if not waiting:
            return None
        due = min(waiting, key=lambda each: each.due_at)
        return action("submit_assessment", _assessment(due), due.due_at)
    if feature in _OF_SCORES:
        course_id = risk.course_id
        target = ActionTarget(kind="course", id=course_id, course_id=course_id)
        return action("ask_for_help", target)
    return action("plan_session", _NOTHING)


def _is_open_in(due: Due, course_id: str | None) -> bool:
    return due.submitted_at is None and course_id in {None, due.course.course_id}


def _overdue(view: View) -> Iterator[_Step]:
    for due in overdue(view):
        yield _submit(view, due, "recommendation.overdue")


def _due_soon(view: View) -> Iterator[_Step]:
    for due in open_dues(view)[:DEADLINES_MAX]:
        if due.due_at - view.now < DEADLINE_DAYS * _DAY:
            yield _submit(view, due, "recommendation.deadline")


def _submit(view: View, due: Due, code: str) -> _Step:
    said = sentence(code, {"assessment": name_of(view, due)})
    step = action("submit_assessment", _assessment(due), due.due_at)
    return _Step(said, step, if_submitted(view, due))


def _assessment(due: Due) -> ActionTarget:
    return ActionTarget(kind="assessment", id=due.fact.id, course_id=due.course.course_id)


def _scores(view: View) -> Iterator[_Step]:
    fall = falling(view)
    last = view.scores[-1] if view.scores else None
    if last is not None and not is_passed(view, last):
        target = ActionTarget(kind="course", id=last.course_id, course_id=last.course_id)
        effect = if_scored(view, last.course_id, pass_mark(view, last.course_id))
        yield _Step(_not_passed(view, last), action("ask_for_help", target), effect)
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
        said = sentence("recommendation.inactive", {"days": days})
        yield _Step(said, action("plan_session", _NOTHING), if_worked(view))
