"""What is foreseen without a model: when a course will be done; and what to do next, by rule."""

import importlib
import math
from datetime import timedelta
from typing import Any

import pytest

from domain.course_facts import CourseFacts, Module
from domain.state.course import (
    Course,
    ModuleFact,
)
from metrics.completion import (
    Pace,
    completion_predictions,
    days_until_done,
    pace_of,
    probability_within,
)
from metrics.predictions import predictive_analytics
from metrics.recommendations import learning_recommendations
from tests.factories import (
    Bench,
    at,
    completed,
    course,
    enrolled,
    graded,
    seconds,
    viewed,
)
from tests.viewing import view

stats: Any = importlib.import_module("scipy.stats")  # it brings no types
DAY = 86_400


def test_the_pace_is_the_decayed_count_by_the_decayed_time() -> None:
    units = [0.5, 3, 3.2, 9, 14, 20]
    now = 24.0
    half = math.log(2) / 14
    known = Course(
        "c1",
        enrolled_at=seconds(at(0)),
        modules=[ModuleFact(n, seconds(at(unit)), 0, done=True) for n, unit in enumerate(units)],
    )
    pace = pace_of(known, None, seconds(at(now)))
    count = sum(math.exp(-half * (now - u)) for u in units)
    exposure = (1 - math.exp(-half * now)) / half
    squared = (1 - math.exp(-2 * half * now)) / (2 * half)
    assert pace.per_day == pytest.approx(count / exposure)
    assert pace.shape == pytest.approx(count * exposure / squared)


def test_a_long_steady_course_comes_to_its_true_pace() -> None:
    half = math.log(2) / 14
    rate = sum(math.exp(-half * age) for age in range(400))
    units = [ModuleFact(n, (n + 2) * DAY, 0, done=True) for n in range(400)]
    known = Course("c1", enrolled_at=DAY, modules=units)
    assert pace_of(known, None, 401 * DAY).per_day == pytest.approx(1, abs=0.03)
    assert pace_of(known, None, 401 * DAY).per_day == pytest.approx(rate * half, rel=1e-3)


@pytest.mark.parametrize(("remaining", "pace"), [(1, Pace(0.3, 4.0)), (12, Pace(1.1, 9.5))])
def test_the_chance_of_being_done_is_negative_binomial(remaining: int, pace: Pace) -> None:
    for days in (1, 10, 40):
        chance = stats.nbinom.sf(
            remaining - 1, pace.shape, pace.shape / (pace.shape + pace.per_day * days)
        )
        assert probability_within(remaining, pace, days) == pytest.approx(chance, abs=1e-9)
    for share in (0.05, 0.5, 0.95):
        until = days_until_done(remaining, pace, share)
        assert probability_within(remaining, pace, until) == pytest.approx(share, abs=1e-6)


def steady(modules: int = 20, **facts: Any) -> Bench:
    """Ten modules in twenty days, one every other day."""
    bench = Bench(facts=course(modules, starts_at=seconds(at(0)), **facts)).send(enrolled(at(0)))
    return bench.send(*(completed(at(2 * n + 1), f"m{n + 1}") for n in range(10)))


def test_a_course_gets_a_date_with_an_interval_and_a_schedule() -> None:
    bench = steady(ends_at=seconds(at(60)))
    one, pooled = completion_predictions(view(bench, at(20)), 30)
    assert (one.status, one.course_id, pooled.course_id) == ("ok", "c1", None)
    assert (one.remaining_units, one.progress, one.course_ends_on) == (10, 50.0, "2024-05-03")
    assert one.pace_per_week == pytest.approx(3.5, abs=0.4)
    assert one.needed_pace_per_week == 1.75
    assert one.earliest_date is not None
    assert one.expected_date is not None
    assert one.latest_date is not None
    assert one.earliest_date < one.expected_date < one.latest_date
    pace = pace_of(bench.learner().courses[0], bench.fold.facts["c1"], seconds(at(20)))
    assert one.expected_date == (at(20) + timedelta(days=10 / pace.per_day)).date().isoformat()
    assert one.schedule == "unknown", "nothing of it is ever due before its end"
    assert one.probability_by_course_end is not None
    assert one.probability_by_course_end > 0.9
    assert one.confidence == 0.9
    assert pooled.expected_date == one.expected_date


def test_it_is_not_done_before_the_last_module_is_released() -> None:
    modules = [Module(id=f"m{n + 1}") for n in range(10)]
    late = Module(id="last", release_at=seconds(at(200)))
    facts = CourseFacts(course_id="c1", modules=(*modules, late))
    bench = steady().adopt("course", facts)
    one = completion_predictions(view(bench, at(20)), 30)[0]
    assert one.earliest_date == one.expected_date == "2024-09-20"
    assert one.probability_by_horizon == 0


def test_three_units_on_two_days_are_needed() -> None:
    bench = Bench(facts=course(5)).send(completed(at(0), "m1"), completed(at(0), "m2"))
    one = completion_predictions(view(bench, at(3)), 30)[0]
    assert (one.status, one.expected_date, one.schedule) == ("insufficient_data", None, "unknown")
    assert [(m.code, m.have, m.need) for m in one.missing] == [
        ("modules", 2, 3),
        ("active_days", 1, 2),
    ]
    unknown = completion_predictions(view(Bench().send(enrolled(at(0))), at(3)), 30)[0]
    assert unknown.missing[0].code == "course_facts"


def test_what_is_done_is_done() -> None:
    bench = Bench(facts=course(1)).send(completed(at(0), "m1"))
    one = completion_predictions(view(bench, at(3)), 30)[0]
    assert (one.schedule, one.remaining_units, one.probability_by_horizon) == ("done", 0, 1.0)
    assert one.expected_date is None


def test_somebody_unknown_gets_every_key_and_no_number() -> None:
    shown = predictive_analytics(view(), 90)
    assert (shown.horizon, shown.horizon_ends_on) == (90, "2024-06-02")
    assert shown.predictions.next_assessment_score.score is None
    assert shown.completion_predictions == []
    assert shown.learning_recommendations == []
    assert shown.prediction_confidence.models == []


def test_recommendations_name_the_next_step_and_why() -> None:
    facts = course(0, {"a1": at(8), "a2": at(15)}, title="Statistics", pass_mark=50)
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(0)), graded(at(0), 30, "b1"))
    shown = learning_recommendations(view(bench.tick(at(10, minutes=1)), at(11)))
    assert [(each.rank, each.reason.code, each.action.code) for each in shown] == [
        (1, "recommendation.overdue", "submit_assessment"),
        (2, "recommendation.inactive", "plan_session"),
        (3, "recommendation.deadline", "submit_assessment"),
        (4, "recommendation.low_score", "ask_for_help"),
        (5, "recommendation.behind", "resume_course"),
    ]
    assert [each.reason.text for each in shown] == [
        "A1 (due 12 March) is overdue and has not been submitted",
        "You have not worked for 11 days",
        "A2 (due 19 March) has not been submitted yet",
        "An assessment: 30%; the pass mark is 50%",
        "Statistics: 0% done; the schedule expects 50%",
    ]
    assert shown[0].action.due_at == "2024-03-12T09:00:00Z"
    assert {(each.source, each.effect) for each in shown} == {("rule", None)}


def test_a_deadline_within_two_days_is_an_insight() -> None:
    facts = course(0, {"a1": at(2)})
    looked = view(Bench(facts=facts).send(enrolled(at(0))), at(0, hours=4))
    shown = predictive_analytics(looked, 7)
    assert shown.learning_recommendations[0].action.target.id == "a1"
