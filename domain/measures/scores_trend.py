"""How the scores go: their trend, their averages by date, how much they vary."""

from collections.abc import Sequence
from typing import Final

from domain.days import iso_date
from domain.measures.figures import needs, pct, trend
from domain.measures.shapes import Band, CourseRef, Trend
from domain.measures.shapes_dashboard import PerformanceDay, PerformanceTrends
from domain.measures.shapes_trends import (
    CourseScores,
    KindScores,
    MovingAverages,
    PerformanceAnalysis,
    SkillMastery,
)
from domain.measures.statistics import fit_line
from domain.measures.view import View
from domain.measures.windows import bucket_of, day_minutes
from domain.scores import Scored, mean_score, residuals

DASHBOARD_DAYS: Final = 30
TREND_SCORES_MIN: Final = 4
TREND_SCORES_MAX: Final = 8
TREND_AGE_MAX: Final = 180 * 86_400
STABLE_WITHIN: Final = 2.0  # points per assessment
VOLATILITY_SCORES_MIN: Final = 5
VOLATILITY_SCORES_MAX: Final = 10
VOLATILITY_MEDIUM_FROM: Final = 5.0  # points
VOLATILITY_HIGH_FROM: Final = 10.0
EW_SMOOTHING: Final = 2 / (TREND_SCORES_MAX + 1)  # the usual span of 8 scores
_SHORT_MEAN: Final = 3


def performance_trend(view: View) -> Trend:
    """The slope over the last 4 to 8 counted scores of open courses."""
    return score_trend(view, view.scores)


def performance_trends(view: View, days: int = DASHBOARD_DAYS) -> PerformanceTrends:
    """The section `performance_trends` over `days` days up to today."""
    first = view.today - days + 1
    shown = performance_trend(view)
    within = [s for s in view.scores if first <= view.day_of(s.at) <= view.today]
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
    varies = volatility(_recent(view, view.scores))
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
        volatility=varies,
        volatility_band=_band(varies),
        moving_averages=MovingAverages(
            last_3=_last_mean(percents, _SHORT_MEAN),
            last_8=_last_mean(percents, TREND_SCORES_MAX),
            ew=pct(moving_average(percents)),
        ),
        by_course=_by_course(view, first),
        by_assessment_kind=_by_kind(view, first),
        by_skill=[
            SkillMastery(skill=each.skill, mastery=None, answers=each.answers)
            for each in view.state.skills
        ],
    )


def score_trend(view: View, scores: Sequence[Scored]) -> Trend:
    """The trend of the last 4 to 8 of `scores` that are at most 180 days old."""
    newest = _recent(view, scores)[-TREND_SCORES_MAX:]
    return trend(
        residuals(newest),
        per="assessment",
        unit="points",
        stable_within=STABLE_WITHIN,
        needed=TREND_SCORES_MIN,
    )


def volatility(scores: Sequence[Scored]) -> float | None:
    """The spread of the last 5 to 10 scores about their own line, in points."""
    newest = residuals(scores[-VOLATILITY_SCORES_MAX:])
    if len(newest) < VOLATILITY_SCORES_MIN:
        return None
    return round(fit_line(newest).residual_deviation, 1)


def moving_average(percents: Sequence[float]) -> float | None:
    """The exponentially weighted mean of the last 8 scores, the newest weighing most."""
    total = weights = 0.0
    weight = 1.0
    for percent in reversed(percents[-TREND_SCORES_MAX:]):
        total += weight * percent
        weights += weight
        weight *= 1 - EW_SMOOTHING
    return total / weights if weights else None


def _recent(view: View, scores: Sequence[Scored]) -> list[Scored]:
    return [score for score in scores if view.now - TREND_AGE_MAX <= score.at <= view.now]


def _daily(view: View, first: int, within: Sequence[Scored]) -> list[PerformanceDay]:
    by_day: dict[int, list[Scored]] = {}
    for score in within:
        by_day.setdefault(view.day_of(score.at), []).append(score)
    percents = [score.percent for score in view.scores]
    before = next((i for i, s in enumerate(view.scores) if view.day_of(s.at) >= first), 0)
    rows = []
    for day in range(first, view.today + 1):
        bucket = bucket_of(view, day)
        scores = by_day.get(day, [])
        before += len(scores)
        rows.append(
            PerformanceDay(
                date=iso_date(day),
                average_score=pct(mean_score(scores)),
                moving_average=pct(moving_average(percents[:before])) if scores else None,
                assessments=len(bucket.submitted),
                activities=bucket.activities,
                minutes=day_minutes(view, bucket),
            )
        )
    return rows


def _band(spread: float | None) -> Band | None:
    if spread is None:
        return None
    if spread >= VOLATILITY_HIGH_FROM:
        return "high"
    return "medium" if spread >= VOLATILITY_MEDIUM_FROM else "low"


def _last_mean(percents: Sequence[float], count: int) -> float | None:
    return pct(sum(percents[-count:]) / count) if len(percents) >= count else None


def _by_course(view: View, first: int) -> list[CourseScores]:
    rows = []
    for course_id, scores in view.course_scores.items():
        within = [score for score in scores if view.day_of(score.at) >= first]
        ref: CourseRef = view.refs[course_id]
        rows.append(
            CourseScores(
                course_id=ref.course_id,
                title=ref.title,
                course_status=ref.course_status,
                outcome=ref.outcome,
                trend=score_trend(view, scores),
                average_score=pct(mean_score(within)),
                score_count=len(within),
                volatility=volatility(_recent(view, scores)),
            )
        )
    return rows


def _by_kind(view: View, first: int) -> list[KindScores]:
    by_kind: dict[str, list[Scored]] = {}
    for score in view.scores:
        facts = view.facts.get(score.course_id)
        fact = None if facts is None else facts.assessment_by_short.get(score.short)
        if fact is not None and fact.kind is not None and view.day_of(score.at) >= first:
            by_kind.setdefault(fact.kind, []).append(score)
    return [
        KindScores(kind=kind, average_score=pct(mean_score(scores)), score_count=len(scores))
        for kind, scores in sorted(by_kind.items())
    ]
