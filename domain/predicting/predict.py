"""What is predicted of a learner, and when.

Predictions are made again at changes of what they rest on, at the first event of a day, at moments
of the course's week and at the learner's deadlines, and where a rule about them looks again. What
is predicted at a week's moment waits for its label (`awaiting`), to be judged and learned from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from domain.changes import (
    Change,
    CourseAdded,
    DayBegan,
    DeadlinesChanged,
    FactsChanged,
    MembershipChanged,
    PredictionDue,
    ScoresChanged,
    SilenceEnded,
    WorkChanged,
)
from domain.course_facts import DAY, CourseFacts
from domain.ids import short_id
from domain.keepers.coursework import Assigned, assigned, submitted
from domain.keepers.scores import all_scores, open_scores
from domain.keepers.standing import HeavyWork
from domain.predicting.awaiting import JUDGED_WITHIN, MISSING_AFTER, tell_by_time, wait
from domain.predicting.features.assessment import score_features, submission_features
from domain.predicting.features.course import NEXT_DUE, course_features, days_to_due
from domain.predicting.features.silence import Lately, lately, silence_features
from domain.predicting.forecasting import FORECAST_DAYS, forecasts, is_by_level
from domain.predicting.running import Running, open_courses
from domain.predictions import FORECASTS, NUMBERS, Figure, Prediction, Target
from domain.scoring import Slot
from domain.state.course import Course
from domain.state.learner import Learner
from domain.state.limits import NEVER
from domain.step import Step

WEEK: Final = 7 * DAY
AHEAD: Final = 28 * DAY
"""How far ahead heavy work is looked at."""
SILENCE_DAYS: Final[tuple[tuple[Target, int], ...]] = (("inactivity_7", 7), ("inactivity_14", 14))
"""Each target of silence, and how many days it looks ahead."""
_NEXT_MAX: Final = 4
_OF_WORK: Final = frozenset({NUMBERS["score"], NUMBERS["submission"]})
MOVES_PREDICTIONS: Final[frozenset[type[Change]]] = frozenset(
    {
        ScoresChanged,
        WorkChanged,
        DeadlinesChanged,
        CourseAdded,
        MembershipChanged,
        FactsChanged,
        DayBegan,
        PredictionDue,
    }
)
"""Changes after which something is predicted again, and the next moment for it may be another."""


def follow(state: Learner, step: Step, kinds: set[type[Change]]) -> None:
    """Predict again after changes; at a timer, first tell the labels that are known by then.

    At a moment of a course's week what is predicted of it also waits for its label. Without a
    snapshot, and for models that are switched off, nothing is shown, but it waits all the same.
    """
    timer = PredictionDue in kinds
    moment = step.at if timer else step.now
    if timer:
        tell_by_time(state, step)
    courses = open_courses(state, step.facts, moment)
    running = [each for each in courses if each.begins_at <= moment]
    week = [each for each in running if timer and _is_week(each, moment)]
    same_work = kinds <= {DayBegan, SilenceEnded}
    kept = [each for each in state.predictions if same_work and each.target in _OF_WORK]
    state.predictions = []
    state.predicted_at = moment if courses else NEVER
    if running and (step.scorer.number or week):
        maker = _Maker(state, step, moment, lately(state, moment, step.zone))
        maker.silence(running, week=running[0] in week)
        if not same_work:
            maker.forecasts(week=running[0] in week)
        for each in running:
            maker.course(each, week=each in week)
        if step.scorer.number and not same_work:
            maker.next_work(running)
    state.predictions += kept
    state.predict_at = min(_moments(state, courses, step.now), default=NEVER)


def _moments(state: Learner, courses: list[Running], now: int) -> Iterator[int]:
    """When to predict again, from `now` on, and when labels will be known."""
    for waiting in (state.awaiting, *(course.awaiting for course in state.courses)):
        yield from (each.known_at for each in waiting if each.known_at >= now)
    for each in courses:
        weeks = max(0, now - each.begins_at - 1) // WEEK
        at = each.begins_at + (weeks + 1) * WEEK
        due = next((w.due_at for w in each.standing.heavy if w.due_at + 1 >= now), at)
        at = min(at, due + 1)
        if at < each.over_at:
            yield at


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
        ahead = max(each.over_at for each in running) - self.moment
        features: list[int] = []
        for target, days in SILENCE_DAYS:
            if ahead < days * DAY:
                continue
            features = features or silence_features(self.state, running, self.seen, self.moment)
            made = self._probability(target, None, None, features)
            if week:
                wait(self.state, self.state.awaiting, made, self.moment + days * DAY)

    def forecasts(self, *, week: bool) -> None:
        """How far intervals of scores to come reach; a week's moment has them wait, too.

        One of each waits at a time, so that a score judges one of each.
        """
        scores = open_scores(self.state, self.step.facts)
        if not scores:
            return
        known = self.step.facts.get(scores[-1].course_id)
        series = scores[-1].course_id if known is None else known.run_of
        reach = self.step.scorer.reach(series, by_level=is_by_level(scores))
        self.state.reach = reach
        if not week:
            return
        waits = {each.target for each in self.state.awaiting}
        wanted = [target for target in FORECASTS if NUMBERS[target] not in waits]
        for target, *rests_on, shown in forecasts(scores, self.moment, reach, wanted):
            made = self._prediction(target, None, None, rests_on, shown)
            known_at = self.moment + FORECAST_DAYS[target] * DAY + JUDGED_WITHIN
            wait(self.state, self.state.awaiting, made, known_at)

    def course(self, each: Running, *, week: bool) -> None:
        """Not passing a course with dates, and missing its next heavy work."""
        course, facts = each.course, each.facts
        if facts is None or facts.starts_at is None or facts.ends_at is None:
            return
        rate = self.step.scorer.base_rate(course.course_id, facts.run_of)
        features = course_features(course, facts, each.standing, self.seen, rate, self.moment)
        made = self._probability("not_passing", course.course_id, None, features)
        if week:
            wait(self.state, course.awaiting, made, NEVER)
        for place, work in enumerate(self._next_heavy(each)):
            own = list(features)
            own[NEXT_DUE] = days_to_due(work.due_at, self.moment)
            made = self._probability("next_missing", course.course_id, work.assessment.id, own)
            if week and not place:
                wait(self.state, course.awaiting, made, work.due_at + MISSING_AFTER)

    def next_work(self, running: Sequence[Running]) -> None:
        """The time of the next submissions, and the score of each course's next assessment."""
        scores = all_scores(self.state, self.step.facts)
        earlier = sorted(late for each in running for late in each.standing.lateness)
        for each in running:
            if each.facts is None:
                continue
            for place, work in enumerate(_next_assigned(each.course, each.facts, self.moment)):
                slot, scorer = each.facts.slots[short_id(work.fact.id)], self.step.scorer
                self._amount("submission", slot, submission_features(slot, earlier, scorer))
                if not place:
                    features = score_features(each.course, work, slot, scores, scorer)
                    self._amount("score", slot, features)

    def _next_heavy(self, each: Running) -> Iterator[HeavyWork]:
        """Heavy work that is open and due in the next 28 days, the nearest first."""
        until = self.moment + AHEAD
        ahead = (w for w in each.standing.heavy if w.is_next(self.moment) and w.due_at <= until)
        return islice(ahead, _NEXT_MAX)

    def _probability(
        self, target: Target, course_id: str | None, name: str | None, features: list[int]
    ) -> Prediction:
        shown = None
        if target in self.step.adopted.predicted:
            shown = self.step.scorer.probability(target, features)
        return self._made(target, course_id, name, features, shown)

    def _amount(self, target: Target, slot: Slot, features: list[int]) -> None:
        shown = amount(self.step, target, features, slot)
        self._made(target, slot.course_id, slot.assessment, features, shown)

    def _made(
        self,
        target: Target,
        course_id: str | None,
        name: str | None,
        features: list[int],
        shown: Figure | None,
    ) -> Prediction:
        made = self._prediction(target, course_id, name, features, shown)
        if shown is not None:
            self.state.predictions.append(made)
        return made

    def _prediction(
        self,
        target: Target,
        course_id: str | None,
        name: str | None,
        features: list[int],
        shown: Figure | None,
    ) -> Prediction:
        number = self.step.scorer.number
        return Prediction(NUMBERS[target], course_id, name, self.moment, number, features, shown)


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
