"""What is foreseen: baselines with intervals, and plainly nothing where nothing is learned."""

import importlib
import math
from datetime import timedelta
from random import Random
from statistics import fmean, stdev
from typing import Any

import pytest

from domain.course_facts import CourseFacts, Module
from domain.state import BANKED, Course, ModuleFact
from metrics import predictions
from metrics.completion import (
    Pace,
    completion_predictions,
    days_until_done,
    pace_of,
    probability_within,
)
from metrics.predictions import predictive_analytics
from metrics.recommendations import learning_recommendations
from metrics.submissions import submissions
from models import baseline
from tests.factories import (
    Bench,
    at,
    completed,
    course,
    enrolled,
    graded,
    seconds,
    submitted,
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
    assert one.schedule in {"ahead", "on_track"}
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


def test_behind_is_said_where_the_course_ends_first() -> None:
    bench = steady(100, ends_at=seconds(at(40)))
    assert completion_predictions(view(bench, at(20)), 30)[0].schedule == "behind"


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


def test_the_next_score_is_the_states_prediction() -> None:
    facts = course(0, {"a9": at(30)})
    bench = Bench(facts=facts).send(
        *(graded(at(n), p, f"b{n}") for n, p in enumerate((60, 70, 80, 90)))
    )
    shown = predictive_analytics(view(bench, at(5)), 30).predictions.next_assessment_score
    made = bench.learner().prediction
    assert made is not None
    assert shown.score is not None
    assert (shown.score.value, shown.naive_score) == (75.0, 90.0)
    assert (shown.score.low, shown.score.high) == (round(made.low, 1), round(made.high, 1))
    assert (shown.assessment_id, shown.due_at) == ("a9", "2024-04-03T09:00:00Z")
    assert shown.model is not None
    assert (shown.model.name, shown.model.version) == (baseline.NAME, baseline.VERSION)


@pytest.mark.parametrize("percents", [(60, 70, 80), (50, 90, 70, 65), (80, 80, 80)])
def test_the_interval_of_the_next_score_is_students(percents: tuple[float, ...]) -> None:
    made = baseline.Baseline().next_score(percents, 1)
    assert made is not None
    n = len(percents)
    half = stats.t.ppf(0.95, n - 1) * max(stdev(percents), 1) * math.sqrt(1 + 1 / n)
    assert made.low == pytest.approx(max(0, fmean(percents) - half), abs=1e-6)
    assert made.high == pytest.approx(min(100, fmean(percents) + half), abs=1e-6)


def test_nine_in_ten_of_normal_samples_lie_within_the_interval() -> None:
    random = Random(5)
    for n in (3, 5):
        hits = 0
        for _ in range(2000):
            *before, score = (random.gauss(60, 6) for _ in range(n + 1))
            made = baseline.Baseline().next_score(before, 1)
            assert made is not None
            hits += made.low <= score <= made.high
        assert 0.88 <= hits / 2000 <= 0.92


def test_a_prediction_from_scores_that_no_longer_count_is_not_shown() -> None:
    bench = Bench().send(*(graded(at(n), 90 + n, f"a{n}") for n in range(3)))
    bench.send(graded(at(4), 20, "b1", course_id="c2"))
    state = bench.learner()
    state.courses[0].unenrolled_at = seconds(at(5))  # however the state came to keep it
    looked = view(bench, at(6))
    object.__setattr__(looked, "state", state)
    shown = predictive_analytics(looked, 30)
    score = shown.predictions.next_assessment_score
    assert (score.status, score.score, score.naive_score) == ("insufficient_data", None, None)
    assert [(m.code, m.have, m.need) for m in score.missing] == [("scores", 1, 3)]
    assert shown.prediction_confidence.models == []

    state.courses[0].unenrolled_at = 0
    state.courses[0].work[0].grades[-1].flags = BANKED
    again = view(bench, at(6))
    object.__setattr__(again, "state", state)
    other = predictive_analytics(again, 30)
    assert other.predictions.next_assessment_score.score is None
    assert other.predictions.next_assessment_score.missing[0].code == "examples"
    assert other.prediction_confidence.reasons[-1].code == "confidence.other_scores"


def test_the_baseline_has_one_name() -> None:
    assert (predictions.SCORE_MODEL, predictions.SCORE_MODEL_VERSION) == (
        baseline.NAME,
        baseline.VERSION,
    )
    assert predictions.SCORES_MIN == baseline.SCORES_MIN
    assert predictions.INTERVAL_LEVEL == baseline.LEVEL


def test_the_running_error_is_published() -> None:
    bench = Bench().send(*(graded(at(n), p, f"b{n}") for n, p in enumerate((60, 70, 80, 90, 40))))
    report = predictive_analytics(view(bench, at(6)), 30).prediction_confidence
    assert (report.level, report.value) == ("low", None)
    assert [reason.code for reason in report.reasons] == [
        "confidence.no_labels",
        "confidence.baseline",
        "confidence.few_examples",
    ]
    model = report.models[0]
    assert (model.target, model.metric, model.examples_learned) == ("score", "mae", 5)
    assert model.score == round(fmean([abs(70 - 90), abs(75 - 40)]), 2)
    assert model.naive_score == round(fmean([abs(80 - 90), abs(90 - 40)]), 2)


def test_risks_are_not_made_up() -> None:
    bench = Bench(facts=course(5)).send(enrolled(at(0)), viewed(at(0)))
    shown = predictive_analytics(view(bench, at(1)), 30)
    assert shown.predictions.inactivity.status == "insufficient_data"
    assert shown.predictions.inactivity.probability is None
    assert [(m.code, m.have) for m in shown.predictions.inactivity.missing] == [("examples", 0)]
    assert [(n.course_id, n.status, n.probability) for n in shown.predictions.not_passing] == [
        ("c1", "insufficient_data", None)
    ]
    assert (shown.risk_factors, shown.risk_explanations) == ([], [])


def test_somebody_unknown_gets_every_key_and_no_number() -> None:
    shown = predictive_analytics(view(), 90)
    assert (shown.horizon, shown.horizon_ends_on) == (90, "2024-06-02")
    assert shown.predictions.next_assessment_score.score is None
    assert shown.completion_predictions == []
    assert shown.learning_recommendations == []
    assert shown.prediction_confidence.models == []


def test_submissions_follow_the_learners_own_habit() -> None:
    facts = course(0, {"a1": at(2), "a2": at(4), "a3": at(6), "a4": at(20), "a5": at(60)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)), submitted(at(1), "a1"), submitted(at(3), "a2"), submitted(at(6.5), "a3")
    )
    found = submissions(view(bench, at(10)), 30)
    assert [each.assessment_id for each in found] == ["a4"]
    days = [-1.0, -1.0, 0.5]
    half = stats.t.ppf(0.95, 2) * stdev(days) * math.sqrt(4 / 3)
    estimate = found[0].days_from_due
    assert estimate is not None
    assert (estimate.value, estimate.level) == (-0.5, 0.9)
    assert (estimate.low, estimate.high) == (round(-0.5 - half, 1), round(-0.5 + half, 1))
    few = submissions(view(Bench(facts=facts).send(enrolled(at(0))), at(1)), 30)
    assert {(each.status, each.days_from_due) for each in few} == {("insufficient_data", None)}


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
