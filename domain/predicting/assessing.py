"""A submission and a score as labels: what was predicted of them, and what came.

Where nothing was shown of it, or that is not kept, it is predicted from the state just before the
event, which is what a reader would have seen. An event that comes late is no label of a prediction
that would rest on what came after it.
"""

from typing import Final, Literal

from domain.course_facts import DAY
from domain.keepers.coursework import Assigned, assigned_one, submitted
from domain.keepers.scores import PERCENT_MAX, Scored, all_scores
from domain.keepers.standing import standing
from domain.predicting.awaiting import awaiting, taken, tell_amount, tell_forecasts, wait
from domain.predicting.features.assessment import (
    clipped,
    score_features,
    submission_features,
)
from domain.predicting.predict import amount
from domain.predictions import NUMBERS, Awaiting, Prediction
from domain.state.course import (
    Course,
    Work,
)
from domain.state.learner import Learner
from domain.state.limits import NEVER
from domain.step import Step

_TENTHS: Final = 10


def submission_ahead(state: Learner, course: Course, work: Work, step: Step) -> Prediction | None:
    """What is said of the time of a first submission; None where that is no label.

    It is none in a course that is not open or has not begun, and of work without a due time.
    """
    facts = step.facts.get(course.course_id)
    each = _assigned(course, work, step)
    if facts is None or each is None or each.due_at is None or not _in_time(course, step):
        return None
    if step.at < (facts.starts_at or course.entered_at):  # carried over from an earlier run
        return None
    number = NUMBERS["submission"]
    for shown in state.predictions:
        if (shown.target, shown.course_id, shown.assessment) == (
            number,
            course.course_id,
            work.name,
        ):
            return shown
    slot = facts.slots[work.short]
    features = submission_features(slot, standing(course, facts).lateness, step.scorer)
    return _made("submission", course, work, features, step)


def was_submitted(
    state: Learner, course: Course, work: Work, ahead: Prediction | None, step: Step
) -> None:
    """Judge what was said of the time, and predict the score that is to come."""
    each = _assigned(course, work, step)
    first = submitted(course, work)
    if ahead is None or each is None or first is None or each.due_at is None:
        return
    label = round(_TENTHS * clipped((first.at - each.due_at) / DAY))
    tell_amount(state, course, awaiting(ahead, NEVER), label, step)
    wait(state, course.awaiting, _score_ahead(state, course, work, each, step), NEVER)


def score_ahead(state: Learner, course: Course, work: Work, step: Step) -> Awaiting | None:
    """What is said of a first score; None where that is no label.

    It is none in a course that is not open.
    """
    waiting = taken(course, "score", work.name)
    if waiting is not None:
        return waiting if course.is_open else None
    each = _assigned(course, work, step)
    if each is None or not _in_time(course, step):
        return None
    return awaiting(_score_ahead(state, course, work, each, step), NEVER)


def was_scored(
    state: Learner, course: Course, ahead: Awaiting | None, score: Scored | None, step: Step
) -> None:
    """Judge what was said of a first score, where it counts."""
    if ahead is not None and score is not None:
        label = round(_TENTHS * min(score.percent, PERCENT_MAX))
        tell_amount(state, course, ahead, label, step)


def judge_forecasts(state: Learner, course: Course, score: Scored | None, step: Step) -> None:
    """Judge what was forecast, by the first score of an assessment of an open course."""
    if score is not None and _in_time(course, step):
        tell_forecasts(state, course, score, step)


def _in_time(course: Course, step: Step) -> bool:
    return course.is_open and step.at == step.now


def _assigned(course: Course, work: Work, step: Step) -> Assigned | None:
    """The assessment as it stands for the learner; None where the course does not know it."""
    facts = step.facts.get(course.course_id)
    fact = None if facts is None else facts.assessment_by_short.get(work.short)
    if fact is None:
        return None
    return assigned_one(course, fact, work)


def _score_ahead(
    state: Learner, course: Course, work: Work, each: Assigned, step: Step
) -> Prediction:
    facts = step.facts[course.course_id]
    scores = all_scores(state, step.facts)
    features = score_features(course, each, facts.slots[work.short], scores, step.scorer)
    return _made("score", course, work, features, step)


def _made(
    target: Literal["score", "submission"],
    course: Course,
    work: Work,
    features: list[int],
    step: Step,
) -> Prediction:
    slot = step.facts[course.course_id].slots[work.short]
    shown = amount(step, target, features, slot)
    number = step.scorer.number
    name, at = work.name, step.now
    return Prediction(NUMBERS[target], course.course_id, name, at, number, features, shown)
