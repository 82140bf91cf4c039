"""Many open streams of one API process: what they cost it, and when their hints come.

A hint names the learner's version, which begins with how often the learner's state has changed. So
an event has been hinted at once a stream has heard of as many changes more as events were sent.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import psutil

from api.changes import STREAMS_OF_ONE_MAX
from benchmarks.sending import wall_ms
from benchmarks.stack import Running
from operations.token import issue
from runtime.clock import WallClock

PATH: Final = "/api/v1/progress/stream"
OPENED_AT_ONCE: Final = 50
OPEN_SECONDS: Final = 60.0
GONE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.002


@dataclass(slots=True)
class Stream:
    """What one stream has heard: how many changes of its learner, and when (ms)."""

    user: str
    heard: list[tuple[int, float]] = field(default_factory=list)
    first: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, line: bytes, at: float) -> None:
        """One line of the answer."""
        if line.startswith(b"id: "):
            self.heard.append((int(line[4:].partition(b"-")[0]), at))
            self.first.set()


@dataclass(frozen=True, slots=True)
class Hinted:
    """From each event to the hint of each stream of its learner, in ms; and those without one."""

    times: Sequence[float]
    lost: int


def readers(streams: int) -> list[str]:
    """Whose each stream is: as few learners as may have so many, each in turn."""
    learners = -(-streams // STREAMS_OF_ONE_MAX)
    return [f"stream-{number % learners}" for number in range(streams)]


def hinted(
    streams: Sequence[Stream], sent: Mapping[str, Sequence[float]], known: Mapping[str, int]
) -> Hinted:
    """What came of the events; `known` is each learner's number of changes before the first."""
    times, lost = list[float](), 0
    for stream in streams:
        for changes, at in enumerate(sent.get(stream.user, ()), known[stream.user] + 1):
            heard = (when for number, when in stream.heard if number >= changes and when >= at)
            when = next(heard, None)
            if when is None:
                lost += 1
            else:
                times.append(when - at)
    return Hinted(times, lost)


class Streams:
    """Open streams, each read by a task of its own."""

    def __init__(self, stack: Running) -> None:
        self.open: list[Stream] = []
        self._address = urlsplit(stack.api)
        self._settings = stack.settings()
        self._tokens: dict[str, str] = {}
        self._reading: set[asyncio.Task[None]] = set()

    async def begin(self, users: Sequence[str]) -> None:
        """Open one for each; returns once all have heard of their learner's version."""
        gate = asyncio.Semaphore(OPENED_AT_ONCE)
        async with asyncio.timeout(OPEN_SECONDS), asyncio.TaskGroup() as group:
            for user in users:
                group.create_task(self._begin(user, gate))
        async with asyncio.timeout(OPEN_SECONDS):
            for stream in self.open:
                await stream.first.wait()

    def known(self) -> dict[str, int]:
        """How many changes of each learner were heard of by all of the learner's streams."""
        known: defaultdict[str, list[int]] = defaultdict(list)
        for stream in self.open:
            known[stream.user].append(stream.heard[-1][0])
        return {user: min(numbers) for user, numbers in known.items()}

    def running(self) -> int:
        """How many have not ended."""
        return sum(not stream.ended.is_set() for stream in self.open)

    async def end(self) -> None:
        """Read no more."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    async def _begin(self, user: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            host, port = self._address.hostname, self._address.port
            reader, writer = await asyncio.open_connection(host, port)
            head = f"GET {PATH} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            writer.write(f"{head}Authorization: Bearer {self._token(user)}\r\n\r\n".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 "), answer.decode("latin-1")
            stream = Stream(user)
            self.open.append(stream)
            task = asyncio.create_task(_read(reader, writer, stream))
            self._reading.add(task)

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            lifetime = timedelta(hours=1)
            self._tokens[user] = issue(
                self._settings, user=user, scope="", lifetime=lifetime, clock=WallClock()
            )
        return self._tokens[user]


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: Stream) -> None:
    """Each line as it comes; the lines of chunks say nothing that begins as a hint does."""
    try:
        with suppress(ConnectionError):
            while line := await reader.readline():
                stream.take(line, wall_ms())
    finally:
        stream.ended.set()
        writer.close()


async def stop_seconds(process: psutil.Process) -> float:
    """Ask the process to stop, as a supervisor does, and say how long it took.

    It counts as stopped once nothing of it runs, also where nobody has asked for its status yet.
    """
    began = time.monotonic()
    process.terminate()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() - began < GONE_SECONDS, "the process did not stop"
        await asyncio.sleep(_LOOK_SECONDS)
    return time.monotonic() - began
