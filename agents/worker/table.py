"""The states of one partition: every learner's committed bytes, decoded where they are hot."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agents.worker.hot_states import HotStates
from domain.course_facts import CourseFacts
from domain.state.learner import (
    Header,
    Learner,
)
from domain.stored.codec import decode_header, decode_learner


class Table:
    """The fold's Store. What it hands out is changed in place; only a commit puts it back.

    Invariants:
        The bytes of a learner are those of the last committed transaction.
        A hot state is what those bytes decode to, or what the running batch made of it.
    """

    def __init__(self, hot: HotStates) -> None:
        self._bytes: dict[str, bytes] = {}
        self._hot = hot
        self._number = hot.new_table()

    def __len__(self) -> int:
        return len(self._bytes)

    def get(self, user_id: str) -> Learner | None:
        """The learner's state, decoded; None for a new learner."""
        hot = self._hot.get(self._number, user_id)
        if hot is not None:
            return hot
        data = self._bytes.get(user_id)
        if data is None:
            return None
        state = decode_learner(data)
        self._hot.put(self._number, user_id, state, len(data))
        return state

    def reload(self, user_id: str) -> Learner | None:
        """The learner's state decoded again from its last committed bytes."""
        self._hot.forget(self._number, user_id)
        return self.get(user_id)

    def headers(self) -> Iterator[Header]:
        """The header of every learner of the partition; UnknownVersionError for a newer version's.

        A new fold asks for all of them. Found later, while an event is folded, such bytes would
        look like a defect of every event of that learner.
        """
        return map(decode_header, self._bytes.values())

    def committed(self, user_id: str) -> bytes | None:
        """The learner's last committed bytes."""
        return self._bytes.get(user_id)

    def put(self, user_id: str, data: bytes, state: Learner) -> None:
        """Keep what was committed: the same bytes that were sent."""
        self._bytes[user_id] = data
        self._hot.put(self._number, user_id, state, len(data))

    def load(self, user_id: str, data: bytes | None) -> None:
        """Keep what was read from `progress.state`; a tombstone removes the learner."""
        self._hot.forget(self._number, user_id)
        if data is None:
            self._bytes.pop(user_id, None)
        else:
            self._bytes[user_id] = data


@dataclass(slots=True)
class Loaded:
    """What was committed of one partition; kept in memory between assignments."""

    table: Table
    facts: dict[str, CourseFacts] = field(default_factory=dict)
    checkpoint: bytes | None = None
