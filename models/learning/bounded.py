"""What is kept by key, as many entries as have room: the least recently seen one goes first."""

from typing import TypeVar

T = TypeVar("T")


def keep(entries: dict[str, T], key: str, entry: T, most: int) -> None:
    """Add an entry as the newest one; the oldest goes where there are `most` others.

    Pop what is known of the key before, so that it comes last again.
    """
    if len(entries) == most:
        del entries[next(iter(entries))]
    entries[key] = entry
