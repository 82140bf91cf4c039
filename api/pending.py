"""What this process wrote for learners and the stream may not have yet: it lies over the rows.

A learner who changes something sees it at once, although it goes through the stream like all else.
What other processes wrote is seen once it is in Postgres.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from api.alert_shapes import Preferences
from api.bounded import Bounded
from domain.alerts import Feedback
from domain.state.course import Help
from domain.stored.checkpoint import Checkpoint

PENDING_MAX: Final = 10_000
"""So many learners' preferences and so many responses are remembered, each."""
SAID_SECONDS: Final = 60.0
"""A response lies over its row at least so long, and until the partition has passed it."""


class Said(NamedTuple):
    """What a learner said about an alert; times in epoch seconds."""

    acknowledged_at: int | None = None
    feedback: Feedback | None = None
    feedback_at: int | None = None

    def and_then(self, other: "Said") -> "Said":
        """Both: the first acknowledgement, and the newest feedback; of one time, the other's."""
        times = [at for at in (self.acknowledged_at, other.acknowledged_at) if at is not None]
        newer = self if (self.feedback_at or 0) > (other.feedback_at or 0) else other
        return Said(min(times, default=None), newer.feedback, newer.feedback_at)


@dataclass(frozen=True, slots=True)
class Pending:
    """What lies over one learner's rows: preferences, and responses by the alert's id."""

    preferences: Preferences | None = None
    said: Mapping[str, Said] = field(default_factory=dict)

    def over(self, alert_id: str, row: Said) -> Said:
        """What was said about an alert whose row says that."""
        pending = self.said.get(alert_id)
        return row if pending is None else row.and_then(pending)


NOTHING: Final = Pending()


@dataclass(slots=True)
class _Responses:
    """Those of one learner, the offset of the newest, and when it was written."""

    said: dict[str, Said]
    offset: int
    written_at: float


class PendingWrites:
    """What was written, by learner, until the stream has it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._preferences: Bounded[str, tuple[int, Preferences]] = Bounded(PENDING_MAX)
        self._responses: Bounded[str, _Responses] = Bounded(PENDING_MAX)
        self._helps: Bounded[tuple[str, str], tuple[float, Help]] = Bounded(PENDING_MAX)

    def set_preferences(self, user_id: str, preferences: Preferences, offset: int) -> None:
        """Remember preferences that stand at this offset of the learner's partition."""
        self._preferences.put(user_id, (offset, preferences))

    def respond(self, user_id: str, alert_id: str, said: Said, offset: int) -> None:
        """Remember what was said about an alert, at this offset."""
        known = self._responses.get(user_id)
        responses = {} if known is None else known.said
        responses[alert_id] = responses.get(alert_id, Said()).and_then(said)
        self._responses.put(user_id, _Responses(responses, offset, self._now()))

    def note_help(self, course_id: str, user_id: str, given: Help) -> None:
        """Remember help that was noted: it lies over the learner's rows of this course."""
        self._helps.put((course_id, user_id), (self._now(), given))

    def helped(self, course_id: str, user_id: str, known_at: int | None) -> Help | None:
        """The newest help that rows do not show whose own newest is of that time; None: none."""
        noted = self._helps.get((course_id, user_id))
        if noted is None:
            return None
        if self._now() - noted[0] > SAID_SECONDS:
            del self._helps[course_id, user_id]
            return None
        return noted[1] if noted[1].at > (known_at or 0) else None

    def of(self, user_id: str, checkpoint: Checkpoint | None) -> Pending:
        """What lies over the rows of a learner whose partition stands there."""
        passed = 0 if checkpoint is None else checkpoint.next
        preferences, responses = self._preferences.get(user_id), self._responses.get(user_id)
        if preferences is not None and preferences[0] < passed:
            del self._preferences[user_id]
            preferences = None
        if responses is not None and self._is_over(responses, passed):
            del self._responses[user_id]
            responses = None
        if preferences is None and responses is None:
            return NOTHING
        pending = Pending(None if preferences is None else preferences[1])
        return pending if responses is None else replace(pending, said=dict(responses.said))

    def _is_over(self, responses: _Responses, passed: int) -> bool:
        """Rows of alerts may come later than the checkpoint that has passed their events."""
        old = self._now() - responses.written_at > SAID_SECONDS
        return old and responses.offset < passed
