"""`rules try`: the log folded twice from a moment on, with today's rules and with others."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import NamedTuple, Never

import msgspec
from tqdm import tqdm

from contracts.alert_event import instant
from contracts.topics import ACTIVITY, partition_counts
from domain.alerts import Transition
from domain.configuration import Configuration, adopted
from domain.events.decode import Accepted, Record, decode
from domain.fold.inputs import FoldVersion, Input, ModelAdopted, Tick
from domain.fold.partition import PartitionFold
from domain.scoring import Snapshots
from domain.stored.checkpoint import FOLD_VERSION, Checkpoint
from domain.stored.codec import decode_checkpoint, encode_checkpoint
from domain.texts import text
from proof import snapshots as published
from proof.logs import Logs, look_at
from proof.memory import MemoryStore
from proof.refold import Cut, Part, Refold, merged, read_cut
from runtime.errors import UsageError
from runtime.process import collector_off
from runtime.servers import wait_for_kafka
from runtime.settings import Settings


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
    """The fold of one partition with rules of its own from a moment on, and what they come to."""

    def __init__(self, before: Refold, snapshots: Snapshots, rules: Configuration) -> None:
        """Continue where `before` stands, which stays as it is."""
        own, store = before.fold, MemoryStore()
        store.bytes.update(before.store.bytes)
        checkpoint = decode_checkpoint(encode_checkpoint(own.checkpoint))
        fold = PartitionFold(checkpoint, own.configuration, dict(own.facts), store, snapshots)
        self.outcome = Outcome()
        self._refold = Refold(fold, store, rules)
        self.outcome.take(self._refold.configure().transitions)

    def fold_part(self, part: Part) -> None:
        """Fold what comes next."""
        refold = self._refold
        effects = refold.adopt(part) if isinstance(part, Input) else refold.take(part)
        self.outcome.take(effects.transitions)

    @property
    def checkpoint(self) -> Checkpoint:
        """Where it stands."""
        return self._refold.fold.checkpoint


def fold_twice(
    trial: Trial,
    cut: Cut,
    batches: Iterable[Sequence[Record]],
    rules: Configuration,
    snapshots: Snapshots,
) -> None:
    """Fold one partition up to the moment, then on with today's rules and with the other ones."""
    before = Refold.begun(cut, snapshots)
    sides: tuple[Side, ...] = ()
    for part in merged(cut.inputs, batches):
        rest = part if sides else _until(before, part, trial)
        if rest is None:
            continue
        if not sides:
            today = adopted_last(cut.inputs)
            sides = (Side(before, snapshots, rules), Side(before, snapshots, today))
        for each in sides:
            each.fold_part(rest)
    for outcome, each in zip((trial.tried, trial.today), sides, strict=False):
        outcome.raised += each.outcome.raised
        outcome.suppressed += each.outcome.suppressed
    own = sides[0].checkpoint if sides else before.fold.checkpoint
    trial.learners += own.counters.learners
    trial.ended = max(trial.ended, own.clock)


def _until(before: Refold, part: Part, trial: Trial) -> Part | None:
    """Fold what comes before the moment, and return the rest; None where there is none."""
    items: Sequence[Input | Record] = [part] if isinstance(part, Input) else part
    clocks = enumerate(_clock_of(before, item) for item in items)
    count, at = next(((n, at) for n, at in clocks if at >= trial.since), (None, 0))
    if count is None:
        before.adopt(part) if isinstance(part, Input) else before.take(part)
        return None
    trial.began = min(trial.began, at)
    if isinstance(part, Input):
        return part
    before.take(part[:count])
    return part[count:]


def _clock_of(before: Refold, item: Input | Record) -> int:
    """The time to which an input or a record moves the partition's clock; 0 where to none."""
    if isinstance(item, Record):
        own = before.fold.checkpoint
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


def adopted_last(inputs: Iterable[Input]) -> Configuration:
    """The newest configuration that was adopted; the defaults before the first."""
    texts = [bytes(each.payload).decode() for each in inputs if each.kind == "configuration"]
    return adopted(texts[-1] if texts else "")


def try_rules(
    settings: Settings, rules: Configuration, since: int, *, progress: bool | None = None
) -> Trial:
    """Fold all of the log with today's rules and with those of `rules` from `since` on.

    `since` in epoch seconds; the zone and the source stay those of the log.

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
        ended = max((cut.checkpoint.clock for cut in cuts), default=0)
        if ended < since:  # it need not be folded to know that
            raise _not_in_the_log(since, ended)
        bar = stack.enter_context(_bar(cuts, progress))
        stack.enter_context(collector_off())
        for cut in cuts:
            fold_twice(trial, cut, _shown(cut, logs, bar), rules, models.get)
    if trial.began == sys.maxsize:
        raise _not_in_the_log(since, trial.ended)
    return trial


def _not_in_the_log(since: int, ended: int) -> UsageError:
    end = f"the log ends at {instant(ended)}" if ended else "the log is empty"
    return UsageError(f"seen --from {instant(since)}, expected a time in the log: {end}")


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
