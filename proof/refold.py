"""A partition's log as it was folded: up to which cut, with which inputs, in which order."""

import sys
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec
from msgspec.structs import replace

from contracts.alert_event import instant
from contracts.inputs import decode_input
from contracts.state_keys import PARTITION_KEY
from contracts.topics import ACTIVITY, INPUTS, STATE
from domain.configuration import Configuration, Halting, adopted, canonical
from domain.events.decode import Record
from domain.fold.effects import Effects
from domain.fold.inputs import Input
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import Snapshots as SnapshotsByNumber
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError, decode_checkpoint
from proof.logs import Log, Logs
from proof.memory import MemoryStore
from proof.snapshots import Snapshots
from runtime.errors import LossError, UsageError
from runtime.same_log import Extent, check_same_log

Part: TypeAlias = Input | Sequence[Record]
_NEVER_HALTS: Final = Halting(ratio=1, in_a_row=sys.maxsize)


def merged(inputs: Iterable[Input], batches: Iterable[Sequence[Record]]) -> Iterator[Part]:
    """Records and inputs in the order in which they were folded, whatever the batches."""
    waiting = deque(inputs)
    for batch in batches:
        rest = batch
        while rest:
            if waiting and waiting[0].after <= rest[0].offset:
                yield waiting.popleft()
                continue
            until = waiting[0].after if waiting else rest[-1].offset + 1
            count = bisect_left(rest, until, key=lambda record: record.offset)
            yield rest[:count]
            rest = rest[count:]
    yield from waiting


@dataclass(frozen=True, slots=True)
class Cut:
    """All of one partition that was folded up to its checkpoint."""

    checkpoint: Checkpoint
    inputs: list[Input]

    def start(self) -> Checkpoint:
        """The partition's checkpoint before anything was folded."""
        own = self.checkpoint
        return new_checkpoint(own.partition, own.partitions, own.topic_id, own.clock_mode)

    def records(self, logs: Logs) -> Iterator[list[Record]]:
        """The records that were folded, in batches."""
        for batch in logs.read(ACTIVITY, self.checkpoint.partition, 0, self.checkpoint.next):
            yield [Record(r.offset, r.timestamp, r.key, r.value) for r in batch]


class Refold:
    """The fold of one partition by this program, whichever program folded it; it never halts.

    `tried`: what stands in for every configuration that is adopted from here on, but for its zone
    and source; None: as they were adopted.
    """

    def __init__(
        self, fold: PartitionFold, store: MemoryStore, tried: Configuration | None = None
    ) -> None:
        self.fold = fold
        self.store = store
        self._tried = tried

    @classmethod
    def begun(cls, cut: Cut, snapshots: SnapshotsByNumber) -> "Refold":
        """The fold of which nothing is folded yet."""
        store = MemoryStore()
        return cls(PartitionFold(cut.start(), Configuration(), {}, store, snapshots), store)

    @contextmanager
    def batch(self) -> Iterator[Effects]:
        """What is folded in it is committed at its end."""
        effects = self.fold.begin()
        yield effects
        self.store.commit(effects.changed)

    def take(self, records: Sequence[Record]) -> Effects:
        """Fold records, and commit what they change."""
        with self.batch() as effects:
            self.fold.fold(records, effects)
        return effects

    def pass_by(self, record: Record) -> Effects:
        """Move time as a record does that is not folded, and commit what that changes."""
        with self.batch() as effects:
            self.fold.pass_by(record, effects)
        return effects

    def adopt(self, value: Input) -> Effects:
        """Fold an input; what another program said of its own version or halt is passed over."""
        checkpoint = self.fold.checkpoint
        checkpoint.inputs = value.seq
        effects = self.fold.begin()
        if value.kind in {"fold_version", "resume"}:
            checkpoint.inputs += 1
            if value.kind == "resume":
                checkpoint.rejected_in_a_row = 0
            return effects
        if value.kind == "configuration":
            value = self._configured(value, adopted(bytes(value.payload).decode()))
        self.fold.adopt(value, effects)
        self.store.commit(effects.changed)
        return effects

    def configure(self) -> Effects:
        """Adopt what is tried in place of what is adopted, where that is another."""
        own = self.fold.checkpoint
        effects = self.fold.begin()
        nothing = Input(
            after=own.next, seq=own.inputs, kind="configuration", payload=msgspec.Raw(b"{}")
        )
        wanted = self._configured(nothing, self.fold.configuration)
        if bytes(wanted.payload) != own.configuration.encode():
            self.fold.adopt(wanted, effects)
            self.store.commit(effects.changed)
        return effects

    def _configured(self, value: Input, given: Configuration) -> Input:
        wanted = replace(
            self._tried or given,
            timezone=given.timezone,
            alert_source=given.alert_source,
            halting=_NEVER_HALTS,
        )
        return replace(value, payload=msgspec.Raw(canonical(wanted).encode()))


def read_cut(logs: Logs, log: Log, partition: int, snapshots: Snapshots) -> Cut | None:
    """Everything that is needed to fold a partition again; None where nothing was folded.

    Raises LossError where a part of it is gone, UsageError where a newer program wrote it.
    """
    checkpoint = _checkpoint(logs, partition)
    if checkpoint is None:
        return None
    begin = logs.begin(ACTIVITY, partition)
    check_same_log(
        f"activity[{partition}]",
        "the fold",
        Extent(log.topic_id, begin, checkpoint.next),
        topic_id=checkpoint.topic_id,
        at=checkpoint.next,
    )
    if begin > 0:
        raise LossError(_begins_later(logs, partition, begin))
    inputs = _inputs(logs, partition, checkpoint.inputs)
    snapshots.catch_up()
    if (why := snapshots.why_not(inputs)) is not None:
        raise LossError(f"what was predicted cannot be computed again: {why}")
    return Cut(checkpoint, inputs)


def _begins_later(logs: Logs, partition: int, begin: int) -> str:
    """What is gone of a log that does not begin at its beginning, and up to when."""
    batches = logs.read(ACTIVITY, partition, begin, logs.end(ACTIVITY, partition))
    first = next((batch[0] for batch in batches if batch), None)
    when = "" if first is None else f", {instant(first.timestamp // 1000)}"
    return (
        f"activity[{partition}] begins at offset {begin}{when}: what came before is gone, and "
        "without it no state can be folded again"
    )


def _checkpoint(logs: Logs, partition: int) -> Checkpoint | None:
    """The newest checkpoint of a partition."""
    found: bytes | None = None
    begin, end = logs.begin(STATE, partition), logs.end(STATE, partition)
    for batch in logs.read(STATE, partition, begin, end):
        for record in batch:
            if record.key == PARTITION_KEY:
                found = record.value
    try:
        return None if found is None else decode_checkpoint(found)
    except (UnknownVersionError, msgspec.DecodeError) as error:
        raise UsageError(f"the checkpoint of partition {partition}: {error}") from error


def _inputs(logs: Logs, partition: int, adopted: int) -> list[Input]:
    """The first `adopted` inputs of a partition; of two with one number the first counts."""
    found: dict[int, Input] = {}
    begin, end = logs.begin(INPUTS, partition), logs.end(INPUTS, partition)
    for batch in logs.read(INPUTS, partition, begin, end):
        for record in batch:
            try:
                value = decode_input(record.value or b"")
            except msgspec.DecodeError:
                continue  # it is missed below, if it was adopted
            found.setdefault(value.seq, value)
    missing = [seq for seq in range(adopted) if seq not in found]
    if missing:
        raise LossError(
            f"progress.inputs[{partition}]: input {missing[0]} is gone, or of a newer program; "
            f"expected 0 to {adopted - 1}"
        )
    return [found[seq] for seq in range(adopted)]
