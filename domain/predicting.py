"""When something is predicted, what waits for its label, and when the label is known.

Predictions are made again at changes of what they rest on, at the first event of a day, at moments
of the course's week and at the learner's deadlines. What is predicted at a week's moment, and of
what was submitted, waits for its label; when that is known, it becomes an example to learn from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from domain.awaiting import MISSING_AFTER, tell_by_time, wait
from domain.changes import (
    Change,
    CourseAdded,
    DayBegan,
    DeadlinesChanged,
    FactsChanged,
    MembershipChanged,
    ScoresChanged,
    TimerDue,
    WorkChanged,
)
from domain.course_facts import DAY, CourseFacts
from domain.coursework import Assigned, HeavyWork, assigned, heavy_work, submitted
from domain.features.assessment import lateness, score_features, submission_features
from domain.features.course import NEXT_DUE, course_features, days_to_due
from domain.features.silence import Lately, lately, silence_features
from domain.ids import short_id
from domain.predictions import NUMBERS, Figure, Prediction, Target
from domain.rules.step import Step
from domain.scores import all_scores
from domain.scoring import Slot
from domain.state import NEVER, Course, Learner

WEEK: Final = 7 * DAY
AHEAD: Final = 28 * DAY
"""How far ahead heavy work is looked at."""
FORGOTTEN_AFTER: Final = 91 * DAY
"""A course without an end runs as long as its learner does something once in so long."""
SILENCE_DAYS: Final[tuple[tuple[Target, int], ...]] = (("inactivity_7", 7), ("inactivity_14", 14))
"""Each target of silence, and how many days it looks ahead."""
_NEXT_MAX: Final = 4
MOVES_TIMERS: Final[frozenset[type[Change]]] = frozenset(
    {
        ScoresChanged,
        WorkChanged,
        DeadlinesChanged,
        CourseAdded,
        MembershipChanged,
        FactsChanged,
        TimerDue,
    }
)
"""Changes after which it is predicted again, and the next moment for it may be another."""
MOVES_PREDICTIONS: Final = MOVES_TIMERS | {DayBegan}
"""Changes after which it is predicted again."""


class Running(NamedTuple):
    """A course that has begun, is not over, and that the learner is in."""

    course: Course
    facts: CourseFacts | None

    @property
    def begins_at(self) -> int:
        """Where its weeks begin: the course's start, else when the learner came."""
        known = None if self.facts is None else self.facts.starts_at
        return self.course.entered_at if known is None else known

    @property
    def ends_at(self) -> int | None:
        """When it is over for all; None where that is not known."""
        return None if self.facts is None else self.facts.ends_at


def running_courses(state: Learner, facts: dict[str, CourseFacts], now: int) -> list[Running]:
    """The learner's courses that run at `now`, the one that began first first."""
    found = []
    for course in state.courses:
        each = Running(course, facts.get(course.course_id))
        if course.is_open and each.begins_at <= now < _over_at(state, each):
            found.append(each)
    return sorted(found, key=lambda each: (each.begins_at, each.course.course_id))


def _over_at(state: Learner, each: Running) -> int:
    return each.ends_at or state.last_event_at + FORGOTTEN_AFTER


def follow(state: Learner, step: Step, *, timer: bool) -> None:
    """Predict again after changes; at a timer, first tell the labels that are known by then.

    At a moment of a course's week what is predicted of it also waits for its label. Without a
    snapshot, and for models that are switched off, nothing is shown, but it waits all the same.
    """
    moment = step.at if timer else step.now
    if timer:
        tell_by_time(state, step)
    running = running_courses(state, step.facts, moment)
    week = timer and any(_is_week(each, moment) for each in running)
    state.predictions = []
    if not running or not (step.scorer.number or week):
        return
    maker = _Maker(state, step, moment, lately(state, moment, step.zone))
    maker.silence(running, week=week and _is_week(running[0], moment))
    for each in running:
        maker.course(each, week=week and _is_week(each, moment))
    if step.scorer.number:
        maker.next_work(running)


def due_at(state: Learner, step: Step) -> int | None:
    """The next moment from `step.now` on to predict again, or at which a label is known."""
    return min(_moments(state, step), default=None)


def _moments(state: Learner, step: Step) -> Iterator[int]:
    now = step.now
    for waiting in (state.awaiting, *(course.awaiting for course in state.courses)):
        yield from (each.known_at for each in waiting if each.known_at >= now)
    for course in state.courses:
        each = Running(course, step.facts.get(course.course_id))
        if course.is_open:
            over_at = _over_at(state, each)
            yield from (at for at in _of_course(each, now) if at < over_at)


def _of_course(each: Running, now: int) -> Iterator[int]:
    """The next moment of the course's week, and the learner's next deadlines in it."""
    weeks = max(0, now - each.begins_at - 1) // WEEK
    yield each.begins_at + (weeks + 1) * WEEK
    if each.facts is not None:
        dues = (work.due_at + 1 for work in heavy_work(each.course, each.facts))
        yield min((at for at in dues if at >= now), default=each.begins_at + (weeks + 1) * WEEK)


def _is_week(each: Running, moment: int) -> bool:
    """Whether a week of the course ends at this very moment."""
    return moment > each.begins_at and (moment - each.begins_at) % WEEK == 0


@dataclass(slots=True)
class _Maker:
    """Makes the predictions of one learner at one moment."""

    state: Learner
    step: Step
    moment: int
    seen: Lately

    def silence(self, running: Sequence[Running], *, week: bool) -> None:
        """No work in the next days, as far as a course runs so long."""
        longest = max((each.ends_at or self.moment + AHEAD) - self.moment for each in running)
        features = None
        for target, days in SILENCE_DAYS:
            if longest < days * DAY:
                continue
            features = features or silence_features(self.state, running, self.seen, self.moment)
            made = self._probability(target, None, None, features)
            if week:
                wait(self.state, self.state.awaiting, made, self.moment + days * DAY)

    def course(self, each: Running, *, week: bool) -> None:
        """Not passing a course with dates, and missing its next heavy work."""
        course, facts = each
        if facts is None or facts.starts_at is None or facts.ends_at is None:
            return
        rate = self.step.scorer.base_rate(course.course_id, facts.run_of)
        features = course_features(course, facts, self.seen, rate, self.moment)
        made = self._probability("not_passing", course.course_id, None, features)
        if week:
            wait(self.state, course.awaiting, made, NEVER)
        for place, work in enumerate(self._next_heavy(course, facts)):
            own = list(features)
            own[NEXT_DUE] = days_to_due(work.due_at, self.moment)
            name = work.assessment.id
            made = self._probability("next_missing", course.course_id, name, own)
            if week and not place:
                wait(self.state, course.awaiting, made, work.due_at + MISSING_AFTER)

    def next_work(self, running: Sequence[Running]) -> None:
        """The time of the next submissions, and the score of each course's next assessment."""
        scores = all_scores(self.state, self.step.facts)
        earlier = lateness((c, f) for c, f in running if f is not None)
        for course, facts in running:
            if facts is None:
                continue
            for place, each in enumerate(_next_assigned(course, facts, self.moment)):
                slot = facts.slots[short_id(each.fact.id)]
                name, scorer = each.fact.id, self.step.scorer
                features = submission_features(slot, earlier, scorer)
                self._amount("submission", course.course_id, name, features, slot)
                if not place:
                    features = score_features(course, each, slot, scores, scorer)
                    self._amount("score", course.course_id, name, features, slot)

    def _next_heavy(self, course: Course, facts: CourseFacts) -> Iterator[HeavyWork]:
        """Heavy work that is open and due in the next 28 days, the nearest first."""
        until = self.moment + AHEAD
        ahead = (
            each
            for each in heavy_work(course, facts)
            if each.is_next(self.moment) and each.due_at <= until
        )
        return islice(ahead, _NEXT_MAX)

    def _probability(
        self, target: Target, course_id: str | None, name: str | None, features: list[int]
    ) -> Prediction:
        shown = None
        if target in self.step.adopted.predicted:
            shown = self.step.scorer.probability(target, features)
        return self._made(target, course_id, name, features, shown)

    def _amount(
        self, target: Target, course_id: str, name: str, features: list[int], slot: Slot
    ) -> None:
        shown = amount(self.step, target, features, slot)
        self._made(target, course_id, name, features, shown)

    def _made(
        self,
        target: Target,
        course_id: str | None,
        name: str | None,
        features: list[int],
        shown: Figure | None,
    ) -> Prediction:
        number = self.step.scorer.number
        made = Prediction(NUMBERS[target], course_id, name, self.moment, number, features, shown)
        if shown is not None:
            self.state.predictions.append(made)
        return made


def amount(step: Step, target: Target, features: list[int], slot: Slot) -> Figure | None:
    """What the model says of a score or a submission's time; None where it is switched off."""
    if target not in step.adopted.predicted:
        return None
    return step.scorer.amount(target, features, slot.series, slot.kind)


def _next_assigned(course: Course, facts: CourseFacts, now: int) -> list[Assigned]:
    """What is due from now on and not submitted, the next one first."""
    ahead = [
        (each.due_at, each.fact.id, each)
        for each in assigned(course, facts)
        if each.due_at is not None
        and each.due_at >= now
        and each.required
        and submitted(course, each.work) is None
    ]
    return [each for _, _, each in sorted(ahead, key=lambda item: item[:2])[:_NEXT_MAX]]
