"""The states of one partition: every learner's committed bytes, and a hot cache of decoded ones."""

from collections.abc import Iterator
from typing import Final

from domain.codec import decode_header, decode_learner
from domain.state import Header, Learner

# A decoded state takes some ten times its bytes (measured on the replay's states).
DECODED_FACTOR: Final = 10
HOT_BYTES_MAX: Final = 256 * 1024 * 1024


class Table:
    """The fold's Store. What it hands out is changed in place; only a commit puts it back.

    Invariants:
        The bytes of a learner are those of the last committed transaction.
        A hot state is what those bytes decode to, or what the running batch made of it.
    """

    def __init__(self, hot_bytes_max: int = HOT_BYTES_MAX) -> None:
        self.next = 0
        """The offset of `progress.state` up to which this table was read."""
        self._bytes: dict[str, bytes] = {}
        self._hot: dict[str, Learner] = {}  # oldest use first
        self._hot_bytes = 0
        self._hot_bytes_max = hot_bytes_max // DECODED_FACTOR

    def __len__(self) -> int:
        return len(self._bytes)

    def get(self, user_id: str) -> Learner | None:
        """The learner's state, decoded; None for a new learner."""
        hot = self._hot.get(user_id)
        if hot is not None:
            return hot
        data = self._bytes.get(user_id)
        if data is None:
            return None
        state = decode_learner(data)
        self._warm(user_id, state, len(data))
        return state

    def reload(self, user_id: str) -> Learner | None:
        """The learner's state decoded again from its last committed bytes."""
        self._cool(user_id)
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
        self._cool(user_id)
        self._bytes[user_id] = data
        self._warm(user_id, state, len(data))

    def load(self, user_id: str, data: bytes | None) -> None:
        """Keep what was read from `progress.state`; no value forgets the learner."""
        self._cool(user_id)
        if data is None:
            self._bytes.pop(user_id, None)
        else:
            self._bytes[user_id] = data

    def _warm(self, user_id: str, state: Learner, size: int) -> None:
        self._hot[user_id] = state
        self._hot_bytes += size
        while self._hot_bytes > self._hot_bytes_max and len(self._hot) > 1:
            self._cool(next(iter(self._hot)))

    def _cool(self, user_id: str) -> None:
        if self._hot.pop(user_id, None) is not None:
            self._hot_bytes -= len(self._bytes.get(user_id, b""))
