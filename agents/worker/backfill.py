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

    A tick between two of them would raise what the next one shows to be untrue.
    """

    waited_since: int | None = None
    came_at: int | None = None

    def came(self, now: int) -> None:
        """Some more of it were folded."""
        if not self._is_coming(now):
            self.waited_since = now
        self.came_at = now

    def holds_ticks(self, now: int) -> bool:
        """Whether more of it is to be expected, and may be waited for."""
        if self.waited_since is None or not self._is_coming(now):
            return False
        return now - self.waited_since < BACKFILL_WAIT_SECONDS

    def ticked(self, now: int) -> None:
        """A tick was adopted: the next one may be waited for as long again."""
        self.waited_since = now

    def _is_coming(self, now: int) -> bool:
        return self.came_at is not None and now - self.came_at < BACKFILL_SECONDS
