"""Events at a steady rate, as an LMS produces them, for benchmarks of a whole stack."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from runtime.kafka import connect_options
from runtime.settings import Settings


def a_producer(settings: Settings) -> AIOKafkaProducer:
    """A producer that sends at once and loses nothing; it is yet to be started."""
    return AIOKafkaProducer(
        **connect_options(settings), acks="all", enable_idempotence=True, linger_ms=0
    )


def wall_ms() -> float:
    """Milliseconds since the epoch, as the broker, the worker and `Date.now()` count them."""
    return time.time_ns() / 1e6


def content_viewed(event_id: str, user: int | str, number: int, at: float) -> bytes:
    """The event of one content that was viewed at `at` (ms since the epoch)."""
    event = {
        "event_id": event_id,
        "user_id": user,
        "type": "content_viewed",
        "occurred_at": datetime.fromtimestamp(at / 1000, UTC).isoformat(),
        "course_id": "course-2024-spring",
        "content_id": f"content-{number % 977}",
        "content_kind": "page",
        "source": "bench",
    }
    return json.dumps(event).encode()


async def paced(rate: float, seconds: float) -> AsyncIterator[int]:
    """0, 1, 2 ..., each when it is due, evenly, for so long."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
        yield number
