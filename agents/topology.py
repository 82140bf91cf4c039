"""The pipeline of a worker on one page: activity -> agent -> owner -> one transaction a batch."""

import asyncio
from collections.abc import Coroutine

import structlog

from agents.assignment import Assignment
from agents.courses import CourseReader
from agents.log_ends import LogEnds
from agents.owner import Context, Owner
from agents.progress import make_progress
from agents.takeover import halted_partitions
from agents.transport import WorkerApp, quiet_loggers
from agents.watchdog import Watchdog
from contracts.topics import ACTIVITY, partition_counts
from domain.configuration import Configuration
from domain.scoring import Scorer
from runtime.clock import WallClock
from runtime.errors import CrashError
from runtime.failpoints import Failpoints
from runtime.metrics import Metrics
from runtime.process import leave, settle_memory, stop_event
from runtime.servers import wait_for_kafka
from runtime.settings import Settings

_BEAT_SECONDS = 0.2
_STOP_SECONDS = 10.0

log = structlog.get_logger()


def run_worker(
    settings: Settings, configuration: Configuration, scorer: Scorer, *, resume: bool = False
) -> int:
    """Own partitions until a signal asks to stop; every other end is an exit status of its own."""
    quiet_loggers()
    wait_for_kafka(settings, partition_counts(settings.partitions))
    asyncio.run(_run(settings, configuration, scorer, resume=resume))
    return 0


async def _run(
    settings: Settings, configuration: Configuration, scorer: Scorer, *, resume: bool
) -> None:
    metrics = Metrics()

    def wake_owners() -> None:
        owners.wake()

    context = Context(
        settings=settings,
        configuration=configuration,
        scorer=scorer,
        clock=WallClock(),
        courses=CourseReader(settings, on_change=wake_owners),
        metrics=metrics,
        failpoints=Failpoints(settings.failpoints),
    )
    owners = Assignment(context, fail=leave)
    app = WorkerApp(settings, gate=owners)
    owners.attach(app)
    app.agent(app.batches(ACTIVITY.name), name="progress", concurrency=1)(make_progress(owners))
    app.on_partitions_assigned.connect(owners.assigned)
    app.on_partitions_revoked.connect(owners.revoked)
    metrics.serve(settings)
    asked = stop_event(asyncio.get_running_loop())
    parts = [_started(context.courses.run())]
    if resume:
        await _started(_resume_halted(context))
    parts.append(_started(app.start()))
    ends = LogEnds(settings)
    ends.start()
    watchdog = Watchdog(owners, ends, metrics, settings.progress_timeout_seconds)
    watchdog.start()
    settle_memory()
    await _live(app, owners, watchdog, asked)
    parts[0].remove_done_callback(_leave_on_end)
    parts[0].cancel()


async def _resume_halted(context: Context) -> None:
    """Resume every halted partition, whoever owns it: we join the group after it.

    That we join gives all partitions away again, and their new owners find them resumed.
    """
    for partition in await halted_partitions(context.settings):
        await Owner(context, partition, None).resume()


async def _live(
    app: WorkerApp, owners: Assignment, watchdog: Watchdog, asked: asyncio.Event
) -> None:
    """Look after the app until a signal comes, then stop all in order."""
    while not asked.is_set():
        if app.crashed:
            leave(CrashError(f"Faust crashed: {app.crash_reason!r}"))
        watchdog.beat()
        await asyncio.sleep(_BEAT_SECONDS)
    log.info("stopping")
    async with asyncio.timeout(_STOP_SECONDS):
        await owners.stop()
        await app.stop()


def _started(part: Coroutine[object, object, object]) -> "asyncio.Task[object]":
    """A task whose error, or cancellation by who knows whom, ends the process."""
    task = asyncio.create_task(part)
    task.add_done_callback(_leave_on_end)
    return task


def _leave_on_end(part: "asyncio.Task[object]") -> None:
    if part.cancelled():
        leave(CrashError(f"a part of the worker was cancelled: {part.get_coro()}"))
    if (error := part.exception()) is not None:
        leave(error)
