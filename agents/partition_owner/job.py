"""What a process owns partitions for: the seam between an owner and what it folds.

An owner fences, takes over, commits and watches. What a record means, what is kept of it and what
is written is the job's: the worker's is one (agents/worker).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

from agents.partition_owner.transport import Raw
from contracts.topics import Topic
from runtime.errors import TooManyRejectedError
from runtime.failpoints import Failpoints
from runtime.settings import Settings

_NO_HEADERS: Final[list[tuple[str, bytes]]] = []


class Position(NamedTuple):
    """Up to where a log was folded: which log it was, the next offset, and why no more is taken."""

    topic_id: str
    partitions: int
    next: int
    halted: str | None = None


class Message(NamedTuple):
    """One record to be written."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = _NO_HEADERS


@dataclass(slots=True, kw_only=True)
class Writing:
    """All that one transaction writes.

    Invariants:
        I4: the last of `states` holds `next`, the first offset that is not folded.
    """

    outputs: Sequence[tuple[Topic, Iterable[Message]]]
    """What goes to each topic, in the order in which it is sent."""
    states: Sequence[Message]
    next: int


class Fold(Protocol):
    """The fold of a partition that was taken over, batch by batch.

    A batch is `begin`, `adopt`, any number of `fold`, `writing`, and `committed` where something
    was written. Nothing of it may stand in memory as committed before `committed`.
    """

    @property
    def position(self) -> Position:
        """Up to where the log is folded, the running batch included."""
        ...

    def begin(self) -> None:
        """Start a batch."""
        ...

    async def adopt(self, *, idle: bool) -> None:
        """Fold what came beside the log's records; `idle` where none of these waits."""
        ...

    def fold(self, records: Sequence[Raw]) -> None:
        """Fold records in order; what a halt leaves of them is not folded."""
        ...

    def writing(self) -> Writing | None:
        """What the batch writes; None where nothing changed, not even the position."""
        ...

    def committed(self) -> None:
        """The transaction is committed: what it wrote stands from here on."""
        ...

    def report(self) -> None:
        """Count what the batch did; called after `committed`, but not after that of the opening."""
        ...

    async def close(self) -> None:
        """Let go of whatever the fold reads from."""
        ...


class Stored(Protocol):
    """What the state topic holds of one partition, in memory; kept between two assignments."""

    next: int
    """The offset of the state topic up to which it was loaded: the owner's to move."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """Keep one committed record. Raises UsageError where this program cannot read it."""
        ...

    def position(self) -> Position | None:
        """Up to where the log was folded; None where nothing was.

        Raises UsageError where it was folded in a way that this process cannot continue.
        """
        ...

    async def open(self, position: Position) -> Fold:
        """The fold from a position on; a batch with what is new since the last owner has begun.

        Raises UsageError where this program cannot read what was loaded.
        """
        ...

    def measure(self) -> None:
        """Show how much it holds; called from the watchdog's thread."""
        ...


class OwnerMetrics(Protocol):
    """The figures of an owner, by partition."""

    def took(
        self,
        name: Literal["takeover_seconds", "fold_seconds", "transaction_seconds"],
        partition: int,
        seconds: float,
    ) -> None:
        """Count a duration."""
        ...

    def show(self, name: Literal["lag", "worker_halted"], partition: int, value: float) -> None:
        """Set a gauge."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Which log is folded, where what it comes to is kept, and by what."""

    settings: Settings
    group: str
    """The consumer group, and the first part of the producers' ids: no two jobs share one."""
    source: Topic
    """The log that is folded."""
    state: Topic
    """What the fold comes to, with its position; as many partitions as the source."""
    topics: tuple[Topic, ...]
    """All that have to be there."""
    metrics: OwnerMetrics
    failpoints: Failpoints
    make_stored: Callable[[int], Stored]
    """What is in memory of a partition of which nothing was loaded yet."""
    explain: Callable[[TooManyRejectedError, int], Awaitable[TooManyRejectedError]]
    """The same error about a partition that halts, with what a person is to do."""
