"""What every screen must hold for believable learners, at any moment somebody looks."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from pydantic import TypeAdapter

from contracts.course_facts import decode_course_facts
from domain.course_facts import CourseFacts
from domain.stored.codec import encode_learner
from feeds.simulate import Simulation
from metrics.dashboard import dashboard
from metrics.predictions import predictive_analytics
from metrics.shapes_dashboard import Dashboard
from metrics.shapes_predictions import CompletionPrediction, PredictiveAnalytics
from metrics.shapes_trends import TrendAnalysis
from metrics.trends import trend_analysis
from metrics.view import View
from tests.factories import Bench, at

pytestmark = pytest.mark.long

PLAN = Simulation(learners=12, days=50, seed=11, until=int(at(400).timestamp()))
DAY = 86_400
ADAPTERS: tuple[TypeAdapter[Any], ...] = (
    TypeAdapter(Dashboard),
    TypeAdapter(TrendAnalysis),
    TypeAdapter(PredictiveAnalytics),
)


@pytest.fixture(scope="module")
def bench() -> Bench:
    made = Bench()
    for record in PLAN.facts():
        facts = decode_course_facts(record.key, record.value)
        assert isinstance(facts, CourseFacts)
        made.adopt("course", facts)
    made.send(*(each.event for each in PLAN.events()))
    assert made.letters == []
    return made


@pytest.fixture(scope="module", params=[-20 * DAY, 0, 5 * 3600, 9 * DAY, 100 * DAY])
def views(bench: Bench, request: pytest.FixtureRequest) -> list[View]:
    return [
        View(
            state=bench.learner(user),
            facts=bench.fold.facts,
            cohort=None,
            now=PLAN.until + request.param,
            default_zone="UTC",
        )
        for user in bench.store.committed
    ]


def numbers(answer: object) -> Iterator[float]:
    """Every number of an answer, however deep."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from numbers(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from numbers(value)
    elif isinstance(answer, float):
        yield answer


def test_every_answer_is_what_its_types_say(views: list[View]) -> None:
    for looked in views:
        told = (
            asdict(dashboard(looked)),
            asdict(trend_analysis(looked, 90, "comprehensive")),
            asdict(predictive_analytics(looked, 365)),
        )
        for adapter, answer in zip(ADAPTERS, told, strict=True):
            adapter.validate_python(answer)
            assert [n for n in numbers(answer) if n == 0 and math.copysign(1, n) < 0] == []


def test_numbers_stay_within_their_bounds_and_agree(views: list[View]) -> None:
    for looked in views:
        board = dashboard(looked)
        metrics = board.realtime_metrics
        assert 0 <= metrics.daily_activities <= metrics.weekly_activities
        assert 0 <= metrics.daily_assessments <= metrics.weekly_assessments
        assert 0 <= (metrics.engagement_level or 0) <= 100
        assert board.progress_summary.streak_days <= board.progress_summary.longest_streak_days
        rows = board.performance_trends.daily
        assert [row.date for row in rows] == sorted({row.date for row in rows})
        assert sum(row.activities for row in rows[-7:]) == metrics.weekly_activities
        assert len(board.insights) <= 5


def test_intervals_hold_their_estimates(views: list[View]) -> None:
    for looked in views:
        told = predictive_analytics(looked, 60)
        for point in told.performance_forecast.points:
            assert 0 <= point.low <= point.value <= point.high <= 100
        for each in told.completion_predictions:
            _check(each)
        forecast = trend_analysis(looked, 60, "performance").forecast
        assert forecast is not None
        for point in forecast.activities.points:
            assert 0 <= point.low <= point.value <= point.high


def test_the_weights_of_what_is_known_fill_the_whole(views: list[View]) -> None:
    for looked in views:
        found = trend_analysis(looked, 28, "engagement").engagement_trends
        assert found is not None
        known = [each for each in found.components if each.score is not None]
        assert sum(each.weight for each in known) == pytest.approx(1, abs=0.003)
        assert all(each.weight == 0 for each in found.components if each.score is None)


def test_no_answer_changes_the_state(bench: Bench) -> None:
    for user, before in bench.store.committed.items():
        state = bench.learner(user)
        looked = View(
            state=state, facts=bench.fold.facts, cohort=None, now=PLAN.until, default_zone="UTC"
        )
        dashboard(looked)
        trend_analysis(looked, 90, "comprehensive")
        predictive_analytics(looked, 30)
        assert encode_learner(state) == before


def _check(each: CompletionPrediction) -> None:
    dates = [each.earliest_date, each.expected_date, each.latest_date]
    known = [date for date in dates if date is not None]
    assert known == sorted(known)
    for chance in (each.probability_by_horizon, each.probability_by_course_end):
        assert chance is None or 0 <= chance <= 1
    assert (each.remaining_units == 0) == (each.schedule == "done")
