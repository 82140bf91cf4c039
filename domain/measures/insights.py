"""At most five plain sentences, the most pressing first, each with what it rests on."""

from collections.abc import Iterator
from typing import Final, Literal

from domain.alerts import Param, Unit
from domain.measures.assessments import open_dues
from domain.measures.engagement import Engagement
from domain.measures.figures import sentence
from domain.measures.progress_summary import overall, streak_now
from domain.measures.scores_trend import performance_trend
from domain.measures.shapes import Evidence, Insight
from domain.measures.view import View

INSIGHTS_MAX: Final = 5
SCORE_HIGH: Final = 80
SCORE_HIGH_LAST: Final = 3
ENGAGEMENT_HIGH: Final = 80
STREAK_FROM: Final = 7
DEADLINE_SECONDS: Final = 48 * 3600
DEADLINES_MAX: Final = 2
_HOUR: Final = 3600


def insights(view: View, engagement: Engagement) -> list[Insight]:
    """What is worth saying now: deadlines, a falling trend, then what goes well."""
    found = [
        *_deadlines_near(view),
        *_trend_declining(view),
        *_score_high(view),
        *_engagement_high(view, engagement),
        *_streak(view),
    ]
    return found[:INSIGHTS_MAX]


def _deadlines_near(view: View) -> Iterator[Insight]:
    near = [due for due in open_dues(view) if due.due_at - view.now <= DEADLINE_SECONDS]
    for due in near[:DEADLINES_MAX]:
        hours = (due.due_at - view.now) // _HOUR
        yield _insight(
            "insight.deadline_near",
            {"title": due.fact.title or due.fact.id, "hours": hours},
            area="deadline",
            tone="warning",
            evidence=_figure("days_to_deadline", hours / 24, "days", threshold=2, up=False),
        )


def _trend_declining(view: View) -> Iterator[Insight]:
    trend = performance_trend(view)
    if trend.direction == "declining" and trend.slope is not None:
        yield _insight(
            "insight.trend_declining",
            {"points": round(-trend.slope, 1)},
            area="performance",
            tone="warning",
            evidence=_figure("score_slope", trend.slope, "points", threshold=0, up=False),
        )


def _score_high(view: View) -> Iterator[Insight]:
    average = overall(view).average_score
    newest = [score.percent for score in view.scores[-SCORE_HIGH_LAST:]]
    consistent = len(newest) == SCORE_HIGH_LAST and min(newest) > SCORE_HIGH
    if consistent and average is not None and average > SCORE_HIGH:
        yield _insight(
            "insight.score_high",
            {"threshold": SCORE_HIGH},
            area="performance",
            tone="praise",
            evidence=_figure("average_score", average, "percent", threshold=SCORE_HIGH, up=True),
        )


def _engagement_high(view: View, engagement: Engagement) -> Iterator[Insight]:
    today = view.today_bucket
    if today is None or not today.activities or engagement.level is None:
        return
    if engagement.level >= ENGAGEMENT_HIGH:
        yield _insight(
            "insight.engagement_high",
            {},
            area="engagement",
            tone="praise",
            evidence=_figure(
                "engagement_level", engagement.level, "points", threshold=ENGAGEMENT_HIGH, up=True
            ),
        )


def _streak(view: View) -> Iterator[Insight]:
    streak = streak_now(view)
    if streak.days >= STREAK_FROM:
        yield _insight(
            "insight.streak",
            {"days": streak.days},
            area="engagement",
            tone="praise",
            evidence=_figure("streak_days", streak.days, "days", threshold=STREAK_FROM, up=True),
        )


def _figure(feature: str, value: float, unit: Unit, *, threshold: float, up: bool) -> Evidence:
    return Evidence(
        feature=feature,
        value=round(value, 2),
        baseline=None,
        threshold=threshold,
        unit=unit,
        direction="up" if up else "down",
    )


def _insight(
    code: str,
    params: dict[str, Param],
    *,
    area: Literal["performance", "engagement", "progress", "goal", "deadline"],
    tone: Literal["praise", "neutral", "warning"],
    evidence: Evidence,
) -> Insight:
    said = sentence(code, params)
    return Insight(
        code=said.code,
        params=said.params,
        text=said.text,
        area=area,
        tone=tone,
        evidence=[evidence],
    )
