"""What stands in the output topics of one partition, and whether worker and sink are so far."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
import psycopg

from contracts.dead_letter import OFFSET, PARTITION, REASON, TOPIC
from contracts.inputs import decode_input
from contracts.state_keys import PARTITION_KEY, course_of, is_learner
from contracts.topics import ACTIVITY, ALERTS, DEAD_LETTERS, EXAMPLES, INPUTS, STATE, TRANSITIONS
from domain.fold.inputs import Input
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import UnknownVersionError, decode_checkpoint
from proof.examples import Examples
from proof.logs import Entry, Follower, Logs
from proof.oracle import bytes_digest
from proof.tables import read_positions
from runtime.errors import NotCaughtUpError
from runtime.settings import Settings

_POLL_SECONDS: Final = 0.2


class Limits(NamedTuple):
    """The ends of `activity` that everybody has to pass, and by when (monotonic clock)."""

    ends: Mapping[int, int]
    deadline: float
    wait_seconds: float


class Lag(NamedTuple):
    """What is needed to ask how far the sink is."""

    settings: Settings
    connection: psycopg.Connection


class FoundLetter(NamedTuple):
    """A dead letter: where its record stood, why it was rejected, and a digest of its bytes."""

    topic: str
    partition: int
    offset: int
    reason: str
    digest: bytes


@dataclass(slots=True)
class States:
    """The newest record of each key of `progress.state`."""

    learners: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, bytes] = field(default_factory=dict)
    checkpoint: bytes | None = None

    def keep(self, records: Iterable[Entry]) -> None:
        """Put newer records over older ones; a record without a value forgets a learner."""
        for record in records:
            key, value = record.key or b"", record.value
            if is_learner(key):
                if value is None:
                    self.learners.pop(key.decode(), None)
                else:
                    self.learners[key.decode()] = value
            elif key == PARTITION_KEY:
                self.checkpoint = value
            elif (course := course_of(key)) is not None and value is not None:
                self.facts[course] = value


class Found:
    """The outputs of one partition, read up to a cut: what the partition's checkpoint names."""

    def __init__(self, logs: Logs, partition: int, examples: Examples) -> None:
        self.partition = partition
        self.states = States()
        self.checkpoint: Checkpoint | None = None
        self.unknown: str | None = None
        """Why the partition's checkpoint cannot be read here."""
        self.certain: dict[str, int] = {}
        """Output offsets by topic that belong to the cut whatever comes meanwhile."""
        self.transitions = Follower(logs, TRANSITIONS, partition)
        self.alerts = Follower(logs, ALERTS, partition)
        self.letters = Follower(logs, DEAD_LETTERS, partition)
        self.examples = examples
        self._inputs = Follower(logs, INPUTS, partition)
        self._logs = logs
        self._states_next = logs.begin(STATE, partition)
        self._last_state = -1

    def wait_for_worker(self, limits: Limits) -> None:
        """Read the states until their record has passed the end of the log, or is halted.

        Raises NotCaughtUpError where that takes too long.
        """
        end = limits.ends[self.partition]
        while True:
            for topic in (TRANSITIONS, ALERTS):
                self.certain[topic.name] = self._logs.end(topic, self.partition)
            self.certain[EXAMPLES.name] = self._logs.end(EXAMPLES, 0)
            self._read_states()
            if self._passed(end):
                return
            if time.monotonic() >= limits.deadline:
                at = (
                    "has no record yet"
                    if self.checkpoint is None
                    else f"is at {self.checkpoint.next}"
                )
                raise NotCaughtUpError(
                    f"the worker lags: activity[{self.partition}] ends at {end}, its fold {at}, "
                    f"{limits.wait_seconds:g} s waited"
                )
            time.sleep(_POLL_SECONDS)

    def read_outputs(self) -> None:
        """Read what is in the other topics by now."""
        for follower in (self.transitions, self.alerts, self.letters, self._inputs):
            follower.catch_up()
        self.examples.catch_up()

    def wait_for_sink(self, limits: Limits, lag: Lag) -> None:
        """Wait until Postgres holds all that was read so far.

        Raises NotCaughtUpError where that takes too long.
        """
        wanted = {
            lag.settings.topic(STATE.name): self._last_state,
            lag.settings.topic(TRANSITIONS.name): self.transitions.last,
        }
        while True:
            stands = read_positions(lag.connection, self.partition)
            behind = {topic: last for topic, last in wanted.items() if stands.get(topic, 0) <= last}
            if not behind:
                return
            if time.monotonic() >= limits.deadline:
                topic, last = next(iter(behind.items()))
                raise NotCaughtUpError(
                    f"the sink lags: {topic}[{self.partition}] has records up to {last}, Postgres "
                    f"is at {stands.get(topic, 0)}, {limits.wait_seconds:g} s waited"
                )
            time.sleep(_POLL_SECONDS)

    def read_later(self, positions: Mapping[str, int], settings: Settings) -> States:
        """What came after the cut and stands in Postgres already."""
        later = States()
        until = positions.get(settings.topic(STATE.name), 0)
        for batch in self._logs.read(STATE, self.partition, self._states_next, until):
            later.keep(batch)
        return later

    @property
    def inputs(self) -> list[Input]:
        """The inputs up to the cut, by sequence number; of two with one number the first."""
        adopted = 0 if self.checkpoint is None else self.checkpoint.inputs
        first: dict[int, Input] = {}
        for value in self.every_input():
            if isinstance(value, Input) and value.seq < adopted:
                first.setdefault(value.seq, value)
        return [first[seq] for seq in sorted(first)]

    def every_input(self) -> Iterable[Input | int]:
        """Each input as it stands there; the offset of what is none."""
        for record in self._inputs.records:
            try:
                yield decode_input(record.value or b"")
            except msgspec.DecodeError:
                yield record.offset

    @property
    def rejected(self) -> set[int]:
        """Offsets of `activity` that stand in dead letters."""
        topic = self._logs.name(ACTIVITY)
        return {letter.offset for letter in self.every_letter() if letter.topic == topic}

    def every_letter(self) -> Iterable[FoundLetter]:
        """Each dead letter as its headers describe it."""
        for record in self.letters.records:
            headers = {key: value.decode(errors="replace") for key, value in record.headers}
            yield FoundLetter(
                headers.get(TOPIC, "?"),
                _number(headers.get(PARTITION)),
                _number(headers.get(OFFSET)),
                headers.get(REASON, "?"),
                bytes_digest(record.key, record.value),
            )

    def _read_states(self) -> None:
        end = self._logs.end(STATE, self.partition)
        for batch in self._logs.read(STATE, self.partition, self._states_next, end):
            self.states.keep(batch)
            if batch:
                self._last_state = batch[-1].offset
        self._states_next = max(self._states_next, end)
        if self.states.checkpoint is not None:
            try:
                self.checkpoint = decode_checkpoint(self.states.checkpoint)
            except (UnknownVersionError, msgspec.DecodeError) as error:
                self.unknown = str(error)

    def _passed(self, end: int) -> bool:
        """Whether no record of the log before `end` is left; markers of transactions are none."""
        if self.unknown is not None:
            return True
        if self.checkpoint is not None and (
            self.checkpoint.halted is not None or self.checkpoint.next >= end
        ):
            return True
        begin = self._logs.begin(ACTIVITY, self.partition)
        start = begin if self.checkpoint is None else max(begin, self.checkpoint.next)
        return not any(self._logs.read(ACTIVITY, self.partition, start, end))


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else -1
