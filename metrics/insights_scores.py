"""What is said of the last scores: one thing, the gravest first."""

from typing import Final

from domain.alerts import Param
from domain.exact import exceeds, reaches, rounded
from domain.keepers.score_trend import ScoreTrend, level_now
from domain.keepers.scores import Scored
from domain.naming import assessment_name
from metrics.insights_making import figure, insight
from metrics.passing import is_passed, pass_mark
from metrics.scores_trend import fitted
from metrics.shapes import Insight
from metrics.view import View
from metrics.windows import days_inactive

UNDER_PASS_DAYS: Final = 28  # so old a score may be
SCORES_MIN: Final = 3
SCORE_HIGH: Final = 80  # percent; all of the last three are over it
FELL_FROM: Final = 0.6  # probability that the level fell
FELL_TO: Final = -5.0  # points against what assessments expect
FAR_BELOW: Final = -10.0
ABOVE: Final = 5.0
NO_PRAISE: Final = 14  # local days of silence after which old scores are not praised


def score_insight(view: View) -> Insight | None:
    """One of seven, in this order; None under 2 scores where none is under the pass mark."""
    if not view.scores:
        return None
    warned = _under_pass(view) or _declining(view) or _below_usual(view)
    if warned is not None:
        return warned
    if (days_inactive(view) or 0) < NO_PRAISE:
        praised = _high(view) or _improving(view) or _above_usual(view)
        if praised is not None:
            return praised
    return _steady(view)


def _under_pass(view: View) -> Insight | None:
    """The last counted score is no pass, and at most 28 days old."""
    last = view.scores[-1]
    if is_passed(view, last) or view.today - last.day > UNDER_PASS_DAYS:
        return None
    return insight(
        "insight.score_under_pass",
        {"assessment": _name(view, last), "score": rounded(last.percent, 1)},
        area="performance",
        tone="warning",
        evidence=figure(
            "score",
            last.percent,
            "percent",
            threshold=rounded(pass_mark(view, last.course_id), 1),
            up=False,
        ),
    )


def _declining(view: View) -> Insight | None:
    """The level fell (.6) and is 5 below what is expected; by kinds, where the fall is proven."""
    found = fitted(view)
    level = found.level
    if level is None:
        return _moved(found, "insight.trend_declining") if _goes(found, "declining") else None
    if not (reaches(level.fell, FELL_FROM) and reaches(FELL_TO, level.now)):
        return None
    return _moved(found, "insight.trend_declining")


def _below_usual(view: View) -> Insight | None:
    level = level_now(view.scores)
    if level is None or not reaches(FAR_BELOW, level):
        return None
    return _against_usual("insight.score_below_usual", level, FAR_BELOW)


def _high(view: View) -> Insight | None:
    newest = [score.percent for score in view.scores[-SCORES_MIN:]]
    if len(newest) < SCORES_MIN or not exceeds(min(newest), SCORE_HIGH):
        return None
    return insight(
        "insight.score_high",
        {"threshold": SCORE_HIGH},
        area="performance",
        tone="praise",
        evidence=figure("lowest_score", min(newest), "percent", threshold=SCORE_HIGH, up=True),
    )


def _improving(view: View) -> Insight | None:
    found = fitted(view)
    return _moved(found, "insight.trend_improving") if _goes(found, "improving") else None


def _above_usual(view: View) -> Insight | None:
    level = level_now(view.scores)
    if level is None or not reaches(level, ABOVE):
        return None
    return _against_usual("insight.score_above_usual", level, ABOVE)


def _steady(view: View) -> Insight | None:
    """What the last scores come to, where nothing stands out."""
    newest = [score.percent for score in view.scores[-SCORES_MIN:]]
    if len(newest) < SCORES_MIN:
        return None
    average = sum(newest) / len(newest)
    return insight(
        "insight.score_steady",
        {"scores": len(newest), "average": rounded(average, 1)},
        area="performance",
        tone="neutral",
        evidence=figure("average_score", average, "percent", up=True),
    )


def _goes(found: ScoreTrend, direction: str) -> bool:
    return found.direction == direction


def _moved(found: ScoreTrend, code: str) -> Insight:
    """By how many points the scores rose or fell over the window, and in which one."""
    assert found.slope is not None, "what goes up or down has a slope"
    steps = found.n - 1
    points = found.slope * steps if found.level is None else found.level.change
    params: dict[str, Param] = {"scores": found.n, "points": rounded(abs(points), 1)}
    rises = points > 0
    return insight(
        code,
        params,
        area="performance",
        tone="praise" if rises else "warning",
        evidence=figure("score_change", points, "points", threshold=0, up=rises),
    )


def _against_usual(code: str, level: float, threshold: float) -> Insight:
    above = level > 0
    return insight(
        code,
        {"points": rounded(abs(level), 1)},
        area="performance",
        tone="praise" if above else "warning",
        evidence=figure("score_level", level, "points", threshold=threshold, up=above),
    )


def _name(view: View, score: Scored) -> str:
    facts = view.facts.get(score.course_id)
    fact = None if facts is None else facts.assessment_by_short.get(score.short)
    return assessment_name(facts, fact, None if fact is None else fact.due_at, view.zone)
