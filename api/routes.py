"""The four pages, each under two prefixes, with and without a trailing slash."""

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Response
from pydantic import TypeAdapter

from api.alert_query import HISTORY_DEFAULT, alert_query
from api.alerts import performance_alerts
from api.pages import Around, Asked, Form, answer, asker
from api.parameters import Cursor, Horizon, Kind, Limit, Period, Severities, Since, Types
from api.problems import CONTENT_TYPE, ProblemBody
from api.responses import AlertsAnswer, DashboardAnswer, PredictionsAnswer, TrendsAnswer
from metrics.dashboard import dashboard
from metrics.predictions import predictive_analytics
from metrics.trends import trend_analysis

Endpoint = Callable[..., Awaitable[Response]]

PUBLISHED: Final = "/api/v1/progress/"
PREFIXES: Final = ("/api/progress/", PUBLISHED)
SECTIONS: Final = frozenset(
    {
        "learning_trends",
        "performance_trends",
        "engagement_trends",
        "pattern_analysis",
        "session_analysis",
        "forecast",
    }
)
_EXAMPLES: Final = Path(__file__).with_name("examples.json")
_PROBLEMS: Final = {
    401: "No token, or one that is not accepted.",
    403: "The token does not cover `user_id`.",
    404: "No such learner was ever seen.",
    422: "A parameter that cannot be taken; `errors` says what can.",
    500: "A defect of ours; it was logged.",
    503: "`unavailable`: Postgres is away and memory has nothing young enough, or the issuer's "
    "keys are not known. `busy`: too much is asked at this moment. See Retry-After.",
}


def progress_router(around: Around) -> APIRouter:
    """All pages."""
    router = APIRouter(tags=["progress"], redirect_slashes=False)
    _add(router, "real-time-dashboard", _dashboard(around), DashboardAnswer)
    _add(router, "predictive-analytics", _predictions(around), PredictionsAnswer)
    _add(router, "performance-alerts", _alerts(around), AlertsAnswer)
    _add(router, "trend-analysis", _trends(around), TrendsAnswer)
    return router


def _dashboard(around: Around) -> Endpoint:
    form = Form(DashboardAnswer)

    async def real_time_dashboard(
        asked: Annotated[Asked, Depends(asker(around))],
    ) -> Response:
        """Where the learner stands now."""
        return await answer(around, asked, form, lambda view, _: dashboard(view))

    return real_time_dashboard


def _predictions(around: Around) -> Endpoint:
    form = Form(PredictionsAnswer)

    async def read_predictive_analytics(
        asked: Annotated[Asked, Depends(asker(around, "horizon"))],
        horizon: Horizon = 30,
    ) -> Response:
        """What is to be expected, how sure that is, and what could be done."""
        return await answer(
            around, asked, form, lambda view, _: predictive_analytics(view, horizon)
        )

    return read_predictive_analytics


def _alerts(around: Around) -> Endpoint:
    form = Form(AlertsAnswer)
    names = "types", "severity", "since", "limit", "cursor"

    async def read_performance_alerts(
        asked: Annotated[Asked, Depends(asker(around, *names))],
        types: Types = "all",
        severity: Severities = "all",
        since: Since = None,
        limit: Limit = HISTORY_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """The learner's alerts: what is open, the history, and what to do about it."""
        query = alert_query(types=types, severity=severity, since=since, limit=limit, cursor=cursor)
        return await answer(
            around,
            asked,
            form,
            lambda view, rows: performance_alerts(rows.alerts, query, view.facts, view.now),
            query=query,
        )

    return read_performance_alerts


def _trends(around: Around) -> Endpoint:
    form = Form(TrendsAnswer)

    async def read_trend_analysis(
        asked: Annotated[Asked, Depends(asker(around, "period", "type"))],
        period: Period = 30,
        kind: Kind = "comprehensive",
    ) -> Response:
        """How things went over a period; sections that were not asked for are absent."""
        return await answer(
            around,
            asked,
            form,
            lambda view, _: trend_analysis(view, period, kind),
            absent=SECTIONS,
        )

    return read_trend_analysis


def _add(router: APIRouter, name: str, endpoint: Endpoint, shape: type) -> None:
    for prefix in PREFIXES:
        for slash in ("", "/"):
            router.add_api_route(
                prefix + name + slash,
                endpoint,
                response_model=shape,
                responses=_responses(),
                response_description="The page.",
                include_in_schema=prefix == PUBLISHED and not slash,
                operation_id=operation_id(name),
                summary=name.replace("-", " ").capitalize(),
            )


def _responses() -> dict[int | str, dict[str, Any]]:
    """What an operation may answer beside its page, and with which headers."""
    etag = {"ETag": _header("Names this answer, weakly, for If-None-Match.")}
    responses: dict[int | str, dict[str, Any]] = {
        200: {"headers": etag},
        304: {"description": "The client has this answer already.", "headers": etag},
    }
    for status, description in _PROBLEMS.items():
        content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
        responses[status] = {"description": description, "content": content}
    challenge = {"WWW-Authenticate": _header("What kind of token is asked for (RFC 6750).")}
    responses[401]["headers"] = responses[403]["headers"] = challenge
    responses[503]["headers"] = {"Retry-After": _header("After how many seconds.", "integer")}
    return responses


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def operation_id(page: str) -> str:
    """The name of a page's operation, and so of a method in generated clients."""
    first, *rest = page.split("-")
    return first + "".join(word.capitalize() for word in rest)


def page_of(operation: str) -> str | None:
    """The page of an operation; None where it is no page."""
    return next((page for page in examples() if operation_id(page) == operation), None)


@cache
def examples() -> dict[str, Any]:
    """An answer of each page, for the documentation."""
    found: dict[str, Any] = msgspec.json.decode(_EXAMPLES.read_bytes())
    return found


def problem_schemas() -> dict[str, Any]:
    """The schemas of every error, by name."""
    schema = TypeAdapter(ProblemBody).json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemBody": schema}
