"""A memory of a limited size."""

from collections import OrderedDict
from typing import Final, TypeVar

HELD_MAX: Final = 1_000
"""So many of what was decoded of rows are held: states, courses' facts and transitions, each."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class Bounded(OrderedDict[Key, Value]):
    """Values by key: so many, those that were put last."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def put(self, key: Key, value: Value) -> None:
        """Keep this as the newest one, and let the oldest go."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
