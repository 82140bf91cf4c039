"""The HTTP server: uvicorn, with limits on how long and how many connections may wait.

Anyone may open a connection and then say nothing, or never end what is said. So a connection
without a whole request is closed after `WAIT_SECONDS`; and where the process has as many as it can
hold, the one that has waited longest makes room for the next. Whoever sends a request is answered.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from types import FrameType
from typing import Any, Final, Literal, TypeAlias, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from api.metrics import ApiMetrics
from api.problems import CONTENT_TYPE, ProblemError, problem_body, unavailable
from runtime.errors import UsageError
from runtime.settings import Settings

WAIT_SECONDS: Final = 10.0
"""A whole request head has to come within; so has, after an answer, the next one."""
CONNECTIONS_MAX: Final = 4_096
ACCEPTED_AT_ONCE: Final = 32
BACKLOG: Final = 2_048
"""How many connections the kernel holds that were not accepted yet."""
FILES_RESERVED: Final = 64 + 4 * ACCEPTED_AT_ONCE
"""For Postgres, Kafka, logs; and for what is accepted in the turns that closing another takes."""
STOP_SECONDS: Final = 10

Why: TypeAlias = Literal["slow", "evicted", "full"]


def connections_max(files: int) -> int:
    """How many connections a process that may open `files` can hold; at least 16."""
    return max(16, min(CONNECTIONS_MAX, files - FILES_RESERVED))


def listen(settings: Settings) -> socket.socket:
    """The socket that the settings name, listening; raises UsageError where it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
        where = settings.api_host, settings.api_port
        listener = socket.create_server(where, family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.api_host}:{settings.api_port}: {error.strerror}"
        ) from error
    # Accepted connections inherit it; without it an answer's second packet waits 40 ms for an
    # acknowledgement, because asyncio does not know this socket for TCP.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Connections(ServerState):
    """The connections of one server, and which of them wait for a request, longest first."""

    def __init__(self, limit: int, metrics: ApiMetrics) -> None:
        super().__init__()
        self.limit = limit
        self.waiting: OrderedDict[LimitedProtocol, None] = OrderedDict()
        self._metrics = metrics
        metrics.connections.set_function(lambda: len(self.connections))

    def make_room(self) -> bool:
        """Whether one more can be held; the one that has waited longest is closed for it."""
        if len(self.connections) < self.limit:
            return True
        if not self.waiting:
            return False
        longest, _ = self.waiting.popitem(last=False)
        longest.drop("evicted")
        return True

    def dropped(self, why: Why) -> None:
        """Count a connection that was closed unanswered; a log line each would be a flood."""
        self._metrics.dropped.labels(why).inc()


class LimitedProtocol(H11Protocol):
    """One connection: either it waits for a request, for a limited time, or it is being served."""

    def __init__(self, config: uvicorn.Config, server_state: Connections, **rest: Any) -> None:
        super().__init__(config, server_state, **rest)
        self._limits = server_state
        self._timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hold it where there is room."""
        room = self._limits.make_room()
        super().connection_made(transport)
        if room:
            self._wait()
        else:
            self._limits.dropped("full")
            self._refuse(unavailable("the server has as many connections as it can hold"))

    @override
    def data_received(self, data: bytes) -> None:
        """Take what came; with it a request may have begun."""
        super().data_received(data)
        if self._is_serving():
            self._stop_waiting()

    @override
    def on_response_complete(self) -> None:
        """Wait for the next request, unless it has come already."""
        super().on_response_complete()
        if not self._is_serving():
            self._wait()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem, where no answer has begun."""
        status = HTTPStatus.BAD_REQUEST
        self._refuse(ProblemError(status, "bad_request", "this is not a valid HTTP request"))

    def drop(self, why: Why) -> None:
        """Close it now, whatever is still to be read or written."""
        self._limits.dropped(why)
        self.connections.discard(self)
        self._stop_waiting()
        self.transport.abort()

    def _is_serving(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._stop_waiting()
        self._limits.waiting[self] = None
        self._timer = self.loop.call_later(WAIT_SECONDS, self.drop, "slow")

    def _stop_waiting(self) -> None:
        self._limits.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, problem: ProblemError) -> None:
        """Answer with a problem and close; a request that is being served is given up."""
        if self._is_serving():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = problem_body(problem)
            headers = {
                "Content-Type": CONTENT_TYPE,
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
                "Connection": "close",
                **problem.headers,
            }
            named = [(name.encode(), value.encode()) for name, value in headers.items()]
            head = h11.Response(
                status_code=problem.status,
                headers=[*self._limits.default_headers, *named],
                reason=problem.status.phrase.encode(),
            )
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn with these limits; it answers requests until it is told to exit."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: ApiMetrics,
        *,
        limit: int,
        on_exit: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_exit = on_exit
        super().__init__(
            uvicorn.Config(
                app,
                http=LimitedProtocol,
                ws="none",
                backlog=ACCEPTED_AT_ONCE,  # also how many asyncio accepts in one turn
                access_log=False,  # its lines hold query strings
                log_config=None,
                server_header=False,
                headers=[("X-Content-Type-Options", "nosniff")],
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self.server_state = Connections(limit, metrics)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; what would not end by itself is ended first, as open requests are waited for."""
        self._on_exit()
        super().handle_exit(sig, frame)

    @override
    async def startup(self, sockets: Any = None) -> None:
        """Listen; the kernel's queue is longer than what is accepted at once."""
        await super().startup(sockets)
        for each in sockets or []:
            each.listen(BACKLOG)
