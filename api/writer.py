"""What the API writes to `activity`: a learner's own events, each acknowledged by every replica."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from uuid import UUID, uuid5
from weakref import WeakValueDictionary

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.alert_event import instant
from contracts.topics import ACTIVITY
from domain.ids import partition_of
from runtime.kafka import connect_options
from runtime.settings import Settings

WRITE_SECONDS: Final = 5.0
"""A write that Kafka has not acknowledged by then is answered as one that failed."""
STOP_SECONDS: Final = 3 * WRITE_SECONDS
WRITING_MAX: Final = 64
"""Writes that wait for Kafka at one time."""
SOURCE: Final = "learnstream.api"
_NAMESPACE: Final = UUID("8a4f1c52-6f0e-5c1b-9d57-1f3a0c6e2b90")

log = structlog.get_logger()


class KafkaAwayError(Exception):
    """Kafka did not acknowledge a write: it may or may not stand in the log."""


class KafkaBusyError(Exception):
    """Too many writes wait for Kafka."""


class Writer:
    """Writes events of learners, each into the partition that Java's partitioner gives it.

    The producer starts with the first write, and anew after one that failed: what an old one still
    holds is given up, so that a write that was answered as failed does not come much later.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic(ACTIVITY.name)
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._stopping: set[asyncio.Task[None]] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._writing = 0

    async def write(self, user_id: str, at: int, fields: dict[str, Any]) -> int:
        """Write one event that happened at `at`; returns its offset in the learner's partition.

        Raises KafkaAwayError and KafkaBusyError.
        """
        if self._writing >= WRITING_MAX:
            raise KafkaBusyError
        self._writing += 1
        try:
            return await self._in_time(user_id, _event(user_id, at, fields))
        finally:
            self._writing -= 1

    @asynccontextmanager
    async def turn(self, user_id: str) -> AsyncIterator[None]:
        """One learner's writes one after another, where a write depends on what stands already.

        Raises KafkaBusyError where those before it take too long.
        """
        turn = self._turns.setdefault(user_id, asyncio.Lock())
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await turn.acquire()
        except TimeoutError as error:
            raise KafkaBusyError from error
        try:
            yield
        finally:
            turn.release()

    async def close(self) -> None:
        """Stop the producer; what was acknowledged stands."""
        self._give_up()
        if self._stopping:
            await asyncio.wait(self._stopping, timeout=WRITE_SECONDS)

    async def _in_time(self, user_id: str, value: bytes) -> int:
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                producer = await self._started()
                key = user_id.encode()
                partition = partition_of(key, self._settings.partitions)
                sending = await producer.send(self._topic, value, key=key, partition=partition)
                stored = await asyncio.shield(sending)
        except (KafkaError, TimeoutError, OSError, AssertionError) as error:
            # aiokafka asserts that a partition is known, which it is not where the topic is not.
            log.warning("write_failed", error=type(error).__name__)
            if producer is self._producer:
                self._give_up()
            raise KafkaAwayError from error
        return int(stored.offset)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                made = AIOKafkaProducer(
                    **connect_options(self._settings),
                    acks="all",
                    enable_idempotence=True,
                    request_timeout_ms=int(WRITE_SECONDS * 1000),
                )
                try:
                    await made.start()
                except BaseException:
                    self._stop(made)
                    raise
                self._producer = made
            return self._producer

    def _give_up(self) -> None:
        """Let go of the producer, whatever it still holds."""
        if self._producer is not None:
            self._stop(self._producer)
            self._producer = None

    def _stop(self, producer: AIOKafkaProducer) -> None:
        stopping = asyncio.create_task(_stopped(producer))
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)


async def _stopped(producer: AIOKafkaProducer) -> None:
    """Stop it; what it still holds expires within its request timeout where Kafka is away."""
    with suppress(KafkaError, TimeoutError, OSError):
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
    with suppress(KafkaError, OSError):
        await producer.client.close()  # once more, where stopping did not come so far


def _event(user_id: str, at: int, fields: dict[str, Any]) -> bytes:
    """The event as JSON."""
    event = {
        "event_id": str(_event_id(user_id, at)),
        "user_id": user_id,
        "occurred_at": instant(at),
        "source": SOURCE,
        **fields,
    }
    return msgspec.json.encode(event)


def _event_id(user_id: str, at: int) -> UUID:
    """A new id for each write, since a learner may say the same twice in a second.

    It follows from the learner, the process and the moment, by a clock that never stands still.
    """
    cause = user_id, at, socket.gethostname(), os.getpid(), time.monotonic_ns()
    return uuid5(_NAMESPACE, "\x1f".join(map(str, cause)))
