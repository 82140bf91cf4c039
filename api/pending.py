"""What this process wrote for learners and the stream may not have yet: it lies over the rows.

A learner who changes something sees it at once, although it goes through the stream like all else.
What other processes wrote is seen once it is in Postgres.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from msgspec.structs import replace

from api.alert_shapes import Preferences
from api.bounded import Bounded
from domain.alerts import Feedback
from domain.keepers import goals
from domain.state.course import Help
from domain.state.learner import Goal, Learner
from domain.state.limits import GOAL_FACTS_MAX
from domain.stored.checkpoint import Checkpoint

PENDING_MAX: Final = 10_000
"""So many learners' preferences, responses and goals are remembered, each."""
SAID_SECONDS: Final = 60.0
"""A response lies over its row at least so long, and until the partition has passed it."""
GOALS_WAITING_MAX: Final = GOAL_FACTS_MAX
"""Facts about goals of one learner that the stream may not have yet."""


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
    """What lies over one learner's rows: preferences, responses by the alert's id, and goals."""

    preferences: Preferences | None = None
    said: Mapping[str, Said] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()  # of each goal the newest fact, in the order of the log

    def over(self, alert_id: str, row: Said) -> Said:
        """What was said about an alert whose row says that."""
        pending = self.said.get(alert_id)
        return row if pending is None else row.and_then(pending)

    def folded_into(self, state: Learner) -> Learner:
        """The state with the goals that it will have; what is given is left as it is.

        Removals come first: only the newest fact of a goal is here, and one that was removed and
        set again made room for another meanwhile.
        """
        if not self.goals:
            return state
        made = replace(state, goals=list(state.goals), overflow=replace(state.overflow))
        for fact in sorted(self.goals, key=lambda each: each.metric is not None):
            goals.put(made, fact)
        return made


NOTHING: Final = Pending()


@dataclass(slots=True)
class _Responses:
    """Those of one learner, the offset of the newest, and when it was written."""

    said: dict[str, Said]
    offset: int
    written_at: float


class _Written(NamedTuple):
    """A fact about a goal, its offset, and when it was written."""

    fact: Goal
    offset: int
    written_at: float


class PendingWrites:
    """What was written, by learner, until the stream has it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._preferences: Bounded[str, tuple[int, Preferences]] = Bounded(PENDING_MAX)
        self._responses: Bounded[str, _Responses] = Bounded(PENDING_MAX)
        self._goals: Bounded[str, Bounded[str, _Written]] = Bounded(PENDING_MAX)
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

    def set_goal(self, user_id: str, fact: Goal, offset: int) -> None:
        """Remember that a goal was set or removed, at this offset.

        Of one learner at most GOALS_WAITING_MAX wait for the stream; so many others are kept.
        """
        written: Bounded[str, _Written] = self._goals.get(user_id) or Bounded(2 * GOALS_WAITING_MAX)
        written.put(fact.goal_id, _Written(fact, offset, self._now()))
        self._goals.put(user_id, written)

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
        return Pending(
            self._preferences_over(user_id, passed),
            self._said_over(user_id, passed),
            self._goals_over(user_id, passed),
        )

    def _preferences_over(self, user_id: str, passed: int) -> Preferences | None:
        written = self._preferences.get(user_id)
        if written is None:
            return None
        offset, preferences = written
        if offset < passed:
            del self._preferences[user_id]
            return None
        return preferences

    def _said_over(self, user_id: str, passed: int) -> dict[str, Said]:
        responses = self._responses.get(user_id)
        if responses is None:
            return {}
        if self._is_over(responses, passed):
            del self._responses[user_id]
            return {}
        return dict(responses.said)

    def _goals_over(self, user_id: str, passed: int) -> tuple[Goal, ...]:
        """Those that rows of this offset do not have.

        What they have is kept for a while: rows that were read before may be answered after them.
        """
        written = self._goals.get(user_id)
        if written is None:
            return ()
        old = self._now() - SAID_SECONDS
        for each in [one for one in written.values() if one.offset < passed]:
            if each.written_at < old:
                del written[each.fact.goal_id]
        if not written:
            del self._goals[user_id]
        return tuple(each.fact for each in written.values() if each.offset >= passed)

    def _is_over(self, responses: _Responses, passed: int) -> bool:
        """Rows of alerts may come later than the checkpoint that has passed their events."""
        old = self._now() - responses.written_at > SAID_SECONDS
        return old and responses.offset < passed
