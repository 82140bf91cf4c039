"""declining_trend where it is known what assessments expect: enter, leave, texts, evidence."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.alerts import Transition
from domain.changes import ScoresChanged
from domain.configuration import Configuration, Rules
from domain.keepers.score_trend import fit_level
from domain.keepers.scores import open_scores
from domain.rules import declining_trend
from domain.rules.declining_trend import DecliningTrend
from domain.state.course import Grade
from domain.state.learner import Learner
from tests.factories import at, seconds
from tests.ruling import grade, learner, step, work


def learner_of(*residuals: float | str, days: float = 1) -> Learner:
    """A learner with scores of assessments that expect 60, `days` apart.

    A text is the percent of an assessment of which it is not known what it expects.
    """
    state = learner()
    for place, each in enumerate(residuals):
        state.courses[0].work.append(work(f"a{place}", _grade(place, each, days)))
    return state


def _grade(place: int, residual: float | str, days: float) -> Grade:
    known = not isinstance(residual, str)
    percent = 60.0 + float(residual) if known else float(residual)
    made = grade(percent, expected=60.0 if known else None, at=at(place * days))
    made.order = place
    return made


def told(
    state: Learner, configuration: Configuration | None = None, **change: Any
) -> list[Transition]:
    """What is published where the rule looks at the state, at the time of its newest score."""
    scores = open_scores(state, {})
    now = step(when=datetime.fromtimestamp(scores[-1].at, UTC), configuration=configuration)
    declining_trend.on(ScoresChanged(scores, **change), state, now)
    return now.published


def raised(*residuals: float | str, **thresholds: Any) -> bool:
    rule = DecliningTrend(**thresholds)
    published = told(learner_of(*residuals), Configuration(rules=Rules(declining_trend=rule)))
    return [each.kind for each in published] == ["raised"]


def level_of(*residuals: float) -> Any:
    found = fit_level(open_scores(learner_of(*residuals), {}))
    assert found is not None
    return found


def test_it_speaks_where_the_level_fell_and_lies_ten_points_under_expectation() -> None:
    assert raised(0, -20, -40)
    assert not raised(0, -10, -15), "fallen, and not far under expectation"
    assert not raised(-40, -20, -10), "far under, and not fallen"
    assert not raised(0, -40), "two scores"


def test_each_bar_belongs_to_what_it_bounds() -> None:
    given = (0.0, -20.0, -40.0)
    level = level_of(*given)
    fell, below = 100 * level.fell, -level.now
    assert raised(*given, fell_percent=fell)
    assert not raised(*given, fell_percent=fell + 1e-6)
    assert raised(*given, below=below)
    assert not raised(*given, below=below + 1e-6)


def test_kinds_are_compared_while_two_expectations_are_known() -> None:
    assert raised(20, "60", -20), "by kind, of two known ones"
    assert not raised(20, "40", 20, -20), "by the level, of three"
    assert raised(-20, "10", -40, "90", -60), "by the level, of three"


@pytest.mark.parametrize("number", [2, 3, 10])
def test_three_known_residuals_suffice_however_many_scores_a_fall_of_one_kind_needs(
    number: int,
) -> None:
    assert raised(0, -20, -40, scores=number)


def test_three_that_fall_are_said_as_a_trend_and_others_as_a_low_level() -> None:
    (falling,) = told(learner_of(0, -20, -40))
    assert falling.message_code == "alert.declining_trend.message"
    assert falling.params == {"scores": 3}
    (low,) = told(learner_of(0, -50, -20))
    assert low.message_code == "alert.declining_trend.below"
    assert low.params == {}
    (newest,) = told(learner_of(0, -20, "80", -40, "95"))
    assert newest.message_code == "alert.declining_trend.message"


def test_the_evidence_is_the_level_and_how_sure_it_is_that_it_fell() -> None:
    (alert,) = told(learner_of(0, -20, -40))
    level = level_of(0, -20, -40)
    here, fell = alert.evidence
    assert (here.feature, here.value, here.baseline) == (
        "score_level",
        round(level.now, 1),
        round(level.now - level.change, 1),
    )
    assert (here.threshold, here.unit, here.direction) == (-10, "points", "down")
    assert (fell.feature, fell.value, fell.threshold) == (
        "score_level_fell",
        round(100 * level.fell, 1),
        60,
    )
    assert (alert.at, alert.rule_version) == (seconds(at(2)), 3)


def lives(*residuals: float | str, days: float = 1) -> list[tuple[str, str | None]]:
    """What is published of a learner whose scores come one after the other."""
    state = learner_of(days=days)
    published = []
    for place, each in enumerate(residuals):
        state.courses[0].work.append(work(f"a{place}", _grade(place, each, days)))
        published += told(state)
    return [(each.kind, each.resolution) for each in published]


def test_it_leaves_where_the_fall_is_no_longer_likely() -> None:
    assert level_of(0, -20, -40, -25, 10).fell > 0.55
    assert lives(0, -20, -40, -25, 10) == [("raised", None)]
    even = level_of(-20, -10, -40, 8)
    assert even.fell < 0.5
    assert even.now < -10
    assert lives(-20, -10, -40, 8) == [("raised", None), ("resolved", "cleared")]


def test_it_leaves_where_the_level_is_above_five_points_under_expectation() -> None:
    assert level_of(20, -20, -55, 30).now > -5
    assert level_of(20, -20, -55, 30).fell > 0.5
    assert lives(20, -20, -55, 30) == [("raised", None), ("resolved", "cleared")]


def test_the_bars_of_leaving_belong_to_what_they_bound() -> None:
    given = (0.0, -20.0, -40.0, -25.0, 10.0)
    level = level_of(*given)

    def over(**thresholds: Any) -> bool:
        return not raised(*given, **thresholds)

    assert over(fell_percent_until=100 * level.fell)
    assert not over(fell_percent_until=100 * level.fell - 1e-6)
    assert not over(below=15, below_until=-level.now)
    assert over(below=15, below_until=-level.now + 1e-6)


def test_a_fall_by_kinds_ends_by_the_level_and_one_by_the_level_by_kinds() -> None:
    known = lives("90", "80", "70", 20, 0, 20)
    assert known == [("raised", None), ("resolved", "cleared")]
    forgotten = lives(0, -20, -40, *["65"] * 5, "90")
    assert forgotten == [("raised", None), ("resolved", "cleared")]


def test_the_cooldown_is_fourteen_days_from_the_fall_before() -> None:
    again = (0, -20, -40, 40, 40, -60, -60)
    assert lives(*again, days=1).count(("raised", None)) == 1
    assert lives(*again, days=5).count(("raised", None)) == 2


def test_a_correction_takes_the_fall_away() -> None:
    state = learner_of(0, -20, -40)
    told(state)
    state.courses[0].work[2].grades[0] = _grade(2, 5, 1)
    (gone,) = told(state)
    assert (gone.kind, gone.resolution) == ("resolved", "corrected")
