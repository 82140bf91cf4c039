"""The committed states of one partition, in the memory of whoever folds it again."""

from collections.abc import Iterator
from typing import Final

from domain.state.learner import Header, Learner
from domain.stored.codec import decode_header, decode_learner, encode_learner

_HOT_MAX: Final = 50_000


class MemoryStore:
    """Committed states as bytes, and the decoded ones that were used since the last clearing."""

    def __init__(self) -> None:
        self.bytes: dict[str, bytes] = {}
        self._hot: dict[str, Learner] = {}

    def get(self, user_id: str) -> Learner | None:
        """The learner's state, decoded; None for a new learner."""
        state = self._hot.get(user_id)
        return state if state is not None else self.reload(user_id)

    def reload(self, user_id: str) -> Learner | None:
        """The learner's state decoded again from its last committed bytes."""
        data = self.bytes.get(user_id)
        if data is None:
            return None
        state = self._hot[user_id] = decode_learner(data)
        return state

    def headers(self) -> Iterator[Header]:
        """The header of every learner."""
        return map(decode_header, self.bytes.values())

    def commit(self, changed: dict[str, Learner]) -> None:
        """Keep what a batch changed."""
        if len(self._hot) > _HOT_MAX:
            self._hot.clear()
        for user_id, state in changed.items():
            self.bytes[user_id] = encode_learner(state)
            self._hot[user_id] = state
