"""Events of many learners in turn, at a steady rate."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer

from benchmarks.sending import content_viewed, paced, wall_ms


@dataclass(slots=True)
class Sending:
    """Sends events of one learner after the other; `sent` is told of each before it leaves."""

    producer: AIOKafkaProducer
    topic: str
    learners: Sequence[str]
    sent: Callable[[str, float], None] = lambda _user, _at: None
    counts: Counter[str] = field(default_factory=Counter)
    """How many of each: a content is another one each time, as it counts once in an hour."""
    turn: int = 0

    async def go(self, rate: float, seconds: float) -> None:
        """Send so many a second for so long; return when the broker has them all."""
        async with asyncio.TaskGroup() as group:
            async for _ in paced(rate, seconds):
                user = self.learners[self.turn % len(self.learners)]
                self.turn += 1
                group.create_task(self.send(user))

    async def send(self, user: str) -> float:
        """Send one event now; when that was, in ms since the epoch."""
        self.counts[user] += 1
        number = self.counts[user]
        at = wall_ms()
        self.sent(user, at)
        value = content_viewed(f"live-{user}-{number}", user, number, at)
        await self.producer.send_and_wait(self.topic, key=user.encode(), value=value)
        return at
