"""`rules try`: the log folded twice from a moment on, with today's rules and with others."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Never

import msgspec
from msgspec.structs import replace
from tqdm import tqdm

from contracts.alert_event import instant
from contracts.topics import ACTIVITY, partition_counts
from domain.alerts import Transition
from domain.configuration import Configuration, Halting, Rules, adopted, canonical
from domain.events.decode import Accepted, Record, decode
from domain.fold.inputs import FoldVersion, Input, ModelAdopted, Tick
from domain.fold.partition import Effects, PartitionFold
from domain.scoring import Snapshots
from domain.stored.checkpoint import FOLD_VERSION
from domain.stored.codec import decode_checkpoint, encode_checkpoint
from domain.texts import text
from proof import snapshots as published
from proof.logs import Logs, look_at
from proof.oracle import MemoryStore
from proof.refold import Cut, Part, merged, read_cut
from runtime.errors import UsageError
from runtime.process import collector_off
from runtime.servers import wait_for_kafka
from runtime.settings import Settings

_NEVER_HALTS: Final = Halting(ratio=1, in_a_row=sys.maxsize)


class Raised(NamedTuple):
    """An alert that was raised, or that was true again and raised anew; `at` in epoch seconds."""

    alert_id: str
    rule: str
    user_id: str
    severity: str
    at: int
    message: str


@dataclass(slots=True)
class Outcome:
    """What one set of rules came to, from the moment on."""

    raised: list[Raised] = field(default_factory=list)
    suppressed: Counter[str] = field(default_factory=Counter)
    """By rule: what was kept in the history, and would have notified nobody."""

    def take(self, transitions: Iterable[Transition]) -> None:
        """Count what was published."""
        for each in transitions:
            if each.kind == "suppressed":
                self.suppressed[each.category] += 1
            elif each.kind == "raised":
                said = text(each.message_code or "", each.params)
                self.raised.append(
                    Raised(each.alert_id, each.category, each.user_id, each.severity, each.at, said)
                )


@dataclass(slots=True)
class Trial:
    """The two outcomes over all partitions, and what they are counted against."""

    since: int
    """The moment from which on the rules counted, in epoch seconds."""
    tried: Outcome = field(default_factory=Outcome)
    today: Outcome = field(default_factory=Outcome)
    learners: int = 0
    began: int = sys.maxsize
    """The clock with the first record or tick from that moment on, over all partitions."""
    ended: int = 0
    """The clock where the log ends."""


class Side:
    """The fold of one partition with rules of its own; `rules` None: as they were adopted."""

    def __init__(
        self, fold: PartitionFold, store: MemoryStore, snapshots: Snapshots, rules: Rules | None
    ) -> None:
        self.fold = fold
        self.outcome = Outcome()
        self._store = store
        self._snapshots = snapshots
        self._rules = rules
        if rules is not None and rules != fold.configuration.rules:
            self._configure(fold.configuration)

    @classmethod
    def begun(cls, cut: Cut, snapshots: Snapshots) -> "Side":
        """The fold of which nothing is folded yet."""
        store = MemoryStore()
        fold = PartitionFold(cut.start(), Configuration(), {}, store, snapshots)
        return cls(fold, store, snapshots, None)

    def fork(self, rules: Rules) -> "Side":
        """A fold that continues from here with other rules; this one stays as it is."""
        store = MemoryStore()
        store.bytes.update(self._store.bytes)
        own = self.fold
        checkpoint = decode_checkpoint(encode_checkpoint(own.checkpoint))
        fold = PartitionFold(checkpoint, own.configuration, dict(own.facts), store, self._snapshots)
        return Side(fold, store, self._snapshots, rules)

    def fold_part(self, part: Part) -> None:
        """Fold what comes next."""
        if isinstance(part, Input):
            self.adopt(part)
        else:
            self.take(part)

    def take(self, records: Sequence[Record]) -> None:
        """Fold records."""
        effects = self.fold.begin()
        self.fold.fold(records, effects)
        self._commit(effects)

    def adopt(self, value: Input) -> None:
        """Fold an input; of a configuration all but its rules, where there are others."""
        checkpoint = self.fold.checkpoint
        checkpoint.inputs = value.seq
        match value.kind:
            case "configuration":
                self._configure(adopted(bytes(value.payload).decode()))
            case "fold_version" | "resume":  # folded by this program, without a halt
                checkpoint.inputs += 1
            case _:
                effects = self.fold.begin()
                self.fold.adopt(value, effects)
                self._commit(effects)

    def _configure(self, given: Configuration) -> None:
        rules = given.rules if self._rules is None else self._rules
        wanted = replace(given, rules=rules, halting=_NEVER_HALTS)
        payload = msgspec.Raw(canonical(wanted).encode())
        effects = self.fold.begin()
        self.fold.adopt(
            Input(
                after=self.fold.checkpoint.next,
                seq=self.fold.checkpoint.inputs,
                kind="configuration",
                payload=payload,
            ),
            effects,
        )
        self._commit(effects)

    def _commit(self, effects: Effects) -> None:
        self._store.commit(effects.changed)
        if self._rules is not None:  # before the moment nothing is counted
            self.outcome.take(effects.transitions)


def fold_twice(
    trial: Trial, cut: Cut, batches: Iterable[Sequence[Record]], rules: Rules, snapshots: Snapshots
) -> None:
    """Fold one partition up to the moment, then on with today's rules and with the other ones."""
    side = Side.begun(cut, snapshots)
    sides: tuple[Side, ...] = ()
    for part in merged(cut.inputs, batches):
        rest = part if sides else _until(side, part, trial)
        if rest is None:
            continue
        sides = sides or (side.fork(rules), side.fork(todays_rules(cut.inputs)))
        for each in sides:
            each.fold_part(rest)
    for outcome, each in zip((trial.tried, trial.today), sides, strict=False):
        outcome.raised += each.outcome.raised
        outcome.suppressed += each.outcome.suppressed
    own = (sides or (side,))[0].fold.checkpoint
    trial.learners += own.counters.learners
    trial.ended = max(trial.ended, own.clock)


def _until(side: Side, part: Part, trial: Trial) -> Part | None:
    """Fold what comes before the moment, and return the rest; None where there is none."""
    items: Sequence[Input | Record] = [part] if isinstance(part, Input) else part
    clocks = enumerate(_clock_of(side, item) for item in items)
    count, at = next(((n, at) for n, at in clocks if at >= trial.since), (None, 0))
    if count is None:
        side.fold_part(part)
        return None
    trial.began = min(trial.began, at)
    if isinstance(part, Input):
        return part
    side.take(part[:count])
    return part[count:]


def _clock_of(side: Side, item: Input | Record) -> int:
    """The time to which an input or a record moves the partition's clock; 0 where to none."""
    if isinstance(item, Record):
        own = side.fold.checkpoint
        if own.clock_mode == "wall":
            return item.timestamp // 1000
        verdict = decode(item, own.partition, own.partitions)
        return verdict.at if isinstance(verdict, Accepted) else 0
    match item.kind:
        case "tick":
            return msgspec.json.decode(item.payload, type=Tick).at
        case "model":
            return msgspec.json.decode(item.payload, type=ModelAdopted).at
        case _:
            return 0


def todays_rules(inputs: Iterable[Input]) -> Rules:
    """The rules of the newest configuration that was adopted; the defaults before the first."""
    texts = [bytes(each.payload).decode() for each in inputs if each.kind == "configuration"]
    return adopted(texts[-1] if texts else "").rules


def try_rules(
    settings: Settings, rules: Rules, since: int, *, progress: bool | None = None
) -> Trial:
    """Fold all of the log with today's rules and with `rules` from `since` (epoch seconds) on.

    Nothing is written or sent. Raises UsageError where nothing was folded since then or a newer
    program folded the log, LossError where a part of it is gone.
    """
    wait_for_kafka(settings, partition_counts(settings.partitions))
    log = look_at(settings, ACTIVITY)
    trial = Trial(since)
    with ExitStack() as stack:
        # Snapshots are asked for while a partition is read, so they have clients of their own.
        logs, beside = (stack.enter_context(Logs(settings)) for _ in range(2))
        models = published.Snapshots(beside)
        found = [read_cut(logs, log, number, models) for number in range(log.partitions)]
        cuts = [cut for cut in found if cut is not None]
        for cut in cuts:
            _refuse_newer(cut)
        bar = stack.enter_context(_bar(cuts, progress))
        stack.enter_context(collector_off())
        for cut in cuts:
            fold_twice(trial, cut, _shown(cut, logs, bar), rules, models.get)
    if trial.began == sys.maxsize:
        end = f"the log ends at {instant(trial.ended)}" if trial.ended else "the log is empty"
        raise UsageError(f"seen --from {instant(since)}, expected a time in the log: {end}")
    return trial


def _refuse_newer(cut: Cut) -> None:
    for value in cut.inputs:
        if value.kind == "fold_version":
            version = msgspec.json.decode(value.payload, type=FoldVersion).version
            if version > FOLD_VERSION:
                raise UsageError(
                    f"a newer program folded this log (fold version {version}, here "
                    f"{FOLD_VERSION}); run its `learnstream rules try`"
                )


def _shown(cut: Cut, logs: Logs, bar: "tqdm[Never]") -> Iterable[list[Record]]:
    for batch in cut.records(logs):
        yield batch
        bar.update(len(batch))


def _bar(cuts: Iterable[Cut], progress: bool | None) -> "tqdm[Never]":  # noqa: FBT001 - as given
    return tqdm(
        desc="rules try",
        total=sum(cut.checkpoint.next for cut in cuts),
        unit="",
        unit_scale=True,
        disable=not (sys.stderr.isatty() if progress is None else progress),
        file=sys.stderr,
    )
