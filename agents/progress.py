"""The agent of `activity`: it hands every batch to the owner of its partition, and does no more."""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Protocol

from agents.transport import Batch


class Owners(Protocol):
    """Who owns which partition now."""

    def deliver(self, batch: Batch) -> None:
        """Take a batch, or drop it where it belongs to an assignment that is over."""
        ...


def make_progress(owners: Owners) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """The agent's function. It never waits: an owner that is full is not fetched for."""

    async def progress(batches: AsyncIterator[Batch]) -> None:
        async for batch in batches:
            owners.deliver(batch)

    return progress
