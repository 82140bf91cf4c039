"""Forecasts of scores: what is kept of them, which score judges them, how far they reach."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from domain.course_facts import DAY
from domain.examples import Example
from domain.keepers.score_trend import fit_scores
from domain.keepers.scores import Scored
from domain.predicting.forecasting import FORECAST_DAYS, drawn, forecasts, is_by_level
from domain.predictions import FORECASTS, TARGETS, Awaiting, Figure, Reach, Target
from domain.state.learner import Learner
from metrics.forecast import performance_forecast
from models.learning import Learning
from models.serving import Served
from tests.factories import Bench, at, course, enrolled, event, graded, seconds, viewed
from tests.modelling import adopting, serving
from tests.modelling import served as taught_served
from tests.teaching import lessons, served, snapshot
from tests.viewing import view

BEFORE = 42
"""The day on which the last but one week of the scores began."""


def on(day: float, hours: float = 0) -> datetime:
    """A moment after that day."""
    return at(BEFORE + day, hours)


def scored(*percents: float, expected: float | None = None, step: int = 7) -> list[Scored]:
    """Scores of one kind, a week apart."""
    return [
        Scored("c1", number, percent, number * step * DAY, 0, number, expected, None, "quiz")
        for number, percent in enumerate(percents)
    ]


def running(**given: Any) -> Bench:
    """A learner of a course of 300 days, with scores of 70, 74 and 72, three weeks apart."""
    known = course(0, {}, starts_at=seconds(at(0)), ends_at=seconds(at(300)), series="c")
    bench = Bench(facts=known, **given).send(enrolled(at(0)))
    grades = [graded(at(21 * n + 1), score, f"a{n}") for n, score in enumerate((70, 74, 72))]
    return bench.send(*grades)


def waiting(state: Learner) -> dict[Target, Awaiting]:
    found = [each for each in state.awaiting if TARGETS[each.target] in FORECASTS]
    assert len({each.target for each in found}) == len(found), "one of each waits"
    return {TARGETS[each.target]: each for each in found}


def judged(bench: Bench) -> list[Example]:
    return [e for lesson in bench.lessons for e in lesson.examples if e.target in FORECASTS]


# -- what is drawn ---------------------------------------------------------------------------------


def test_a_forecast_needs_three_scores_and_something_that_is_wanted() -> None:
    assert list(forecasts(scored(70, 74), 0, None, FORECASTS)) == []
    assert list(forecasts(scored(70, 74, 72), 0, None, [])) == []


def test_what_is_kept_is_what_a_reader_is_shown() -> None:
    bench = running().tick(on(7, 1))
    for horizon, wanted in ((30, ("forecast_7", "forecast_28")), (90, FORECASTS)):
        shown = performance_forecast(view(bench, on(7)), horizon)
        points = {point.date: point for point in shown.points}
        for target in wanted:
            day = on(7 + FORECAST_DAYS[target]).date().isoformat()
            kept = waiting(bench.learner())[target].shown
            assert kept is not None
            figures = (kept.low, kept.value, kept.high)
            point = points[day]
            assert figures == tuple(round(10 * x) for x in (point.low, point.value, point.high))


def test_the_baseline_is_the_mean_of_all_scores() -> None:
    scores = scored(10, *[80] * 8)
    (made,) = forecasts(scores, 60 * DAY, None, ["forecast_7"])
    assert made.shown.naive == round(10 * (10 + 8 * 80) / 9)


def test_a_reach_widens_and_narrows_an_interval_but_not_its_value() -> None:
    scores = scored(60, 70, 65, 75, 66)
    (formula,) = forecasts(scores, 28 * DAY, None, ["forecast_7"])
    (other,) = forecasts(scores, 28 * DAY, Reach(500, 800), ["forecast_7"])
    value = formula.shown.value
    assert (other.shown.value, other.half) == (value, formula.half)
    assert other.shown.low == pytest.approx(value - 0.5 * formula.half, abs=1)
    assert other.shown.high == pytest.approx(value + 0.8 * formula.half, abs=1)


def test_what_is_too_wide_to_be_drawn_is_not_kept() -> None:
    scores, now = scored(50, 80, 60, 70, 65, 75), 42 * DAY
    assert list(forecasts(scores, now, None, FORECASTS)) == []
    assert drawn(scores, fit_scores(scores), now, [7], None).too_wide_from == 7
    near = [each.target for each in forecasts(scores, now, Reach(600, 600), FORECASTS)]
    assert near == ["forecast_7"]


@pytest.mark.parametrize("known", [0, 2, 3, 8])
def test_a_forecast_goes_by_the_level_from_three_expectations_on(known: int) -> None:
    scores = [*scored(*[60] * 8), *scored(*[60] * (8 - known)), *scored(*[70] * known, expected=65)]
    assert is_by_level(scores) == (fit_scores(scores).level is not None) == (known >= 3)


# -- what waits ------------------------------------------------------------------------------------


def test_forecasts_are_kept_at_the_weeks_of_a_course_one_of_each_at_a_time() -> None:
    bench = running()
    assert waiting(bench.learner()) == {}
    first = waiting(bench.tick(on(7, 1)).learner())
    assert set(first) == set(FORECASTS)
    assert {each.made_at for each in first.values()} == {seconds(on(7))}
    assert waiting(bench.tick(on(14, 1)).learner()) == first
    for target, each in first.items():
        assert each.known_at == seconds(on(7)) + FORECAST_DAYS[target] * DAY + 28 * DAY
        assert each.features[0] == 0
        assert each.features[1] > 0


def test_without_scores_nothing_waits() -> None:
    known = course(0, {}, starts_at=seconds(at(0)), ends_at=seconds(at(300)))
    bench = Bench(facts=known).send(enrolled(at(0)), viewed(at(1))).tick(at(7, 1))
    assert waiting(bench.learner()) == {}


def test_the_first_score_from_its_day_on_judges_a_forecast() -> None:
    bench = running().tick(on(7, 1))
    kept = waiting(bench.learner())["forecast_7"]
    bench.send(graded(on(14) - timedelta(minutes=1), 70, "early"))
    assert judged(bench) == []
    bench.send(graded(on(14), 74, "b1"))
    (found,) = judged(bench)
    assert (found.target, found.label, found.made_at) == ("forecast_7", 740, seconds(on(7)))
    assert (found.shown, found.features) == (kept.shown, kept.features)
    assert bench.lessons[-1].course_id == "c1"
    bench.send(graded(on(15), 73, "b2"))
    assert len(judged(bench)) == 1
    assert waiting(bench.learner())["forecast_7"].made_at == seconds(on(14))


def test_a_score_judges_every_forecast_whose_day_has_come() -> None:
    bench = running().tick(on(7, 1)).send(graded(on(36), 150, "b1"))
    found = {each.target: each.label for each in judged(bench)}
    assert found == {"forecast_7": 1000, "forecast_28": 1000}


def test_a_forecast_that_no_score_judges_in_28_days_is_dropped() -> None:
    due = 7 + 7 + 28
    at_last = running().tick(on(7, 1)).send(graded(on(due), 81, "b1"))
    assert "forecast_7" in {each.target for each in judged(at_last)}
    late = running().tick(on(7, 1)).send(graded(on(due, 1), 81, "b1"))
    assert "forecast_7" not in {each.target for each in judged(late)}
    gone = running().tick(on(due, 1)).learner()
    assert waiting(gone)["forecast_7"].made_at == seconds(on(due))
    assert gone.overflow.awaiting == 0


NO_SCORES: dict[str, Iterable[dict[str, Any]]] = {
    "that comes late": [viewed(on(16)), graded(on(15), 60, "b1")],
    "that was carried over": [graded(on(15), 60, "b1", banked=True)],
    "for what was never submitted": [graded(on(15), 0, "b1", missing=True)],
    "that is withdrawn": [graded(on(15), None, "b1")],
    "of an assessment that has one": [graded(on(15), 90, "a0", attempt=2)],
    "of a course that was left": [event("unenrolled", on(14.5)), graded(on(15), 60, "b1")],
}


@pytest.mark.parametrize("which", NO_SCORES)
def test_a_forecast_is_not_judged_by_a_score(which: str) -> None:
    bench = running().tick(on(7, 1)).send(*NO_SCORES[which])
    assert judged(bench) == []


def test_a_silence_that_is_told_by_time_is_no_forecast() -> None:
    bench = running().tick(on(7, 1)).tick(on(250))
    told = {e.target for lesson in bench.lessons for e in lesson.examples}
    assert not told & set(FORECASTS)


# -- how far they reach ----------------------------------------------------------------------------


def reaching(reach: Reach, series: str = "c") -> Served:
    base = taught_served()
    key = f"{series}\x1fline\x1f0"
    return Served(replace(base.snapshot, reaches={key: reach}))


def test_an_adopted_reach_is_kept_and_shown() -> None:
    own = adopting(running(snapshots=serving(reaching(Reach(400, 300))))).tick(on(7, 1))
    state = own.learner()
    assert state.reach == Reach(400, 300)
    (point, *_) = performance_forecast(view(own, on(7)), 7).points
    (plain, *_) = performance_forecast(view(running(), on(7)), 7).points
    assert point.value - point.low == pytest.approx(0.4 * (plain.value - plain.low), abs=0.1)
    assert point.high - point.value == pytest.approx(0.3 * (plain.high - plain.value), abs=0.1)


def test_a_course_of_which_nothing_is_known_is_a_series_of_its_own() -> None:
    bench = adopting(Bench(snapshots=serving(reaching(Reach(400, 300), "c1"))))
    bench.send(*(graded(at(21 * n + 1), 70 + n, f"a{n}") for n in range(3)))
    assert bench.learner().reach == Reach(400, 300)


def test_a_series_that_says_little_reaches_as_all_do_and_these_as_the_formula() -> None:
    assert reaching(Reach(400, 300)).reach("c", by_level=False) == Reach(400, 300)
    assert reaching(Reach(400, 300)).reach("other", by_level=False) is None
    assert reaching(Reach(400, 300), "").reach("other", by_level=False) == Reach(400, 300)
    assert reaching(Reach(400, 300), "").reach("other", by_level=True) is None


def test_a_reach_follows_the_scores_until_nine_in_ten_lie_within() -> None:
    learning = Learning()
    learning.learn(lessons(400))
    for by_level in (True, False):
        reach = served(learning).reach("series-0", by_level=by_level)
        assert reach is not None
        assert 450 < reach.low < 700
        assert 450 < reach.high < 700


def test_under_thirty_scores_no_reach_is_served() -> None:
    learning = Learning()
    learning.learn(list(lessons(8)))
    assert snapshot(learning).reaches == {}


def test_a_forecast_is_judged_beside_its_baseline() -> None:
    learning = Learning()
    [lesson] = lessons(1)
    one = next(each for each in lesson.examples if each.target == "forecast_28")
    made = replace(one, label=650, shown=Figure(700, 500, 640, 760))
    learning.learn([replace(lesson, examples=(made,), outcome=None)])
    total = snapshot(learning).reports["forecast_28"].total
    assert (total.count, total.mae, total.naive_mae) == (1, 5.0, 15.0)
    assert (total.coverage, total.width) == (1.0, 12.0)
