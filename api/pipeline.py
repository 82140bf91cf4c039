"""Whether the pipeline moves: what has to be folded is, and every partition has a worker."""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol

from contracts.topics import ACTIVITY
from runtime.kafka import connect_options
from runtime.settings import Settings

STILL_SECONDS: Final = 30.0
"""So long a partition may stand still: longer than any take-over that the fault runs saw."""


@dataclass(slots=True)
class Movement:
    """Since when a partition has had work and did not move, and since when it has had no worker."""

    partitions: int
    now: Callable[[], float] = time.monotonic
    _stood: dict[int, tuple[int, float]] = field(default_factory=dict)
    _without: dict[int, float] = field(default_factory=dict)

    def saw(self, partition: int, next_: int, *, behind: bool) -> None:
        """Postgres has the partition up to `next_`, and there is more behind it or not."""
        if not behind:
            self._stood.pop(partition, None)
        elif partition not in self._stood or self._stood[partition][0] != next_:
            self._stood[partition] = next_, self.now()

    def saw_owned(self, owned: Iterable[int] | None) -> None:
        """The group's members have these partitions; None where nobody could tell."""
        owned = range(self.partitions) if owned is None else owned
        without = sorted(set(range(self.partitions)) - set(owned))
        self._without = {each: self._without.get(each, self.now()) for each in without}

    def still(self) -> dict[int, float]:
        """For how many seconds partitions with work have stood still, where that is too long."""
        return self._too_long({each: since for each, (_, since) in self._stood.items()})

    def without_worker(self) -> dict[int, float]:
        """For how many seconds partitions have had no worker, where that is too long."""
        return self._too_long(self._without)

    def _too_long(self, since: dict[int, float]) -> dict[int, float]:
        now = self.now()
        return {each: now - at for each, at in sorted(since.items()) if now - at > STILL_SECONDS}


@dataclass(frozen=True, slots=True)
class Members:
    """The workers' group as its coordinator knows it."""

    client: AIOKafkaAdminClient
    settings: Settings

    async def owned(self) -> frozenset[int] | None:
        """The partitions that members of the group have; None where nobody can tell.

        Raises an error of aiokafka where Kafka does not answer.
        """
        answer: Any
        (answer,) = await self.client.describe_consumer_groups([self.settings.group])
        error, _, _, _, _, found = answer.groups[0][:6]
        if error != 0:  # it is loading, or we may not ask
            return None
        topic = self.settings.topic(ACTIVITY.name)
        return frozenset(
            place.partition
            for *_, assignment in found
            if assignment
            for place in ConsumerProtocol.ASSIGNMENT.decode(assignment).partitions()
            if place.topic == topic
        )


@asynccontextmanager
async def members(settings: Settings) -> AsyncIterator[Members]:
    """The group's members, connected; raises an error of aiokafka without Kafka."""
    client = AIOKafkaAdminClient(**connect_options(settings))
    try:
        await client.start()
        yield Members(client, settings)
    finally:
        await client.close()
