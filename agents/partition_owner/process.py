"""The process of a job: owners for what its group gives it, watched, until a signal comes."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Final

import structlog

from agents.partition_owner.assignment import Assignment
from agents.partition_owner.faust_app import OwnerApp
from agents.partition_owner.job import Job
from agents.partition_owner.log_ends import LogEnds
from agents.partition_owner.owner import Owner
from agents.partition_owner.takeover import halted_partitions
from agents.partition_owner.watchdog import Watchdog
from runtime.errors import CrashError
from runtime.process import leave, settle_memory, stop_event

_BEAT_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 10.0

log = structlog.get_logger()


async def own_partitions(
    job: Job,
    owners: Assignment,
    background: Sequence[Coroutine[object, object, object]],
    *,
    resume: bool,
) -> None:
    """Own partitions until a signal asks to stop; every other end is that of the process.

    `background` runs beside the owners and may not end before them. With `resume` every halted
    partition is resumed first.
    """
    app = OwnerApp(job.settings, job.group, gate=owners)
    owners.attach(app)
    app.hand_over(job.source.name, owners.deliver)
    app.on_partitions_assigned.connect(owners.assigned)
    app.on_partitions_revoked.connect(owners.revoked)
    asked = stop_event(asyncio.get_running_loop())
    tasks = [_started(each) for each in background]
    if resume:
        await _started(_resume_halted(job))
    tasks.append(_started(app.start()))
    ends = LogEnds(job.settings, job.source)
    ends.start()
    watchdog = Watchdog(owners, ends, job.metrics, job.settings.progress_timeout_seconds)
    watchdog.start()
    settle_memory()
    await _live(app, owners, watchdog, asked)
    for task in tasks[: len(background)]:
        task.remove_done_callback(_leave_on_end)
        task.cancel()


async def _resume_halted(job: Job) -> None:
    """Resume every halted partition, whoever owns it: we join the group after it.

    That we join gives all partitions away again, and their new owners find them resumed.
    """
    for partition in await halted_partitions(job):
        await Owner(job, partition, None).resume()


async def _live(
    app: OwnerApp, owners: Assignment, watchdog: Watchdog, asked: asyncio.Event
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
