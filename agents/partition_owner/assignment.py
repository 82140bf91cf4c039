"""Which partitions this process owns now: owners start when assigned and end when revoked."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from faust.types import TP

from agents.partition_owner.faust_app import OwnerApp
from agents.partition_owner.job import Job, Stored
from agents.partition_owner.owner import Owner
from agents.partition_owner.transport import Batch, BatchConsumer, Standing
from runtime.errors import CrashError, LossError, TooManyRejectedError

STOP_SHARE: Final = 0.6
"""Of the session timeout: later than that, somebody else may own the partition already."""

log = structlog.get_logger()


class Assignment:
    """The owners of this process's partitions.

    Invariants:
        I4: an owner of an assignment that is over has ended before the next one begins.
    """

    def __init__(self, job: Job, fail: Callable[[BaseException], Any]) -> None:
        self._job = job
        self._fail = fail
        self._topic = job.settings.topic(job.source.name)
        self._owners: dict[int, Owner] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stored: dict[int, Stored] = {}
        self._halts: set[int] = set()
        """The partitions whose halt was said: the process does not end before the last one's."""
        self._generation = -1
        self._app: OwnerApp
        self._consumer: BatchConsumer

    def attach(self, app: OwnerApp) -> None:
        """Take the partitions that `app` is given; call it in the event loop that runs `app`.

        Faust makes its consumer when it is first asked for, and binds it to the loop of the thread
        that asks. Were it not made here, the watchdog's thread could be the first, and the worker
        would crash in a loop of another thread's.
        """
        consumer = app.consumer
        assert isinstance(consumer, BatchConsumer), "made by BatchTransport"
        self._app, self._consumer = app, consumer

    def accepts_more(self, partition: int) -> bool:
        """Whether the partition's owner can take more."""
        owner = self._owners.get(partition)
        return owner is not None and owner.accepts_more

    def out_of_range(self, error: Exception) -> None:
        """A log that no longer holds our position is a loss."""
        self._fail(LossError(f"{self._topic}: a position lies outside of the log: {error}"))

    def deliver(self, batch: Batch) -> None:
        """Hand a batch to its owner; what belongs to an assignment that is over is dropped."""
        owner = self._owners.get(batch.partition)
        if owner is None or batch.generation != self._generation:
            return
        try:
            owner.deliver(batch)
        except CrashError as error:
            self._fail(error)

    def wake(self) -> None:
        """Let every owner look whether there is something to do."""
        for owner in self._owners.values():
            owner.wake()

    async def assigned(self, *sent: Any, **_: Any) -> None:
        """Start an owner for every partition, side by side: open transactions end at once."""
        await self.stop()
        self._generation = self._app.consumer_generation_id
        assigned: Iterable[TP] = sent[1]
        for tp in assigned:
            if tp.topic == self._topic:
                self._start(tp.partition)
        log.info("assigned", partitions=sorted(self._owners), generation=self._generation)

    async def revoked(self, *_: Any, **__: Any) -> None:
        """End every owner: a rebalance takes all, and gives those that stay again."""
        await self.stop()

    async def stop(self) -> None:
        """Let running transactions end; one that takes too long ends the process."""
        self._consumer.close_all()
        for owner in self._owners.values():
            owner.ask_to_stop()
        for partition, task in self._tasks.items():
            if not self._owners[partition].opened:
                task.cancel()  # of a take-over nothing is left but what is in the log
        if self._tasks:
            seconds = STOP_SHARE * self._job.settings.session_timeout_seconds
            _, pending = await asyncio.wait(self._tasks.values(), timeout=seconds)
            if pending:
                self._fail(CrashError(f"a transaction did not end within {seconds:.1f} s"))
        for partition, owner in self._owners.items():
            if owner.stored is not None and owner.opened:
                self._stored[partition] = owner.stored
            self._job.metrics.show("worker_halted", partition, 0)
        self._owners.clear()
        self._tasks.clear()
        self._halts.clear()

    def standings(self) -> dict[int, tuple[Owner, Standing]]:
        """Where every owner and its partition's consumer stand; safe to ask from any thread."""
        return {
            partition: (owner, self._consumer.standing(TP(self._topic, partition)))
            for partition, owner in list(self._owners.items())
        }

    def share(self) -> frozenset[int] | None:
        """The partitions that the group has given us; None while it is giving them."""
        share = self._consumer.share()
        if share is None:
            return None
        return frozenset(tp.partition for tp in share if tp.topic == self._topic)

    def membership_lost(self) -> bool:
        """Whether nobody keeps this worker in its group any more."""
        return self._consumer.coordination_ended()

    def _start(self, partition: int) -> None:
        owner = Owner(self._job, partition, self._stored.pop(partition, None))
        tp = TP(self._topic, partition)
        consumer = self._consumer
        task = asyncio.create_task(
            owner.run(lambda offset: consumer.open(tp, offset), lambda: consumer.standing(tp)),
            name=f"owner-{partition}",
        )
        task.add_done_callback(lambda task: self._ended(owner, task))
        self._owners[partition] = owner
        self._tasks[partition] = task
        self._job.metrics.show("worker_halted", partition, 0)

    def _ended(self, owner: Owner, task: "asyncio.Task[None]") -> None:
        """An owner that ends with an error ends the process; so does one that nobody ended.

        Only a halt is the partition's own affair: the others continue, as long as there are any.
        """
        if task.cancelled():
            if not owner.stopping:
                self._fail(CrashError(f"partition {owner.partition}: its owner was cancelled"))
            return
        error = task.exception()
        if isinstance(error, TooManyRejectedError):
            self._halted(owner, error)
        elif error is not None:
            self._fail(error)

    def _halted(self, owner: Owner, error: TooManyRejectedError) -> None:
        log.error("partition_halted", partition=owner.partition, reason=str(error))
        if self._owners.get(owner.partition) is not owner:
            return  # a rebalance came between: its next owner says the same
        self._job.metrics.show("worker_halted", owner.partition, 1)
        self._halts.add(owner.partition)
        if self._halts == self._owners.keys():
            self._fail(error)
