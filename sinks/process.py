"""The sink as a process: its two tasks, and the signals that stop them."""

import asyncio

from contracts.topics import partition_counts
from runtime.clock import Clock
from runtime.database import database_url
from runtime.errors import ProjectError
from runtime.process import leave, settle_memory, stop_event
from runtime.servers import wait_for_kafka
from runtime.settings import Settings
from sinks.cohort import keep_cohorts
from sinks.metrics import SinkMetrics
from sinks.sink import Sink, Surroundings


def run(settings: Settings, clock: Clock) -> None:
    """Write what the stream says to Postgres, until SIGTERM or SIGINT."""
    database_url(settings)
    wait_for_kafka(settings, partition_counts(settings.partitions))
    metrics = SinkMetrics()
    metrics.serve(settings)
    settle_memory()
    asyncio.run(_run(Surroundings(settings, clock, metrics)))


async def _run(around: Surroundings) -> None:
    stop = stop_event(asyncio.get_running_loop())
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Sink(around, stop).run())
            tasks.create_task(keep_cohorts(around, stop))
    except ExceptionGroup as group:
        first = group.exceptions[0]
        if isinstance(first, ProjectError):
            raise first from None
        leave(first)
