"""Short histories of one fact: kept in order of event time, whatever the order of arrival.

The newest entry says what holds now; those before it are what an entry that arrives late is put
among. Entries of one time stand in the order of the log.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class Timed(Protocol):
    """Whatever happened at a moment, in epoch seconds."""

    @property
    def at(self) -> int:
        """When it happened."""
        ...


Entry = TypeVar("Entry", bound=Timed)


def insert(history: list[Entry], entry: Entry) -> int:
    """Put `entry` in its place, behind those of the same time; returns that place."""
    index = len(history)
    while index and history[index - 1].at > entry.at:
        index -= 1
    history.insert(index, entry)
    return index


def trim(history: list[Entry], limit: int, same: Callable[[Entry, Entry], bool]) -> bool:
    """Hold the history to `limit` entries; True where one had to go that said something.

    An entry that says the `same` as the one before it and the one behind it goes first.
    """
    lost = False
    while len(history) > limit:
        index = _repeated(history, same)
        lost = lost or index is None
        del history[index or 0]
    return lost


def _repeated(history: Sequence[Entry], same: Callable[[Entry, Entry], bool]) -> int | None:
    """The oldest entry that both its neighbours repeat."""
    for index in range(1, len(history) - 1):
        before, entry, behind = history[index - 1 : index + 2]
        if same(before, entry) and same(entry, behind):
            return index
    return None
