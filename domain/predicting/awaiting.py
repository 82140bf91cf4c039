"""Predictions that wait for their label: what is kept of them, and what becomes of them.

A label is told by time (no work in the next days, work that is missing), by an event (a score, a
submission) or by a course's outcome. Features and what was shown stay as they were (delayed
prequential evaluation); with the label they are an example to learn from.
"""

from collections.abc import Callable, Iterable
from typing import Final

from domain.course_facts import DAY, CourseFacts
from domain.events.activity import Outcome
from domain.examples import Example, Lesson
from domain.ids import short_id
from domain.keepers.days import local_day
from domain.keepers.scores import Scored
from domain.keepers.standing import standing
from domain.predicting.forecasting import FORECAST_DAYS
from domain.predictions import NUMBERS, TARGETS, Awaiting, Prediction, Target
from domain.state.course import Course
from domain.state.learner import Learner
from domain.state.limits import AWAITING_MAX
from domain.step import Step

MISSING_AFTER: Final = 7 * DAY
"""Work counts as missing so long after its due time."""
JUDGED_WITHIN: Final = 28 * DAY
"""A forecast is judged by the first score of so long from its day on, or not at all."""
_FORECASTS: Final = {NUMBERS[target]: days * DAY for target, days in FORECAST_DAYS.items()}
_TENTHS: Final = 10
_OF_THE_COURSE: Final = NUMBERS["not_passing"]


def wait(state: Learner, waiting: list[Awaiting], made: Prediction, known_at: int) -> None:
    """Keep a prediction until its label is known, at `known_at` where time tells it.

    Beyond 48 of a course every second one of the course's outcome goes, counted, else the oldest.
    """
    waiting.append(awaiting(made, known_at))
    if len(waiting) > AWAITING_MAX:
        before = len(waiting)
        places = [i for i, each in enumerate(waiting) if each.target == _OF_THE_COURSE][1::2] or [0]
        for place in reversed(places):
            del waiting[place]
        state.overflow.awaiting += before - len(waiting)


def awaiting(made: Prediction, known_at: int) -> Awaiting:
    """A prediction as it is kept until its label is known."""
    target, name = made.target, made.assessment
    return Awaiting(target, name, made.made_at, known_at, made.model, made.features, made.shown)


def tell_by_time(state: Learner, step: Step) -> None:
    """Make examples of the predictions whose label is known by `step.at`."""
    at = step.at
    if any(each.known_at <= at for each in state.awaiting):
        told = _take(state.awaiting, lambda each: each.known_at <= at)
        silences = [each for each in told if each.target not in _FORECASTS]
        examples = [_example(each, _is_silent(state, each, step), None) for each in silences]
        _teach(state, None, step, at, examples)
    for course in state.courses:
        if any(0 < each.known_at <= at for each in course.awaiting):
            _tell_missing(state, course, step)


def tell_outcome(state: Learner, course: Course, outcome: Outcome, step: Step) -> None:
    """Make examples of all that waits for the course's outcome; the first outcome counts."""
    label = int(outcome != "passed")
    told = _take(course.awaiting, lambda each: each.target == _OF_THE_COURSE)
    examples = [_example(each, label, None) for each in told]
    _teach(state, course, step, step.now, examples, outcome=label)


def tell_amount(state: Learner, course: Course, made: Awaiting, label: int, step: Step) -> None:
    """Make an example of a score or a submission that came."""
    _teach(state, course, step, step.now, [_example(made, label, _facts(course, step))])


def tell_forecasts(state: Learner, course: Course, score: Scored, step: Step) -> None:
    """Make examples of the forecasts that a new score judges, the first one from their day on."""
    told = _take(
        state.awaiting,
        lambda each: (
            each.target in _FORECASTS and each.made_at + _FORECASTS[each.target] <= score.at
        ),
    )
    label = round(_TENTHS * score.percent)
    _teach(state, course, step, step.now, [_example(each, label, None) for each in told])


def taken(course: Course, target: Target, name: str) -> Awaiting | None:
    """What waits for one assessment's label, which it does no longer; None where nothing does."""
    number = NUMBERS[target]
    found = _take(course.awaiting, lambda e: e.target == number and e.assessment == name)
    return found[-1] if found else None


def _take(waiting: list[Awaiting], told: Callable[[Awaiting], bool]) -> list[Awaiting]:
    found = [each for each in waiting if told(each)]
    if found:
        waiting[:] = [each for each in waiting if not told(each)]
    return found


def _is_silent(state: Learner, each: Awaiting, step: Step) -> int:
    """1 where no local day after the prediction's had work, as many as the target looks ahead."""
    days = (each.known_at - each.made_at) // DAY
    made_on = local_day(each.made_at, state.zone or step.zone)
    return int(not any(d.activities and 0 < d.day - made_on <= days for d in state.days))


def _tell_missing(state: Learner, course: Course, step: Step) -> None:
    """Heavy work is missing or not, a week after its due time as it is now for this learner."""
    facts, at = _facts(course, step), step.at
    told = _take(course.awaiting, lambda each: 0 < each.known_at <= at)
    asked = {} if facts is None else {w.assessment.id: w for w in standing(course, facts).heavy}
    examples = []
    for each in told:
        work = asked.get(each.assessment or "")
        if work is None:  # excused, or not asked for any more
            continue
        known_at = work.due_at + MISSING_AFTER
        if known_at > at:
            each.known_at = known_at
            course.awaiting.append(each)
        else:
            examples.append(_example(each, int(not work.submitted_by(known_at)), facts))
    course.awaiting.sort(key=lambda each: each.made_at)
    _teach(state, course, step, at, examples)


def _facts(course: Course, step: Step) -> CourseFacts | None:
    return step.facts.get(course.course_id)


def _example(each: Awaiting, label: int, facts: CourseFacts | None) -> Example:
    slot = None
    if facts is not None and each.assessment is not None:
        slot = facts.slots.get(short_id(each.assessment))
    return Example(
        target=TARGETS[each.target],
        assessment=each.assessment,
        kind=None if slot is None else slot.kind,
        slot=0 if slot is None else slot.number,
        made_at=each.made_at,
        model=each.model,
        features=each.features,
        label=label,
        shown=each.shown,
    )


def _teach(
    state: Learner,
    course: Course | None,
    step: Step,
    at: int,
    examples: Iterable[Example],
    outcome: int | None = None,
) -> None:
    """Write the examples of one learner and course, with what they are grouped by."""
    found = tuple(examples)
    if not found and outcome is None:
        return
    facts = None if course is None else _facts(course, step)
    groups = state.courses if course is None else [course]
    step.lessons.append(
        Lesson(
            user_id=state.user_id,
            at=at,
            course_id=None if course is None else course.course_id,
            series=None if course is None or facts is None else facts.run_of,
            groups=next((each.groups for each in groups if each.groups), None),
            outcome=outcome,
            examples=found,
        )
    )
