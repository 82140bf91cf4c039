"""The one place where the wall clock is read."""

import time
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, in seconds since the epoch."""

    def now(self) -> int:
        """Whole seconds since the epoch, UTC."""
        ...


class WallClock:
    """The machine's own time."""

    def now(self) -> int:
        """Whole seconds since the epoch, UTC."""
        return int(time.time())
