"""What was fetched for a partition and is not folded yet."""

from collections import deque

from agents.partition_owner.transport import Batch, Raw
from runtime.errors import CrashError


class Inbox:
    """Whole fetches, in order.

    Invariants:
        I1, I4: a batch begins where the last one ended.
    """

    def __init__(self, partition: int) -> None:
        self.records = 0
        """How many records wait."""
        self._partition = partition
        self._batches: deque[Batch] = deque()
        self._expected: int | None = None

    @property
    def opened(self) -> bool:
        """Whether it is known where the first batch begins."""
        return self._expected is not None

    def open(self, offset: int) -> None:
        """The first batch begins here."""
        self._expected = offset

    def add(self, batch: Batch) -> None:
        """Keep a batch; raises CrashError where it does not follow on the one before."""
        if batch.start != self._expected:
            raise CrashError(
                f"partition {self._partition}: a batch from {batch.start} on came, "
                f"expected {self._expected}"
            )
        self._expected = batch.records[-1].offset + 1
        self._batches.append(batch)
        self.records += len(batch.records)

    def take(self, limit: int) -> list[Raw]:
        """Whole batches, merged up to `limit` records, at least one batch."""
        taken: list[Raw] = []
        while self._batches and (not taken or len(taken) + len(self._batches[0].records) <= limit):
            taken += self._batches.popleft().records
        self.records -= len(taken)
        return taken
