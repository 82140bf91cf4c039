"""How far Postgres is behind each partition's log, measured in the background.

The worker's records go through `progress.state`, so Postgres alone cannot know what is not folded
yet: the API looks at the end of `activity` itself, and compares it with the partitions' records.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka.errors import KafkaError, KafkaTimeoutError, UnknownError

from api.pipeline import Members, Movement, members
from api.reads import DatabaseAwayError, Reads
from api.unfolded import SEARCH_SECONDS, Unfolded, unfolded
from runtime.clock import Clock
from runtime.servers import Outage
from runtime.settings import Settings

LOOK_SECONDS: Final = 1.0
STALE_SECONDS: Final = 15
YOUNG_SECONDS: Final = 3
HANG_SECONDS: Final = 10.0
"""So long a look may take, beside its searches: a client that hangs may never say so."""
MEMBERS_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 2.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lag:
    """The age of the oldest record not in Postgres yet; stale where it was not measured lately."""

    seconds: float
    stale: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """A lag as it was measured; `behind_since` is the oldest missing record's timestamp."""

    at: int
    behind_since: float | None


class Lags:
    """Every partition's lag; `keep` measures, and anybody asks.

    `kafka_up` is whether Kafka answers; `fault` is why nothing can be measured although it does;
    `movement` is whether what has to be folded is.
    """

    def __init__(self, settings: Settings, clock: Clock, reads: Reads) -> None:
        self._settings = settings
        self._clock = clock
        self._reads = reads
        self._measured: dict[int, Measured] = {}
        self._outage: Outage | None = None
        self._alive_at = 0.0
        self._members_at = 0.0
        self._hanging: set[asyncio.Task[None]] = set()
        self.movement = Movement(settings.partitions)
        self.kafka_up = False
        self.fault: str | None = None

    def of(self, partition: int) -> Lag:
        """The lag of one partition: as measured, and growing where that was some seconds ago."""
        measured = self._measured.get(partition)
        if measured is None:
            return Lag(0.0, stale=True)
        now = self._clock.now()
        young = now - measured.at <= YOUNG_SECONDS
        since = measured.behind_since
        seconds = 0.0 if since is None else max(0.0, (measured.at if young else now) - since)
        return Lag(seconds, stale=now - measured.at > STALE_SECONDS)

    async def keep(self, stop: asyncio.Event) -> None:
        """Measure until asked to stop; whatever fails is logged and tried again a little later."""
        while not stop.is_set():
            measuring = asyncio.create_task(self._measure(stop))
            self._alive()
            try:
                while not measuring.done() and not self._hangs():
                    await asyncio.wait({measuring}, timeout=LOOK_SECONDS)
            finally:
                measuring.cancel()
            await self._ended(measuring, stop)

    async def _ended(self, measuring: "asyncio.Task[None]", stop: asyncio.Event) -> None:
        """What may come of aiokafka 0.14 where Kafka goes, beside errors."""
        if not measuring.done():
            self._hanging.add(measuring)  # it may not even end when it is cancelled
            measuring.add_done_callback(self._hanging.discard)
            self._failed(TimeoutError("a look at the log did not come to an end"))
        elif measuring.cancelled():
            self._failed(TimeoutError("a reader of the log was cancelled when it was stopped"))
            await _pause(stop, LOOK_SECONDS)

    async def _measure(self, stop: asyncio.Event) -> None:
        try:
            async with unfolded(self._settings) as source, members(self._settings) as group:
                await self._watch(source, group, stop)
        except Exception as error:  # noqa: BLE001 - a measurement that ends would be silent
            self._failed(error)
            await _pause(stop, LOOK_SECONDS)

    async def _watch(self, source: Unfolded, group: Members, stop: asyncio.Event) -> None:
        self._answered()
        while not stop.is_set():
            self._alive()
            with suppress(DatabaseAwayError):
                checkpoints = await self._reads.checkpoints()
                await self._look(source, {each.partition: each.next for each in checkpoints})
            await self._look_at(group)
            await _pause(stop, LOOK_SECONDS)

    async def _look(self, source: Unfolded, stands: dict[int, int]) -> None:
        async for partition, since in source.oldest(stands):
            self._measured[partition] = Measured(self._clock.now(), since)
            self.movement.saw(partition, stands.get(partition, 0), behind=since is not None)
        self.fault = None

    async def _look_at(self, group: Members) -> None:
        """Less often; a coordinator that cannot tell leaves all else as it is."""
        if self._alive_at - self._members_at < MEMBERS_SECONDS:
            return
        self._members_at = self._alive_at
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self.movement.saw_owned(await group.owned())
        except (KafkaError, TimeoutError):
            self.movement.saw_owned(None)

    def _alive(self) -> None:
        self._alive_at = time.monotonic()

    def _hangs(self) -> bool:
        searches = 2 * SEARCH_SECONDS * self._settings.partitions
        return time.monotonic() - self._alive_at > HANG_SECONDS + searches

    def _answered(self) -> None:
        if self._outage is not None:
            log.info("kafka_reconnected")
        self.kafka_up, self._outage = True, None

    def _failed(self, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        if _is_away(error):
            self._outage = self._outage or Outage("kafka_away")
            self._outage.say(reason)
            self.kafka_up, self.fault = False, None
            return
        if self.fault != reason:
            log.error("lag_unknown", exc_info=error)
        self.fault = reason


def _is_away(error: Exception) -> bool:
    """Whether it is a server that does not answer, now or yet; all else is said as a fault."""
    if isinstance(error, KafkaError):
        return error.retriable or isinstance(error, (KafkaTimeoutError, UnknownError))
    return isinstance(error, (TimeoutError, OSError))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
