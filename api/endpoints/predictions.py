"""GET predictive-analytics."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import override

from api.endpoint import Endpoint, PageQuery
from api.envelope import Env
from api.parameters import Horizon
from metrics.predictions import predictive_analytics
from metrics.shapes_predictions import PredictiveAnalytics


class PredictionsQuery(PageQuery):
    """How far ahead."""

    horizon: Horizon = 30

    @property
    @override
    def models(self) -> bool:
        """This is the page that they are for."""
        return True


@dataclass(frozen=True, kw_only=True)
class PredictionsAnswer(PredictiveAnalytics, Env):
    """The answer of predictive-analytics."""


ENDPOINT: Final = Endpoint(
    name="predictive-analytics",
    description="What is to be expected, how sure that is, and what could be done.",
    query=PredictionsQuery,
    answer=PredictionsAnswer,
    build=lambda view, query, _rows: predictive_analytics(view, query.horizon),
    example=Path(__file__).with_suffix(".json"),
)
