"""What every reader of a run has: a thread, what it saw go wrong, and servers that come and go."""

import math
import threading
import time
from collections.abc import Callable, Hashable
from http.client import HTTPException
from typing import Any, Final

from typing_extensions import override

PROBLEMS_MAX: Final = 20
ANSWER_FAILED: Final = (OSError, HTTPException)
"""What a server that goes away in the middle of an answer gives."""
_REST_SECONDS: Final = 0.2


class Watcher(threading.Thread):
    """Looks again and again until told to stop; a server that is away is no problem."""

    def __init__(self, name: str, away: tuple[type[BaseException], ...]) -> None:
        super().__init__(name=name, daemon=True)
        self.problems: list[str] = []
        self.looks = 0
        self._away = away
        self._stop_asked = threading.Event()

    def open(self) -> Callable[[], object]:
        """Connect, and return what closes the connection."""
        raise NotImplementedError

    def look(self) -> None:
        """Look once, and wait a little where nothing new is to be seen."""
        raise NotImplementedError

    def finish(self) -> None:
        """Stop looking; the connection is closed."""
        self._stop_asked.set()
        self.join(30)
        if self.is_alive():
            self.wrong(f"{self.name} did not end")

    def wrong(self, problem: str) -> None:
        """Something that must never happen was seen."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)

    def pause(self, seconds: float) -> None:
        """Wait, but not when told to stop."""
        self._stop_asked.wait(seconds)

    @override
    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                self._live()
            except self._away:
                self.pause(_REST_SECONDS)
            except Exception as error:  # noqa: BLE001 - a reader that died has proven nothing
                self.wrong(f"{self.name} failed: {error!r}")
                return

    def _live(self) -> None:
        close = self.open()
        try:
            while not self._stop_asked.is_set():
                self.look()
                self.looks += 1
        finally:
            close()


class Rising:
    """Values that must never go back, by name."""

    def __init__(self, wrong: Callable[[str], None]) -> None:
        self.values: dict[Hashable, Any] = {}
        self._wrong = wrong

    def see(self, name: Hashable, value: Any, rule: str) -> None:
        """Keep the highest; a lower one is a violation of the rule."""
        before = self.values.get(name)
        if before is not None and value < before:
            self._wrong(f"{rule}: {name} went back from {before} to {value}")
            return
        self.values[name] = value


class Disturbances:
    """When the broker was last disturbed: then nobody can say what is late."""

    def __init__(self) -> None:
        self.mended_at: list[float] = []
        """When a broker out of sync with its own log was started again."""
        self._until = 0.0

    def begin(self) -> None:
        """The broker is about to go."""
        self._until = math.inf

    def end(self, seconds: float) -> None:
        """It is back, and what it caused is over in so long."""
        self._until = time.monotonic() + seconds

    def mended_within(self, at: float, seconds: float) -> bool:
        """Whether the broker had to be mended within so long after that moment."""
        return any(at <= mended <= at + seconds for mended in self.mended_at)

    def calm(self) -> bool:
        """Whether the broker has been well for a while."""
        return time.monotonic() > self._until
