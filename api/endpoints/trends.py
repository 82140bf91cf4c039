"""GET trend-analysis."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.endpoint import Endpoint, PageQuery
from api.envelope import Env
from api.parameters import Kind, Period
from metrics.shapes_trends import TrendAnalysis
from metrics.trends import trend_analysis


class TrendsQuery(PageQuery):
    """How far back, and which sections."""

    period: Period = 30
    kind: Kind = "comprehensive"


@dataclass(frozen=True, kw_only=True)
class TrendsAnswer(TrendAnalysis, Env):
    """The answer of trend-analysis; sections that were not asked for are absent."""


ENDPOINT: Final = Endpoint(
    name="trend-analysis",
    description="How things went over a period; sections that were not asked for are absent.",
    query=TrendsQuery,
    answer=TrendsAnswer,
    build=lambda view, query, _rows: trend_analysis(view, query.period, query.kind),
    example=Path(__file__).with_suffix(".json"),
)
