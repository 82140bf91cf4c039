"""trend-analysis: the sections of the kind that was asked for, from one view."""

from typing import Final

from domain.days import iso_date
from domain.measures.engagement import engagement
from domain.measures.engagement_trends import engagement_trends
from domain.measures.forecast import forecast
from domain.measures.insights import insights
from domain.measures.learning import learning_trends
from domain.measures.patterns import pattern_analysis
from domain.measures.scores_trend import performance_analysis
from domain.measures.sessions import session_analysis
from domain.measures.shapes import DatesRange
from domain.measures.shapes_trends import TrendAnalysis, TrendType
from domain.measures.view import View

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
