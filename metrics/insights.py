"""At most five plain sentences, the most pressing first, each with what it rests on."""

from collections.abc import Iterator
from typing import Final, Literal

from domain.alerts import Param, Unit
from domain.exact import exceeds, rounded
from metrics.assessments import open_dues
from metrics.engagement import Engagement
from metrics.figures import sentence
from metrics.pressing import SILENT_FROM, name_of, overdue, silent_days
from metrics.progress_summary import overall, streak_now
from metrics.scores_trend import falling, performance_trend
from metrics.shapes import Evidence, Insight
from metrics.view import View
from metrics.windows import days_inactive

INSIGHTS_MAX: Final = 5
SCORE_HIGH: Final = 80
SCORE_HIGH_LAST: Final = 3
ENGAGEMENT_HIGH: Final = 80
STREAK_FROM: Final = 7
DEADLINE_SECONDS: Final = 48 * 3600
DEADLINES_MAX: Final = 2
OVERDUE_DAYS: Final = 2
NO_PRAISE: Final = 14  # local days of silence after which old scores are not praised
_HOUR: Final = 3600
_DAY: Final = 86_400


def insights(view: View, engagement: Engagement) -> list[Insight]:
    """What is worth saying now: what cannot wait, what is due, a falling trend, then praise."""
    found = [
        *_overdue(view),
        *_silent(view),
        *_deadlines_near(view),
        *_trend_declining(view),
        *_score_high(view),
        *_engagement_high(view, engagement),
        *_streak(view),
    ]
    return found[:INSIGHTS_MAX]


def _overdue(view: View) -> Iterator[Insight]:
    for due in overdue(view):
        days = (view.now - due.due_at) // _DAY
        yield _insight(
            "insight.overdue",
            {"assessment": name_of(view, due)},
            area="deadline",
            tone="warning",
            evidence=_figure("days_past_due", days, "days", threshold=OVERDUE_DAYS, up=True),
        )


def _silent(view: View) -> Iterator[Insight]:
    days = silent_days(view)
    if days is not None:
        yield _insight(
            "insight.silent",
            {"days": days},
            area="engagement",
            tone="warning",
            evidence=_figure("days_inactive", days, "days", threshold=SILENT_FROM, up=True),
        )


def _deadlines_near(view: View) -> Iterator[Insight]:
    near = [due for due in open_dues(view) if due.due_at - view.now <= DEADLINE_SECONDS]
    for due in near[:DEADLINES_MAX]:
        hours = max(1, (due.due_at - view.now) // _HOUR)
        yield _insight(
            "insight.deadline_near",
            {"assessment": name_of(view, due), "hours": hours},
            area="deadline",
            tone="warning",
            evidence=_figure("days_to_deadline", hours / 24, "days", threshold=2, up=False),
        )


def _trend_declining(view: View) -> Iterator[Insight]:
    fall = falling(view)
    if fall is None:
        return
    feature = "score_slope" if fall.scores is None else "score_level_change"
    yield _insight(
        "insight.trend_declining" if fall.scores is None else "insight.level_declining",
        fall.params(),
        area="performance",
        tone="warning",
        evidence=_figure(feature, -fall.points, "points", threshold=0, up=False),
    )


def _score_high(view: View) -> Iterator[Insight]:
    """Praise for the last scores; not after two weeks of silence, nor while they fall."""
    average = overall(view).average_score
    newest = [score.percent for score in view.scores[-SCORE_HIGH_LAST:]]
    if average is None or len(newest) < SCORE_HIGH_LAST or (days_inactive(view) or 0) >= NO_PRAISE:
        return
    consistent = exceeds(min(newest), SCORE_HIGH) and exceeds(average, SCORE_HIGH)
    if consistent and performance_trend(view).direction != "declining":
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
        value=rounded(value, 2),
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
