"""GET real-time-dashboard."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.endpoint import Endpoint, PageQuery
from api.envelope import Env
from metrics.dashboard import dashboard
from metrics.shapes_dashboard import Dashboard


class DashboardQuery(PageQuery):
    """It takes no parameter of its own."""


@dataclass(frozen=True, kw_only=True)
class DashboardAnswer(Dashboard, Env):
    """The answer of real-time-dashboard."""


ENDPOINT: Final = Endpoint(
    name="real-time-dashboard",
    description="Where the learner stands now.",
    query=DashboardQuery,
    answer=DashboardAnswer,
    build=lambda view, _query, _rows: dashboard(view),
    example=Path(__file__).with_suffix(".json"),
)
