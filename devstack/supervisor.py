"""Keep the parts of a stack running: start one that died again, and stop all in order."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from devstack.child import Child

# Ends after which a fresh start would end the same way: a person must change something.
WAITS_FOR_A_PERSON: Final[Mapping[int, str]] = {
    2: "its usage or configuration is wrong",
    65: "every partition it has is halted: too many events were rejected",
    78: "records are gone, or a topic is not the one it was",
}
DELAY_SECONDS: Final = 0.5
DELAY_SECONDS_MAX: Final = 30.0
LIVED_SECONDS: Final = 60.0
"""A part that lived so long was well: its deaths are counted anew."""


class StopRequestError(BaseException):
    """Somebody asked the stack to stop: Ctrl-C, SIGTERM or SIGHUP.

    Like KeyboardInterrupt it is no Exception, so that no library takes it for one of its own.
    """


@dataclass(frozen=True, slots=True)
class Again:
    """Start the part again, after so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class LeftDown:
    """Do not start the part again."""

    reason: str


def after_end(status: int, *, lived_seconds: float, deaths: int) -> Again | LeftDown:
    """What to do with a part that ended; `deaths` counts those before, without a long life between.

    An end with status 0 is a death too: a part runs until it is asked to stop.
    """
    if status in WAITS_FOR_A_PERSON:
        return LeftDown(WAITS_FOR_A_PERSON[status])
    if lived_seconds >= LIVED_SECONDS:
        return Again(DELAY_SECONDS)
    return Again(min(DELAY_SECONDS * 2.0 ** min(deaths, 10), DELAY_SECONDS_MAX))


@dataclass(slots=True)
class _Part:
    child: Child
    started_at: float
    deaths: int = 0
    due_at: float | None = None
    left_down: str | None = None


@dataclass(slots=True)
class Supervisor:
    """Running parts, in the groups in which they were added; stopped in the opposite order."""

    say: Callable[[str], None]
    _groups: list[list[_Part]] = field(default_factory=list)

    def add(self, *children: Child) -> None:
        """Watch a group of parts that run already."""
        now = time.monotonic()
        self._groups.append([_Part(child, now) for child in children])

    def watch(self) -> None:
        """Look once at every part, and start again those whose time has come."""
        now = time.monotonic()
        for part in self._parts():
            if part.due_at is not None and now >= part.due_at:
                part.due_at = None
                part.started_at = now
                part.child.start()
            elif part.due_at is None and part.left_down is None:
                self._look(part, now)

    def left_down(self) -> Mapping[str, str]:
        """The parts that are not started again, and why."""
        return {part.child.name: part.left_down for part in self._parts() if part.left_down}

    def stop(self) -> None:
        """Stop the groups one after the other, the last first; a group's parts side by side."""
        while self._groups:
            group = self._groups[-1]
            for part in group:
                part.child.ask_to_stop()
            for part in group:
                part.child.wait_for_end()
            self._groups.pop()

    def kill(self) -> None:
        """End every part at once."""
        for part in self._parts():
            part.child.kill()

    def _look(self, part: _Part, now: float) -> None:
        status = part.child.status()
        if status is None:
            return
        lived = now - part.started_at
        part.deaths = 0 if lived >= LIVED_SECONDS else part.deaths
        decision = after_end(status, lived_seconds=lived, deaths=part.deaths)
        ended = f"{part.child.name} {said_status(status)}"
        match decision:
            case Again(seconds):
                part.deaths += 1
                part.due_at = now + seconds
                self.say(f"{ended}; starting it again in {seconds:.1f} s{_words(part.child)}")
            case LeftDown(reason):
                part.left_down = f"{ended}: {reason}{_words(part.child)}"
                self.say(f"{ended}; it stays down: {reason}{_words(part.child)}")

    def _parts(self) -> Iterator[_Part]:
        for group in self._groups:
            yield from group


def said_status(status: int) -> str:
    """How a process ended, in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


@contextmanager
def stop_requests(on_second: Callable[[], None]) -> Iterator[None]:
    """Inside, the first request to stop is a StopRequestError; a second one ends all at once.

    The work inside must end soon after the error; it is raised once.
    """
    asked: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            on_second()
            os._exit(128 + number)
        raise StopRequestError

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.signal(number, handle)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _words(child: Child) -> str:
    words = child.last_words()
    return f" (last words: {words[:300]})" if words else ""
