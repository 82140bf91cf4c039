"""The trainer on one page: model.examples -> what was learned, snapshots, position, at once."""

import asyncio

from agents.partition_owner.assignment import Assignment
from agents.partition_owner.faust_app import quiet_loggers
from agents.partition_owner.job import Job
from agents.partition_owner.process import own_partitions
from agents.trainer.context import Context
from agents.trainer.metrics import Metrics
from agents.trainer.stored import TrainerStored
from contracts.topics import ALERTS, EXAMPLES, SNAPSHOTS, partition_counts
from runtime.clock import Clock, WallClock
from runtime.errors import TooManyRejectedError
from runtime.failpoints import Failpoints
from runtime.process import leave
from runtime.servers import wait_for_kafka
from runtime.settings import Settings


def run_trainer(settings: Settings) -> int:
    """Learn until a signal asks to stop; every other end is an exit status of its own."""
    quiet_loggers()
    wait_for_kafka(settings, partition_counts(settings.partitions))
    asyncio.run(_run(settings, WallClock()))
    return 0


def trainer_job(context: Context) -> Job:
    """What the trainer owns a partition for: `model.examples` is learned into `model.snapshots`."""
    settings = context.settings
    return Job(
        settings=settings,
        group=trainer_group(settings),
        source=EXAMPLES,
        state=SNAPSHOTS,
        topics=(EXAMPLES, SNAPSHOTS, ALERTS),
        metrics=context.metrics,
        failpoints=Failpoints(settings.failpoints),
        make_stored=lambda _: TrainerStored(context),
        explain=_as_it_is,
    )


def trainer_group(settings: Settings) -> str:
    """The consumer group of trainers: one of them learns, the others wait for its end."""
    return f"{settings.group}-trainer"


async def _run(settings: Settings, clock: Clock) -> None:
    context = Context(settings=settings, clock=clock, metrics=Metrics())
    job = trainer_job(context)
    context.metrics.serve(settings)
    await own_partitions(job, Assignment(job, fail=leave), [], resume=False)


async def _as_it_is(error: TooManyRejectedError, _: int) -> TooManyRejectedError:
    """Nothing is added: a trainer never halts, as what it reads is written by learnstream."""
    return error
