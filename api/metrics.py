"""What the API counts and logs of each request: never a query string, a token or a learner."""

import time
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from metrics.model_figures import gauges
from metrics.view import Models

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_ROUTE: Final = ("route", "method")
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""The methods that are counted by name; HEAD is answered as GET, all others are `other`."""

log = structlog.get_logger()


class ApiMetrics:
    """The figures of one API process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "learnstream_api_requests",
            "Requests answered",
            (*_ROUTE, "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "learnstream_api_request_seconds",
            "From a request to its whole answer",
            _ROUTE,
            registry=self.registry,
            buckets=BUCKETS,
        )
        self.lag = Gauge(
            "learnstream_api_lag_seconds",
            "Age of the oldest record not in Postgres yet",
            ("partition",),
            registry=self.registry,
        )
        self.models = Gauge(
            "learnstream_api_model",
            "Figures of each model by the newest snapshot: scores of all that was shown (total) or "
            "of the newest (rolling), beside the baseline's (naive_); examples learned; drifted; "
            "drifts; gated_courses",
            ("model", "over", "figure"),
            registry=self.registry,
        )
        self.connections = Gauge(
            "learnstream_api_connections", "Connections that are open", registry=self.registry
        )
        self.dropped = Counter(
            "learnstream_api_connections_dropped",
            "Connections closed unanswered: too slow with a request, or in the way of others",
            ("why",),
            registry=self.registry,
        )

    def show_models(self, models: Models) -> None:
        """Show the figures of these models; what is not known any more is not shown."""
        self.models.clear()
        for name, over, figure, value in gauges(models):
            self.models.labels(name, over, figure).set(value)


class Counted:
    """An ASGI application whose requests are counted and logged, by route."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._figures: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status as it goes by."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, streamed = 500, False

        async def watched(message: Message) -> None:
            nonlocal status, streamed
            if message["type"] == "http.response.start":
                status = int(message["status"])  # which may be a member of HTTPStatus
                streamed = (b"content-type", b"text/event-stream") in message["headers"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - began, streamed=streamed)

    def _note(self, scope: Scope, status: int, seconds: float, *, streamed: bool) -> None:
        # A stranger may invent methods and paths: every label comes from a closed set.
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        requests, durations = self._figures_of(route, method, status)
        requests.inc()
        if not streamed:  # how long somebody looked at the page says nothing of us
            durations.observe(seconds)
        milliseconds = round(seconds * 1000, 1)
        log.info("request", method=method, route=route, status=status, milliseconds=milliseconds)

    def _figures_of(self, route: str, method: str, status: int) -> tuple[Counter, Histogram]:
        """What counts and times such requests; looked for once, as the client's look-up is slow."""
        kind = route, method, status
        if kind not in self._figures:
            self._figures[kind] = (
                self._metrics.requests.labels(*kind),
                self._metrics.seconds.labels(route, method),
            )
        return self._figures[kind]
