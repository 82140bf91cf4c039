"""GET performance-alerts."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from typing_extensions import override

from api.alert_query import HISTORY_DEFAULT, AlertQuery, alert_query
from api.alert_shapes import PerformanceAlerts
from api.alerts import performance_alerts
from api.endpoint import Endpoint, PageQuery
from api.envelope import Env
from api.parameters import Cursor, Limit, Severities, Since, Types
from api.rows import Rows
from metrics.view import View


class AlertsQuery(PageQuery):
    """Which alerts, and which page of the history."""

    types: Types = "all"
    severity: Severities = "all"
    since: Since = None
    limit: Limit = HISTORY_DEFAULT
    cursor: Cursor = None

    @cached_property
    @override
    def alerts(self) -> AlertQuery:
        """Which alerts the page shows; raises a 422 where a parameter cannot be taken."""
        return alert_query(
            types=self.types,
            severity=self.severity,
            since=self.since,
            limit=self.limit,
            cursor=self.cursor,
        )


@dataclass(frozen=True, kw_only=True)
class AlertsAnswer(PerformanceAlerts, Env):
    """The answer of performance-alerts."""


def _build(view: View, query: AlertsQuery, rows: Rows) -> PerformanceAlerts:
    return performance_alerts(rows, query.alerts, view.facts, view.now)


ENDPOINT: Final = Endpoint(
    name="performance-alerts",
    description="The learner's alerts: what is open, the history, and what to do about it.",
    query=AlertsQuery,
    answer=AlertsAnswer,
    build=_build,
    example=Path(__file__).with_suffix(".json"),
)
