"""Who watches which learner, and what tells them that the learner's rows have changed.

The sink notifies in the transaction of a batch (`contracts/notices.py`). One connection of the
process listens; on a notice one query looks at the versions of those who are watched here and are
of its partition, at most ten times a second. A look every few seconds covers what was missed.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg
import structlog

from contracts.notices import LEARNER_ROWS
from domain.ids import partition_of
from runtime.database import connect, one_line, statements
from runtime.settings import Settings

STREAMS_MAX: Final = 2_000
STREAMS_OF_ONE_MAX: Final = 8
PAUSE_SECONDS: Final = 0.1
"""Between two looks: what comes meanwhile is seen by the next one."""
WAKE_SECONDS: Final = 0.25
"""So long a new stream, or the end of the process, waits for the one that listens."""
LOOK_SECONDS: Final = 5.0
AWAY_SECONDS: Final = 1.0
SQL: Final = statements(Path(__file__).with_name("watched.sql"))

log = structlog.get_logger()


class TooManyStreamsError(Exception):
    """As many streams are open as one learner, or this process, may have."""


class Watch:
    """One open stream: the version that it knows, and whether there is another."""

    def __init__(self, user_id: str, partition: int, known: str | None) -> None:
        self.user_id = user_id
        self.partition = partition
        self.known = known
        self.changed = asyncio.Event()
        self._ended = False

    def has_ended(self) -> bool:
        """Whether the stream is to end."""
        return self._ended

    def tell(self, version: str) -> None:
        """There is this version now; where it is known, nothing is said."""
        if version != self.known:
            self.known = version
            self.changed.set()

    def end(self) -> None:
        """Let the stream end."""
        self._ended = True
        self.changed.set()


class Changes:
    """The open streams of this process; `keep` tells them what changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watches: set[Watch] = set()
        self._by_learner: Counter[str] = Counter()
        self._due: set[int] = set()
        self._closed = False

    def watch(self, user_id: str, known: str | None) -> Watch:
        """Begin to watch a learner; `known` is the version that the reader has.

        Raises TooManyStreamsError.
        """
        full = len(self._watches) >= STREAMS_MAX
        if self._closed or full or self._by_learner[user_id] >= STREAMS_OF_ONE_MAX:
            raise TooManyStreamsError
        partition = partition_of(user_id.encode(), self._settings.partitions)
        watch = Watch(user_id, partition, known)
        self._watches.add(watch)
        self._by_learner[user_id] += 1
        self._due.add(partition)
        return watch

    def leave(self, watch: Watch) -> None:
        """A stream is over."""
        self._watches.discard(watch)
        self._by_learner[watch.user_id] -= 1
        if not self._by_learner[watch.user_id]:
            del self._by_learner[watch.user_id]

    def close(self) -> None:
        """Let every stream end, and begin no other: the process stops."""
        self._closed = True
        for watch in self._watches:
            watch.end()

    async def keep(self, stop: asyncio.Event) -> None:
        """Listen until asked to stop; while Postgres is away, try again."""
        while not stop.is_set():
            try:
                async with await connect(self._settings, "learnstream api changes") as connection:
                    await self._listen(connection, stop)
            except (psycopg.Error, OSError) as error:
                log.debug("changes_unknown", reason=one_line(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AWAY_SECONDS)

    async def _listen(self, connection: psycopg.AsyncConnection, stop: asyncio.Event) -> None:
        await connection.execute(f"LISTEN {LEARNER_ROWS}")
        looked_at = float("-inf")  # what came while nobody listened is due at once
        while not stop.is_set():
            async for notice in connection.notifies(timeout=WAKE_SECONDS, stop_after=1):
                self._due.add(int(notice.payload))
            if time.monotonic() - looked_at > LOOK_SECONDS:
                looked_at = time.monotonic()
                self._due |= {watch.partition for watch in self._watches}
            if self._due:
                await self._look(connection)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self, connection: psycopg.AsyncConnection) -> None:
        due, self._due = self._due, set()
        found = {each.user_id for each in self._watches if each.partition in due}
        if not found:
            return
        cursor = await connection.execute(SQL["versions"], {"user_ids": list(found)})
        versions = {row[0]: f"{row[1]}-{row[2]}" for row in await cursor.fetchall()}
        for watch in self._watches:
            if watch.user_id in versions:
                watch.tell(versions[watch.user_id])
