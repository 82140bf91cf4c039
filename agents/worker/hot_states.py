"""The decoded states that a worker keeps at hand, of all its partitions together."""

from collections import OrderedDict
from itertools import count
from typing import Final

from domain.state.learner import Learner

# A decoded state takes some ten times its bytes (measured on the replay's states).
DECODED_FACTOR: Final = 10


class HotStates:
    """A cache with one bound for the process: who was not used for longest is decoded again.

    Invariants:
        `size`, the bytes of all its states as encoded, is within the bound, or of one state alone.
    """

    def __init__(self, bytes_max: int) -> None:
        self.size = 0
        self._size_max = bytes_max // DECODED_FACTOR
        # Oldest use first. To find the first of a plain dict costs a look at each that was removed.
        self._states: OrderedDict[tuple[int, str], tuple[Learner, int]] = OrderedDict()
        self._tables = count()

    def __len__(self) -> int:
        return len(self._states)

    def new_table(self) -> int:
        """A number that tells one table's learners from another's."""
        return next(self._tables)

    def get(self, table: int, user_id: str) -> Learner | None:
        """The learner's decoded state, if it is at hand."""
        found = self._states.get((table, user_id))
        return None if found is None else found[0]

    def put(self, table: int, user_id: str, state: Learner, size: int) -> None:
        """Keep a state of so many bytes, as the newest; older ones make room for it."""
        self.forget(table, user_id)
        self._states[table, user_id] = state, size
        self.size += size
        while self.size > self._size_max and len(self._states) > 1:
            _, (_, removed) = self._states.popitem(last=False)
            self.size -= removed

    def forget(self, table: int, user_id: str) -> None:
        """The learner's state, if it is at hand, is no longer what was committed."""
        found = self._states.pop((table, user_id), None)
        if found is not None:
            self.size -= found[1]
