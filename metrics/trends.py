"""trend-analysis: the sections of the kind that was asked for, from one view."""

from typing import Final

from domain.keepers.days import iso_date
from metrics.engagement import engagement
from metrics.engagement_trends import engagement_trends
from metrics.forecast import forecast
from metrics.insights import insights
from metrics.learning import learning_trends
from metrics.patterns import pattern_analysis
from metrics.scores_trend import performance_analysis
from metrics.sessions import session_analysis
from metrics.shapes import DatesRange
from metrics.shapes_trends import TrendAnalysis, TrendType
from metrics.view import View

_SECTIONS: Final[dict[TrendType, frozenset[str]]] = {
    "comprehensive": frozenset(
        {"learning", "performance", "engagement", "patterns", "sessions", "forecast"}
    ),
    "learning": frozenset({"learning", "sessions"}),
    "performance": frozenset({"performance", "forecast"}),
    "engagement": frozenset({"engagement", "sessions"}),
    "patterns": frozenset({"patterns"}),
}


def trend_analysis(view: View, period: int, kind: TrendType) -> TrendAnalysis:
    """All that trend-analysis answers; a section that was not asked for is None."""
    asked = _SECTIONS[kind]
    first = view.today - period + 1
    said = insights(view, engagement(view))
    return TrendAnalysis(
        period=period,
        type=kind,
        from_=iso_date(first),
        to=iso_date(view.today),
        previous=DatesRange(from_=iso_date(first - period), to=iso_date(first - 1)),
        learning_trends=learning_trends(view, period) if "learning" in asked else None,
        performance_trends=performance_analysis(view, period) if "performance" in asked else None,
        engagement_trends=engagement_trends(view, period) if "engagement" in asked else None,
        pattern_analysis=pattern_analysis(view, period) if "patterns" in asked else None,
        session_analysis=session_analysis(view, period) if "sessions" in asked else None,
        forecast=forecast(view, period) if "forecast" in asked else None,
        insights=[each.text for each in said],
        insight_details=said,
    )
