"""The read API: built from settings and a clock, nothing at import."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Final

import structlog
from fastapi import APIRouter, FastAPI

from api import problems
from api.auth import Authenticator
from api.changes import Changes
from api.compressed import compress
from api.cookies import CookieAsBearer
from api.cors import allow_origins
from api.course_routes import courses_router
from api.endpoint import Context
from api.etag import BUILD
from api.freshness import Lags
from api.goals import WRITES as GOALS
from api.health import health_router
from api.methods import HeadAsGet
from api.metrics import ApiMetrics, Counted
from api.models import models_router
from api.openapi import publish
from api.operations import operations_router
from api.pending import PendingWrites
from api.problems import busy, unavailable
from api.reads import DatabaseAwayError, DatabaseBusyError, OtherTablesError, Reads
from api.responding import WRITES as RESPONSES
from api.routes import progress_router
from api.schemas import schemas_router
from api.server import STOP_SECONDS, Server, connections_max, listen
from api.session import session_router
from api.site import site_router
from api.stream import stream_router
from api.why import why_router
from api.writer import KafkaAwayError, KafkaBusyError, Writer
from api.writing import writes_router
from contracts.schema import SCHEMA_VERSION
from contracts.topics import partition_counts
from runtime.clock import Clock
from runtime.process import raise_file_limit, settle_memory
from runtime.servers import look_at_database, look_at_kafka
from runtime.settings import Settings

UNREADABLE: Final = {
    DatabaseAwayError: unavailable("the database does not answer"),
    DatabaseBusyError: busy("more is asked of the database than it can answer now"),
    OtherTablesError: unavailable("the tables are of another version than this program"),
    KafkaAwayError: unavailable("Kafka did not acknowledge it: it may not hold, say it again"),
    KafkaBusyError: busy("more is to be written than Kafka takes now"),
}
"""What is answered where an answer's rows cannot be read, or what is said cannot be written."""

log = structlog.get_logger()


def create_app(
    settings: Settings,
    clock: Clock,
    metrics: ApiMetrics | None = None,
    changes: Changes | None = None,
) -> FastAPI:
    """The application; it connects when it starts, and starts without Postgres and Kafka too."""
    metrics = metrics or ApiMetrics()
    changes = changes or Changes(settings)
    reads = Reads(settings, clock)
    lags = Lags(settings, clock, reads)
    context = Context(
        settings, Authenticator(settings), reads, lags, Writer(settings), PendingWrites()
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await reads.open()
        stop = asyncio.Event()
        watching = {
            asyncio.create_task(lags.keep(stop)),
            asyncio.create_task(changes.keep(stop)),
        }
        try:
            yield
        finally:
            stop.set()
            changes.close()
            await asyncio.wait(watching, timeout=STOP_SECONDS)
            for each in watching:
                each.cancel()
            await context.writer.close()
            await reads.close()

    app = FastAPI(
        title="learnstream",
        version=BUILD,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app, UNREADABLE)
    routers = _routers(context, changes, metrics)
    for router in routers:
        app.include_router(router)
    compress(app)
    app.add_middleware(CookieAsBearer, settings=settings)
    allow_origins(app, settings)
    app.add_middleware(Counted, metrics=metrics)
    app.add_middleware(HeadAsGet)
    publish(app, routers)
    return app


def _routers(context: Context, changes: Changes, metrics: ApiMetrics) -> tuple[APIRouter, ...]:
    return (
        progress_router(context),
        courses_router(context, changes),
        why_router(context),
        stream_router(context, changes),
        writes_router(context, [*RESPONSES, *GOALS]),
        health_router(context.settings, context.reads, context.lags, metrics),
        models_router(context),
        operations_router(context),
        schemas_router(),
        session_router(context),
        site_router(),
    )


def serve(settings: Settings, clock: Clock) -> None:
    """Answer requests until SIGTERM or SIGINT; requests that have begun are answered.

    A server that is away does not hinder the start; raises UsageError where one refuses us, or
    does not hold the tables and topics that are read.
    """
    metrics = ApiMetrics()
    changes = Changes(settings)
    app = create_app(settings, clock, metrics, changes)
    look_at_database(settings, "learnstream api", schema=SCHEMA_VERSION)
    look_at_kafka(settings, partition_counts(settings.partitions))
    limit = connections_max(raise_file_limit())
    # uvicorn raises the signal that stopped it once more when it has ended in order.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with listen(settings) as listener:
        port = listener.getsockname()[1]
        log.info("api_started", host=settings.api_host, port=port, connections_max=limit)
        settle_memory()
        Server(app, metrics, limit=limit, on_exit=changes.close).run(sockets=[listener])


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
