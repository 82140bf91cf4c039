"""Who watches which learner or course, and what tells them that its rows have changed.

The sink notifies in the transaction of a batch (`contracts/notices.py`). One connection of the
process listens. On a notice of learners one query looks at the versions of those who are watched
here and are of its partition, at most ten times a second; a look every few seconds covers what was
missed. A notice of a course is passed on as it is, and all who watch one are told when the process
listens anew.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg
import structlog

from contracts.notices import COURSE_ROWS, LEARNER_ROWS
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
    """As many streams are open as one reader, or this process, may have."""


class Watch:
    """One open stream: whose it is, the version that it knows, and whether there is another."""

    def __init__(self, reader: str, known: str | None = None) -> None:
        self.reader = reader
        self.known = known
        self.changed = asyncio.Event()
        self._ended = asyncio.Event()

    def has_ended(self) -> bool:
        """Whether the stream is to end."""
        return self._ended.is_set()

    def tell(self, version: str) -> None:
        """There is this version now; where it is known, nothing is said."""
        if version != self.known:
            self.known = version
            self.changed.set()

    def end(self) -> None:
        """Let the stream end."""
        self._ended.set()
        self.changed.set()

    async def rest(self, seconds: float) -> None:
        """Let changes come together for so long, or until the stream is to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)


class LearnerWatch(Watch):
    """A stream about a learner, of the learner's partition."""

    def __init__(self, user_id: str, partition: int, known: str | None) -> None:
        super().__init__(reader=user_id, known=known)
        self.user_id = user_id
        self.partition = partition


class CourseWatch(Watch):
    """A stream about a course; its reader knows nothing yet, so there is a change at once."""

    def __init__(self, reader: str, course_id: str) -> None:
        super().__init__(reader)
        self.course_id = course_id
        self.changed.set()


class Changes:
    """The open streams of this process; `keep` tells them what changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._learners: set[LearnerWatch] = set()
        self._courses: dict[str, set[CourseWatch]] = {}
        self._by_reader: Counter[str] = Counter()
        self._due: set[int] = set()
        self._closed = False

    def watch(self, user_id: str, known: str | None) -> LearnerWatch:
        """Begin to watch a learner; `known` is the version that the reader has.

        Raises TooManyStreamsError.
        """
        self._admit(user_id)
        partition = partition_of(user_id.encode(), self._settings.partitions)
        watch = LearnerWatch(user_id, partition, known)
        self._learners.add(watch)
        self._due.add(partition)
        return watch

    def watch_course(self, course_id: str, reader: str) -> CourseWatch:
        """Begin to watch a course for a reader; raises TooManyStreamsError."""
        self._admit(reader)
        watch = CourseWatch(reader, course_id)
        self._courses.setdefault(course_id, set()).add(watch)
        return watch

    def leave(self, watch: Watch) -> None:
        """A stream is over."""
        if isinstance(watch, LearnerWatch):
            self._learners.discard(watch)
        elif isinstance(watch, CourseWatch):
            self._courses[watch.course_id].discard(watch)
            if not self._courses[watch.course_id]:
                del self._courses[watch.course_id]
        self._by_reader[watch.reader] -= 1
        if not self._by_reader[watch.reader]:
            del self._by_reader[watch.reader]

    def close(self) -> None:
        """Let every stream end, and begin no other: the process stops."""
        self._closed = True
        for watch in (*self._learners, *self._of_courses()):
            watch.end()

    def _admit(self, reader: str) -> None:
        full = self._by_reader.total() >= STREAMS_MAX
        if self._closed or full or self._by_reader[reader] >= STREAMS_OF_ONE_MAX:
            raise TooManyStreamsError
        self._by_reader[reader] += 1

    def _of_courses(self) -> Iterator[CourseWatch]:
        for watches in self._courses.values():
            yield from watches

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
        for channel in (LEARNER_ROWS, COURSE_ROWS):
            await connection.execute(f"LISTEN {channel}")
        looked_at = float("-inf")  # what came while nobody listened is due at once
        for watch in self._of_courses():
            watch.changed.set()
        while not stop.is_set():
            async for notice in connection.notifies(timeout=WAKE_SECONDS, stop_after=1):
                self._take(notice)
            if time.monotonic() - looked_at > LOOK_SECONDS:
                looked_at = time.monotonic()
                self._due |= {watch.partition for watch in self._learners}
            if self._due:
                await self._look(connection)
                await asyncio.sleep(PAUSE_SECONDS)

    def _take(self, notice: psycopg.Notify) -> None:
        if notice.channel == LEARNER_ROWS:
            self._due.add(int(notice.payload))
        else:
            for watch in self._courses.get(notice.payload, ()):
                watch.changed.set()

    async def _look(self, connection: psycopg.AsyncConnection) -> None:
        due, self._due = self._due, set()
        found = {each.user_id for each in self._learners if each.partition in due}
        if not found:
            return
        cursor = await connection.execute(SQL["versions"], {"user_ids": list(found)})
        versions = {row[0]: f"{row[1]}-{row[2]}" for row in await cursor.fetchall()}
        for watch in self._learners:
            if watch.user_id in versions:
                watch.tell(versions[watch.user_id])
