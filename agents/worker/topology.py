"""The pipeline of a worker on one page: activity -> owner -> one transaction a batch."""

import asyncio
from typing import Final

from agents.partition_owner.assignment import Assignment
from agents.partition_owner.faust_app import quiet_loggers
from agents.partition_owner.job import Job
from agents.partition_owner.process import own_partitions
from agents.worker.context import Context
from agents.worker.courses import CourseReader
from agents.worker.halting import explained
from agents.worker.hot_states import HotStates
from agents.worker.metrics import Metrics
from agents.worker.snapshots import SnapshotReader
from agents.worker.stored import WorkerStored
from contracts.topics import ACTIVITY, STATE, TOPICS, partition_counts
from domain.configuration import Configuration
from runtime.clock import WallClock
from runtime.failpoints import Failpoints
from runtime.process import leave
from runtime.servers import wait_for_kafka
from runtime.settings import Settings

_MIB: Final = 1_048_576


def run_worker(settings: Settings, configuration: Configuration, *, resume: bool = False) -> int:
    """Own partitions until a signal asks to stop; every other end is an exit status of its own."""
    quiet_loggers()
    wait_for_kafka(settings, partition_counts(settings.partitions))
    asyncio.run(_run(settings, configuration, resume=resume))
    return 0


def worker_job(context: Context) -> Job:
    """What a worker owns partitions for: `activity` is folded, its states are `progress.state`."""
    settings = context.settings
    return Job(
        settings=settings,
        group=settings.group,
        source=ACTIVITY,
        state=STATE,
        topics=TOPICS,
        metrics=context.metrics,
        failpoints=Failpoints(settings.failpoints),
        make_stored=lambda partition: WorkerStored(context, partition),
        explain=lambda error, partition: explained(error, settings, partition),
    )


async def _run(settings: Settings, configuration: Configuration, *, resume: bool) -> None:
    def wake_owners() -> None:
        owners.wake()

    clock, metrics = WallClock(), Metrics()
    context = Context(
        settings=settings,
        configuration=configuration,
        clock=clock,
        courses=CourseReader(settings, on_change=wake_owners),
        snapshots=SnapshotReader(settings, clock, metrics, on_change=wake_owners),
        metrics=metrics,
        hot=HotStates(settings.hot_states_mib * _MIB),
    )
    job = worker_job(context)
    owners = Assignment(job, fail=leave)
    context.metrics.serve(settings)
    readers = [context.courses.run(), context.snapshots.run()]
    await own_partitions(job, owners, readers, resume=resume)
