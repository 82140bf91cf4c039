"""A partition that is ours: what waits is folded and committed, one transaction a batch."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer

from agents.partition_owner.inbox import Inbox
from agents.partition_owner.job import Fold, Job, Stored
from agents.partition_owner.transaction import Committer
from agents.partition_owner.transport import Standing

_CHUNK_RECORDS: Final = 1_000
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Ownership:
    """A partition from its take-over to its end.

    Invariants:
        I4: what the fold holds in memory is what was committed.
    """

    job: Job
    partition: int
    stored: Stored
    fold: Fold
    producer: AIOKafkaProducer
    committer: Committer

    async def fold_batch(self, inbox: Inbox, standing: Standing) -> bool:
        """Fold what came beside the records, then what waits of them, and commit all of it at once.

        Returns whether there was anything to commit; whatever the transaction raises, the process
        has to end.
        """
        fold = self.fold
        fold.begin()
        await fold.adopt(idle=standing.caught_up and not inbox.records)
        started = time.monotonic()
        records = inbox.take(self.job.settings.batch_records)
        for first in range(0, len(records), _CHUNK_RECORDS):
            fold.fold(records[first : first + _CHUNK_RECORDS])
            await asyncio.sleep(0)  # the other owners' requests go out meanwhile
        if records:
            self.job.metrics.took("fold_seconds", self.partition, time.monotonic() - started)
        if not await self.commit():
            return False
        fold.report()
        return True

    async def commit(self) -> bool:
        """Write what the batch changed, if anything; only then does it stand in memory."""
        writing = self.fold.writing()
        if writing is None:
            return False
        started = time.monotonic()
        self.stored.next = await self.committer.commit(writing)
        self.job.metrics.took("transaction_seconds", self.partition, time.monotonic() - started)
        self.fold.committed()
        return True

    async def close(self) -> None:
        """Stop the producer and what the fold reads from."""
        async with asyncio.timeout(_STOP_SECONDS):
            await self.producer.stop()
            await self.fold.close()
