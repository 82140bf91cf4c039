"""A model of one partition's logs in Kafka: transactions, epochs, read_committed, compaction."""

import random
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contracts.topics import ACTIVITY, DEAD_LETTERS, INPUTS, STATE, TRANSITIONS

NO_TRANSACTION: Final = 0


class FencedError(Exception):
    """Another producer of the same transactional id was started, or the transaction timed out."""


class Kept(NamedTuple):
    """One record of a log; `timestamp` in milliseconds."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    transaction: int


@dataclass(slots=True, eq=False)
class Log:
    """One partition of one topic. Markers take an offset and are never seen."""

    records: list[Kept] = field(default_factory=list)
    end: int = 0
    open_from: dict[int, int] = field(default_factory=dict)  # transaction -> its first offset here
    aborted: set[int] = field(default_factory=set)
    told_behind: int = 0
    """So many offsets the end that the broker tells is behind, until something is written."""

    def append(
        self, key: bytes | None, value: bytes | None, timestamp: int, transaction: int
    ) -> int:
        offset, self.told_behind = self.end, 0
        self.records.append(Kept(offset, key, value, timestamp, transaction))
        self.end += 1
        if transaction != NO_TRANSACTION:
            self.open_from.setdefault(transaction, offset)
        return offset

    def mark(self, transaction: int, *, commit: bool) -> None:
        """Write the marker that ends a transaction here."""
        del self.open_from[transaction]
        self.end += 1
        if not commit:
            self.aborted.add(transaction)

    @property
    def stable_end(self) -> int:
        """The last stable offset: what lies behind it is not told under read_committed."""
        return min(self.open_from.values(), default=self.end)

    @property
    def told_end(self) -> int:
        """What the broker says that `stable_end` is."""
        return max(0, self.stable_end - self.told_behind)

    def committed(self, start: int = 0, until: int | None = None) -> list[Kept]:
        """What a read_committed reader sees from `start` on, up to `stable_end` or `until`."""
        until, aborted = self.stable_end if until is None else until, self.aborted
        return [
            record
            for record in self.records
            if start <= record.offset < until and record.transaction not in aborted
        ]

    def uncommitted(self, start: int = 0) -> list[Kept]:
        """What a reader sees that does not ask for read_committed."""
        return [record for record in self.records if record.offset >= start]

    def compact(self, until: int) -> None:
        """Keep only the newest of each key below `until`; offsets stay, and leave gaps."""
        until = min(until, self.stable_end)
        newest = {
            record.key: record.offset
            for record in self.records
            if record.offset < until and record.transaction not in self.aborted
        }
        self.records = [
            record
            for record in self.records
            if record.offset >= until or newest.get(record.key) == record.offset
        ]


@dataclass(slots=True, eq=False)
class Transaction:
    """A transaction that is open: the logs it wrote to, and the position it carries."""

    number: int
    touched: list[Log] = field(default_factory=list)
    position: int | None = None


class Broker:
    """The logs of one partition, the group's committed offset, and who may write.

    `position` is the group's committed offset, the copy that lag tools look at.
    """

    def __init__(self) -> None:
        self.logs: dict[str, Log] = {
            topic.name: Log() for topic in (ACTIVITY, STATE, INPUTS, TRANSITIONS, DEAD_LETTERS)
        }
        self.position = 0
        self._epochs: dict[str, int] = {}
        self._open: dict[str, Transaction] = {}
        self._numbers = 0

    def start_producer(self, transactional_id: str) -> "Producer":
        """Fence every earlier producer of that id, and abort the transaction it left open."""
        epoch = self._epochs[transactional_id] = self._epochs.get(transactional_id, 0) + 1
        self._end(transactional_id, commit=False)
        return Producer(self, transactional_id, epoch)

    def expire(self) -> None:
        """Let every open transaction time out: it is aborted and its producer is fenced."""
        for transactional_id in list(self._open):
            self._epochs[transactional_id] += 1
            self._end(transactional_id, commit=False)

    def restart(self, behind: int) -> None:
        """Start again: for a moment the end of `progress.state` that is told is an old one."""
        self.logs[STATE.name].told_behind = behind

    def compact(self, share: float) -> None:
        """Compact `progress.state` up to a share of it."""
        log = self.logs[STATE.name]
        log.compact(int(log.end * share))

    def transaction(self, transactional_id: str, epoch: int) -> Transaction:
        """The producer's open transaction, or a new one."""
        if self._epochs[transactional_id] != epoch:
            raise FencedError(transactional_id)
        found = self._open.get(transactional_id)
        if found is None:
            self._numbers += 1
            found = self._open[transactional_id] = Transaction(self._numbers)
        return found

    def commit(self, transactional_id: str, epoch: int) -> None:
        """Commit what the producer wrote since its last commit."""
        self.transaction(transactional_id, epoch)
        self._end(transactional_id, commit=True)

    def _end(self, transactional_id: str, *, commit: bool) -> None:
        transaction = self._open.pop(transactional_id, None)
        if transaction is None:
            return
        for log in transaction.touched:
            log.mark(transaction.number, commit=commit)
        if commit and transaction.position is not None:
            self.position = transaction.position


class Producer:
    """A transactional producer: what it sends is told when it commits, or never."""

    def __init__(self, broker: Broker, transactional_id: str, epoch: int) -> None:
        self._broker = broker
        self._id = transactional_id
        self._epoch = epoch

    def send(self, topic: str, key: bytes | None, value: bytes | None, timestamp: int = 0) -> int:
        """Append one record within the transaction; returns its offset."""
        transaction = self._broker.transaction(self._id, self._epoch)
        log = self._broker.logs[topic]
        if log not in transaction.touched:
            transaction.touched.append(log)
        return log.append(key, value, timestamp, transaction.number)

    def send_position(self, following: int) -> None:
        """Carry the group's offset within the transaction."""
        self._broker.transaction(self._id, self._epoch).position = following

    def commit(self) -> None:
        """Tell all of it at once."""
        self._broker.commit(self._id, self._epoch)


def a_share(rng: random.Random) -> float:
    """How far the cleaner gets: often everything, else anywhere."""
    return 1.0 if rng.random() < 0.5 else rng.random()
