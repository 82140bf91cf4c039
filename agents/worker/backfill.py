"""When a backfill is under way, so that ticks wait for its end."""

from dataclasses import dataclass
from typing import Final

BACKFILL_SECONDS: Final = 10
"""A backfill is over when none of its events came for so long: parts of it come apart."""
BACKFILL_WAIT_SECONDS: Final = 900
"""No longer than this does a tick wait for a backfill: some sources are always late."""


@dataclass(slots=True)
class Backfill:
    """Events that are too old to notify of, as they come; times are the clock's.

    A tick between two of them would raise what the next one shows to be untrue. Nor is one over
    while what was written after it waits, as on a machine that takes long for each batch. Whether
    one was under way when the partition was taken over is not known: then what waits decides.
    """

    waited_since: int | None
    """Since when ticks wait for it; None where none is under way."""
    came_at: int | None = None

    def came(self, now: int) -> None:
        """Some more of it were folded."""
        if self.waited_since is None:
            self.waited_since = now
        self.came_at = now

    def look(self, now: int, behind: int) -> None:
        """See whether it is over; `behind`: how old what waits may be, in seconds."""
        came_lately = self.came_at is not None and now - self.came_at < BACKFILL_SECONDS
        if not came_lately and behind < BACKFILL_SECONDS:
            self.waited_since = None

    def holds_ticks(self, now: int) -> bool:
        """Whether more of it is to be expected, and may be waited for."""
        return self.waited_since is not None and now - self.waited_since < BACKFILL_WAIT_SECONDS

    def ticked(self, now: int) -> None:
        """A tick was adopted: the next one may be waited for as long again."""
        if self.waited_since is not None:
            self.waited_since = now
