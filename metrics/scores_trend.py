"""How the scores go: their trend, their averages by date, how much they vary."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from domain.alerts import Param
from domain.exact import reaches, rounded
from domain.keepers.days import iso_date
from domain.keepers.score_trend import SCORES_MAX, ScoreTrend, fit_kinds, fit_scores
from domain.keepers.scores import Scored, mean_score
from domain.statistics import SHOWN_LEVEL
from metrics.figures import SLOPE_DIGITS, needs, no_trend, pct, prob
from metrics.shapes import Band, CourseRef, Trend
from metrics.shapes_dashboard import PerformanceDay, PerformanceTrends
from metrics.shapes_trends import (
    CourseScores,
    KindScores,
    LevelBand,
    MovingAverages,
    PerformanceAnalysis,
    ScoreLevel,
    SkillMastery,
)
from metrics.view import View, once
from metrics.windows import days_since

DASHBOARD_DAYS: Final = 30
VOLATILITY_SCORES_MIN: Final = 5
VOLATILITY_SCORES_MAX: Final = 10
VOLATILITY_MEDIUM_FROM: Final = 5.0  # points
VOLATILITY_HIGH_FROM: Final = 10.0
LEVEL_NEAR: Final = 5.0  # points above or below what assessments expect
LEVEL_FAR: Final = 10.0
EW_SMOOTHING: Final = 2 / (SCORES_MAX + 1)  # the usual span of 8 scores
_SHORT_MEAN: Final = 3


@once
def fitted(view: View) -> ScoreTrend:
    """How the last 8 counted scores of open courses go, as the fold's rules see it."""
    return fit_scores(view.scores)


def performance_trend(view: View) -> Trend:
    """The trend of the last 8 counted scores of open courses, from 3 comparable ones on."""
    return _shown(fitted(view))


class Fall(NamedTuple):
    """By how many points the scores fall: each time, or over so many `scores` by their level."""

    points: float
    scores: int | None

    def params(self) -> dict[str, Param]:
        """What a sentence about it names."""
        named: dict[str, Param] = {"points": rounded(self.points, 1)}
        return named if self.scores is None else named | {"scores": self.scores}


def falling(view: View) -> Fall | None:
    """The fall of the scores, where it is proven."""
    found = fitted(view)
    if found.direction != "declining" or found.slope is None:
        return None
    if found.level is None:
        return Fall(-rounded(found.slope, SLOPE_DIGITS), None)
    return Fall(-rounded(found.level.change, SLOPE_DIGITS), found.level.n)


def score_level(view: View) -> ScoreLevel:
    """The level against what assessments expect, in points; null while too few are known."""
    level = fitted(view).level
    points = None if level is None else level.now
    return ScoreLevel(
        points=None if points is None else rounded(points, 1),
        band=None if points is None else level_band(points),
    )


def level_band(points: float) -> LevelBand:
    """The word for a level in points; a bar belongs to the band that is further from 0."""
    if reaches(abs(points), LEVEL_FAR):
        return "well_above" if points > 0 else "well_below"
    if reaches(abs(points), LEVEL_NEAR):
        return "above" if points > 0 else "below"
    return "as_expected"


def performance_trends(view: View, days: int = DASHBOARD_DAYS) -> PerformanceTrends:
    """The section `performance_trends` over `days` days up to today."""
    first = view.today - days + 1
    shown = performance_trend(view)
    within = _within(view, view.scores, first)
    status = needs(("scores", shown.n, shown.needed))
    return PerformanceTrends(
        status=status.status,
        missing=status.missing,
        from_=iso_date(first),
        to=iso_date(view.today),
        trend=shown,
        average_score=pct(mean_score(within)),
        score_count=len(within),
        daily=_daily(view, first, within),
    )


def performance_analysis(view: View, period: int) -> PerformanceAnalysis:
    """The section `performance_trends` of trend-analysis."""
    base = performance_trends(view, period)
    first = view.today - period + 1
    varies = volatility(view.scores)
    percents = [score.percent for score in view.scores]
    return PerformanceAnalysis(
        status=base.status,
        missing=base.missing,
        from_=base.from_,
        to=base.to,
        trend=base.trend,
        average_score=base.average_score,
        score_count=base.score_count,
        daily=base.daily,
        level=score_level(view),
        volatility=varies,
        volatility_band=_band(varies),
        moving_averages=MovingAverages(
            last_3=_last_mean(percents, _SHORT_MEAN),
            last_8=_last_mean(percents, SCORES_MAX),
            ew=pct(moving_average(percents)),
        ),
        by_course=_by_course(view, first, base.trend, varies),
        by_assessment_kind=_by_kind(view, first),
        by_skill=[
            SkillMastery(skill=each.skill, mastery=None, answers=each.answers)
            for each in sorted(view.state.skills, key=lambda known: known.skill)
        ],
    )


def volatility(scores: Sequence[Scored]) -> float | None:
    """The spread about the common slope of at least 5 comparable ones of the last 10, in points."""
    line = fit_kinds(scores[-VOLATILITY_SCORES_MAX:])
    return None if line is None or line.n < VOLATILITY_SCORES_MIN else rounded(line.deviation, 1)


def moving_average(percents: Sequence[float]) -> float | None:
    """The exponentially weighted mean of the last 8 scores, the newest weighing most."""
    total = weights = 0.0
    weight = 1.0
    for percent in reversed(percents[-SCORES_MAX:]):
        total += weight * percent
        weights += weight
        weight *= 1 - EW_SMOOTHING
    return total / weights if weights else None


def _shown(found: ScoreTrend) -> Trend:
    shown = no_trend(found.n, found.needed, per="assessment", unit="points")
    if found.slope is None or found.low is None or found.high is None or found.probability is None:
        return shown
    return replace(
        shown,
        direction=found.direction,
        probability=prob(found.probability),
        slope=rounded(found.slope, SLOPE_DIGITS),
        low=rounded(found.low, SLOPE_DIGITS),
        high=rounded(found.high, SLOPE_DIGITS),
        level=SHOWN_LEVEL,
    )


def _within(view: View, scores: Sequence[Scored], first: int) -> list[Scored]:
    """Those of the local days `first` to today."""
    return [score for score in scores if first <= score.day <= view.today]


def _daily(view: View, first: int, within: Sequence[Scored]) -> list[PerformanceDay]:
    by_day: dict[int, list[Scored]] = {}
    for score in within:
        by_day.setdefault(score.day, []).append(score)
    percents = [score.percent for score in view.scores]
    before = next((i for i, s in enumerate(view.scores) if s.day >= first), 0)
    rows = []
    for each in days_since(view, first):
        scores = by_day.get(each.day)
        average = moving = None
        if scores is not None:
            before += len(scores)
            average, moving = pct(mean_score(scores)), pct(moving_average(percents[:before]))
        rows.append(
            PerformanceDay(
                date=iso_date(each.day),
                average_score=average,
                moving_average=moving,
                assessments=each.assessments,
                activities=each.activities,
                minutes=each.minutes,
            )
        )
    return rows


def _band(spread: float | None) -> Band | None:
    if spread is None:
        return None
    if reaches(spread, VOLATILITY_HIGH_FROM):
        return "high"
    return "medium" if reaches(spread, VOLATILITY_MEDIUM_FROM) else "low"


def _last_mean(percents: Sequence[float], count: int) -> float | None:
    return pct(sum(percents[-count:]) / count) if len(percents) >= count else None


def _by_course(view: View, first: int, trend: Trend, varies: float | None) -> list[CourseScores]:
    """Each course's own; of a single one, the trend and the spread of all scores are its own."""
    alone = len(view.course_scores) == 1
    rows = []
    for course_id, scores in view.course_scores.items():
        within = _within(view, scores, first)
        ref: CourseRef = view.refs[course_id]
        rows.append(
            CourseScores(
                course_id=ref.course_id,
                title=ref.title,
                course_status=ref.course_status,
                outcome=ref.outcome,
                trend=trend if alone else _shown(fit_scores(scores)),
                average_score=pct(mean_score(within)),
                score_count=len(within),
                volatility=varies if alone else volatility(scores),
            )
        )
    return rows


def _by_kind(view: View, first: int) -> list[KindScores]:
    by_kind: dict[str, list[Scored]] = {}
    for score in _within(view, view.scores, first):
        if score.kind is not None:
            by_kind.setdefault(score.kind, []).append(score)
    return [
        KindScores(kind=kind, average_score=pct(mean_score(scores)), score_count=len(scores))
        for kind, scores in sorted(by_kind.items())
    ]
