"""The oracle: folds a partition's raw log and its inputs with the same pure core as the worker."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from contracts.alert_event import encode_alert_event, encode_transition
from contracts.dead_letter import dead_letter_key, dead_letter_value
from contracts.lessons import encode_lesson
from domain.alerts import Published, Transition
from domain.configuration import Configuration, adopted
from domain.events.decode import Accepted, Record, decode
from domain.fold.effects import DeadLetter, Effects
from domain.fold.inputs import FoldVersion, Input
from domain.fold.partition import HOUR, PartitionFold
from domain.scoring import Snapshots
from domain.stored.checkpoint import FOLD_VERSION, Checkpoint
from domain.stored.codec import (
    encode_facts,
)
from proof.memory import MemoryStore
from proof.refold import merged

_BY_STATE: Final = frozenset({"id_reused", "defect"})
"""Reasons to reject an event that depend on the learner's state."""


@dataclass(slots=True)
class Told:
    """One transition as it is to stand in `progress.alerts`, and in `alerts` where delivered.

    What is about the data of the partition stands in `alerts` alone.
    """

    transition: bytes | None
    event: bytes | None


@dataclass(slots=True)
class Expected:
    """What one partition's log comes to."""

    checkpoint: Checkpoint
    learners: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, bytes] = field(default_factory=dict)
    published: list[Told] = field(default_factory=list)
    lessons: list[bytes] = field(default_factory=list)
    """What is to stand in `model.examples` of this partition, in order."""
    letters: dict[tuple[int, str], bytes] = field(default_factory=dict)
    """The digest of each dead letter's bytes by offset and reason."""
    misplaced: list[int] = field(default_factory=list)
    """Sequence numbers of inputs that do not follow on what was folded before them."""
    zones: list[tuple[int, str]] = field(default_factory=list)
    """The default zone, from which offset on."""
    unknown_version: int | None = None
    """Another version of the fold's code, that folded last; nothing is folded here."""
    began_at: int = 0
    """The offset from which on this version folded; what is before it is not folded here."""
    earlier: set[str] = field(default_factory=set)
    """The learners of whom there are events before that: what they come to is not known here."""
    earlier_offsets: set[int] = field(default_factory=set)
    """Where their events are from there on."""
    folded: int = 0

    def knows(self, user_id: str) -> bool:
        """Whether all of the learner's events were folded by this version."""
        return user_id not in self.earlier

    def knows_letter(self, offset: int, reason: str) -> bool:
        """Whether a record of `activity` is rejected for this reason can be said here."""
        if 0 <= offset < self.began_at:
            return False
        return not (offset in self.earlier_offsets and reason in _BY_STATE)


class Oracle:
    """Folds batches of records, merged with the inputs, and keeps all that the fold publishes.

    Only what this version of the fold's code folded: records before its newest stretch pass by,
    and of the inputs among them only the facts, the configuration and the clock are taken.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        inputs: Sequence[Input],
        snapshots: Snapshots,
    ) -> None:
        self._store = MemoryStore()
        self._fold = PartitionFold(checkpoint, Configuration(), {}, self._store, snapshots)
        self._inputs = inputs
        self.expected = Expected(checkpoint, learners=self._store.bytes)
        self._begins_with, self.expected.unknown_version = newest_stretch(inputs)
        self._over = self.expected.unknown_version is not None
        self._began = self._begins_with is None

    def run(self, batches: Iterable[list[Record]]) -> Expected:
        """Fold everything; what is behind a halt that nobody resumed stays where it is."""
        for part in merged(self._inputs, batches):
            if self._over:
                continue  # whoever reads beside this sees every record
            if isinstance(part, Input):
                self._adopt(part)
            else:
                self._fold_some(part)
        return self.expected

    def _fold_some(self, records: Sequence[Record]) -> None:
        if not self._began:
            self._pass_by(records)
            return
        if self.expected.earlier:
            self._note_earlier(records)
        effects = self._fold.begin()
        self._fold.fold(records, effects)
        self._commit(effects)
        # A worker that halts takes nothing more until it is resumed, and that input says where.
        checkpoint = self._fold.checkpoint
        rest = [record for record in records if record.offset >= checkpoint.next]
        self.expected.folded += len(records) - len(rest)
        if checkpoint.halted is None or not rest:
            return
        if self.expected.began_at:  # what was rejected before counts too, and is not known here
            checkpoint.halted = None
            self._fold_some(rest)
        else:
            self._over = True

    def _pass_by(self, records: Iterable[Record]) -> None:
        """Move the clock as the fold would, and remember who has events here."""
        own = self._fold.checkpoint
        for record in records:
            own.next = record.offset + 1
            self.expected.earlier.add(_user_of(record))
            if own.clock_mode == "wall":
                own.clock = max(own.clock, record.timestamp // 1000)
            elif isinstance(verdict := decode(record, own.partition, own.partitions), Accepted):
                own.ticked = max(own.ticked, verdict.at // HOUR * HOUR)
                own.clock = max(own.clock, verdict.at)

    def _note_earlier(self, records: Iterable[Record]) -> None:
        known = self.expected.earlier
        self.expected.earlier_offsets.update(r.offset for r in records if _user_of(r) in known)

    def _adopt(self, value: Input) -> None:
        checkpoint = self._fold.checkpoint
        if value.seq == self._begins_with:
            self._began = True
            self.expected.began_at = checkpoint.next
        if value.kind == "fold_version" and not self._began:
            return
        if value.kind == "configuration":
            zone = adopted(bytes(value.payload).decode()).timezone
            self.expected.zones.append((value.after, zone))
        if value.after != checkpoint.next:
            self.expected.misplaced.append(value.seq)
        checkpoint.inputs = value.seq  # what is left out is found by the comparison of the inputs
        effects = self._fold.begin()
        self._fold.adopt(value, effects)
        self._commit(effects)

    def _commit(self, effects: Effects) -> None:
        self._store.commit(effects.changed)
        expected = self.expected
        for course_id, facts in effects.facts.items():
            expected.facts[course_id] = encode_facts(facts)
        source = self._fold.configuration.alert_source
        for published in filter(self._is_known, effects.every()):
            event = None
            if isinstance(published, Transition) and published.delivered:
                event = encode_alert_event(published, source)
            kept = encode_transition(published) if published.in_history else None
            expected.published.append(Told(kept, event))
        for lesson in effects.lessons:
            if expected.knows(lesson.user_id):
                expected.lessons.append(encode_lesson(lesson))
        for letter in effects.dead_letters:
            if expected.knows_letter(letter.record.offset, letter.reason):
                expected.letters[letter.record.offset, letter.reason] = letter_digest(letter)

    def _is_known(self, published: Published) -> bool:
        """Whether it follows from what this version folded; data was watched from the beginning."""
        if not published.in_history:
            return not self.expected.began_at
        return self.expected.knows(published.user_id)


def newest_stretch(inputs: Iterable[Input]) -> tuple[int | None, int | None]:
    """The number of the input with which the newest stretch of this version of the fold begins.

    None where no other version folded before. Beside it the version that folded last, where that
    is another one.
    """
    begins: int | None = None
    before: int | None = None
    for value in inputs:
        if value.kind == "fold_version":
            version = msgspec.json.decode(value.payload, type=FoldVersion).version
            if version == FOLD_VERSION and before not in {None, FOLD_VERSION}:
                begins = value.seq
            before = version
    return begins, None if before in {None, FOLD_VERSION} else before


def _user_of(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")


def letter_digest(letter: DeadLetter) -> bytes:
    """What stands for a dead letter's bytes as they are to be written."""
    return bytes_digest(dead_letter_key(letter), dead_letter_value(letter))


def bytes_digest(key: bytes | None, value: bytes | None) -> bytes:
    """16 bytes that identify a key and a value, each of which may be missing."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (key, value):
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return digest.digest()
