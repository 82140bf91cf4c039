"""The owner of one partition: takes what waits, folds it, commits it, and only then continues."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from agents.partition_owner.inbox import Inbox
from agents.partition_owner.job import Job, Stored
from agents.partition_owner.ownership import Ownership
from agents.partition_owner.takeover import take_over
from agents.partition_owner.transaction import Committer
from agents.partition_owner.transport import Batch, Standing
from runtime.errors import TooManyRejectedError

DEADLINE_SECONDS: Final = 40.0
"""Around each batch and each take-over: retries of a produce request have no end of their own."""
_POLL_SECONDS: Final = 1.0

log = structlog.get_logger()


class Owner:
    """One partition's owner, from its assignment to its revocation."""

    def __init__(self, job: Job, partition: int, stored: Stored | None) -> None:
        self.partition = partition
        self.stored = stored
        self.advances = 0
        """Moves with every commit."""
        self.rounds = 0
        """Moves once a second at least, work or not, unless a batch or the end of all hangs."""
        self.halted = False
        """Whether it ended because too many events were rejected: it takes no more."""
        self._job = job
        self._inbox = Inbox(partition)
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def accepts_more(self) -> bool:
        """Whether another fetch fits: one batch is being folded, about one more may wait."""
        return not self.halted and self._inbox.records < self._job.settings.batch_records

    @property
    def waiting(self) -> int:
        """How many records were delivered and not yet folded."""
        return self._inbox.records

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping

    @property
    def opened(self) -> bool:
        """Whether the take-over is over and records may come."""
        return self._inbox.opened

    def deliver(self, batch: Batch) -> None:
        """Take a batch, to be folded next; raises CrashError where it does not follow the last."""
        if self._stopping or self.halted:
            return
        self._inbox.add(batch)
        self._wake.set()

    def wake(self) -> None:
        """Look whether there is something to do beside records."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """End after the transaction that runs now."""
        self._stopping = True
        self._wake.set()

    async def run(
        self,
        open_at: Callable[[int], Awaitable[bool]],
        standing: Callable[[], Standing],
    ) -> None:
        """Take the partition over and own it until asked to stop.

        Raises TooManyRejectedError where the partition halts or is halted, and is `halted` from
        then on; everything else that it raises is the end of the process.
        """
        try:
            await self._own(open_at, standing)
        except TooManyRejectedError as error:
            self.halted = True
            raise await self._job.explain(error, self.partition) from error

    async def resume(self) -> None:
        """Take a halted partition over, resume it, and leave it to whoever owns it next."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            ownership = await self._take_over(resume=True)
        await ownership.close()

    async def _own(
        self,
        open_at: Callable[[int], Awaitable[bool]],
        standing: Callable[[], Standing],
    ) -> None:
        started = time.monotonic()
        async with asyncio.timeout(DEADLINE_SECONDS):
            ownership = await self._take_over(resume=False)
        self._inbox.open(ownership.fold.position.next)
        try:
            # Where it cannot be opened, a rebalance came between: a new owner starts after it.
            if self._stopping or await open_at(ownership.fold.position.next):
                self._say_taken(ownership, time.monotonic() - started)
                await self._fold_batches(ownership, standing)
        except TooManyRejectedError:
            await ownership.close()
            raise
        # Any other error is the end of the process: to close in order may wait for ever.
        await ownership.close()

    async def _take_over(self, *, resume: bool) -> Ownership:
        """Fence, load, check, and commit what is new since the last owner."""
        job, partition = self._job, self.partition
        taken = await take_over(job, partition, self.stored, resume=resume)
        try:
            self.stored = taken.stored
            ownership = Ownership(
                job,
                partition,
                taken.stored,
                await taken.stored.open(taken.position),
                taken.producer,
                Committer(taken.producer, job, partition),
            )
            self.advances += await ownership.commit()
        except BaseException:
            await taken.producer.stop()
            raise
        return ownership

    def _say_taken(self, ownership: Ownership, seconds: float) -> None:
        self._job.metrics.took("takeover_seconds", self.partition, seconds)
        log.info("partition_taken", partition=self.partition, next=ownership.fold.position.next)

    async def _fold_batches(self, ownership: Ownership, standing: Callable[[], Standing]) -> None:
        while not self._stopping:
            await self._pause()
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._fold_batch(ownership, standing())
            self.rounds += 1

    async def _fold_batch(self, ownership: Ownership, standing: Standing) -> None:
        if not await ownership.fold_batch(self._inbox, standing):
            return
        self.advances += 1
        position = ownership.fold.position
        if position.halted is not None:
            raise TooManyRejectedError(
                f"partition {self.partition} halted at offset {position.next}: {position.halted}"
            )

    async def _pause(self) -> None:
        """Until something waits, or a second: a timer may be due."""
        if self._inbox.records:
            return
        self._wake.clear()
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return
