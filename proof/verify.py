"""`verify`: for each partition wait, fold the log again, and compare all that was made of it."""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Never

import psycopg
from tqdm import tqdm

from contracts.schema import SCHEMA_VERSION
from contracts.topics import ACTIVITY, partition_counts
from domain.events.decode import Record
from domain.fold.partition import new_checkpoint
from domain.stored.checkpoint import FOLD_VERSION, Checkpoint
from proof.course_letters import course_letters
from proof.examples import Examples
from proof.found import Found, Lag, Limits
from proof.logs import Log, Logs, look_at
from proof.matching import Compared, compare_all
from proof.oracle import Expected, Oracle
from proof.recount import Recount
from proof.report import Report
from proof.sample import choose_learners
from proof.snapshots import Snapshots
from proof.tables import opened, read_tables
from proof.trained import compare_rows, compare_trained, settled_rows
from runtime.process import collector_off
from runtime.same_log import Extent, check_same_log
from runtime.servers import wait_for_database, wait_for_kafka
from runtime.settings import Settings

RECOUNTED_LEARNERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a run of `verify` is given; `progress` None: a bar where stderr is a terminal."""

    settings: Settings
    wait_seconds: float
    progress: bool | None = None


def verify(proof: Proof) -> Report:
    """Compare every partition; raises NotCaughtUpError where worker or sink lag for too long."""
    wait_for_kafka(proof.settings, partition_counts(proof.settings.partitions))
    wait_for_database(proof.settings, "learnstream verify", schema=SCHEMA_VERSION)
    log = look_at(proof.settings, ACTIVITY)
    report = Report()
    # Snapshots are asked for while a partition is read, so they are read by clients of their own.
    with (
        Logs(proof.settings) as logs,
        Logs(proof.settings) as beside,
        opened(proof.settings) as connection,
    ):
        models = Models(Examples(logs, log.partitions), Snapshots(beside))
        ends = {number: logs.end(ACTIVITY, number) for number in range(log.partitions)}
        limits = Limits(ends, time.monotonic() + proof.wait_seconds, proof.wait_seconds)
        with _bar(proof, ends) as bar:
            for number in ends:
                partition = _Partition(proof, log, logs, connection, models, number)
                partition.compare(report, limits, bar)
        compare_trained(report, logs, models.snapshots)
        rows = settled_rows(Lag(proof.settings, connection), models.snapshots, limits)
        compare_rows(report, models.snapshots, rows)
    return report


@dataclass(frozen=True, slots=True)
class Models:
    """What all partitions share: what is learned from, and what was learned."""

    examples: Examples
    snapshots: Snapshots


@dataclass(slots=True)
class _Partition:
    """One partition of a run."""

    proof: Proof
    log: Log
    logs: Logs
    connection: psycopg.Connection
    models: Models
    number: int

    def compare(self, report: Report, limits: Limits, bar: "tqdm[Never]") -> None:
        """Wait until everybody has passed the end, then fold and compare up to one cut.

        The cut is what the partition's checkpoint says, so a running stack is compared
        exactly as well.

        Raises LossError where the log is not the one that was folded.
        """
        settings, number = self.proof.settings, self.number
        found = Found(self.logs, number, self.models.examples)
        found.wait_for_worker(limits)
        found.read_outputs()
        found.wait_for_sink(limits, Lag(settings, self.connection))
        tables = read_tables(self.connection, number, self.log.partitions)
        later = found.read_later(tables.positions, settings)
        checkpoint = found.checkpoint
        begin = self.logs.begin(ACTIVITY, number)
        self.models.snapshots.catch_up()
        why = found.unknown or self.models.snapshots.why_not(found.inputs)
        if checkpoint is not None:
            self._check(checkpoint, begin)
        if begin > 0:
            why = f"the log begins at offset {begin}: what was before cannot be folded again"
        chosen = choose_learners(found.states.learners, self._quota()) if why is None else {}
        folded = checkpoint if why is None else None
        expected, recount = self._fold(found, folded, chosen, bar)
        if expected.unknown_version is not None:
            why = other_version(expected.unknown_version)
        elif expected.began_at and why is None:
            report.notes.append(earlier_version(number, expected))
        found.read_outputs()
        report.events += expected.folded
        compare_all(
            report,
            Compared(
                found=found,
                expected=expected,
                tables=tables,
                later=later,
                recount=recount,
                courses=course_letters(self.logs, found, checkpoint),
                chosen=chosen,
                why_not=why,
            ),
            settings,
        )

    def _check(self, checkpoint: Checkpoint, begin: int) -> None:
        check_same_log(
            f"activity[{self.number}]",
            "the fold",
            Extent(self.log.topic_id, begin, checkpoint.next),
            topic_id=checkpoint.topic_id,
            at=checkpoint.next,
        )

    def _quota(self) -> int:
        return -(-RECOUNTED_LEARNERS // self.log.partitions)

    def _fold(
        self,
        found: Found,
        checkpoint: Checkpoint | None,
        chosen: Mapping[str, object],
        bar: "tqdm[Never]",
    ) -> tuple[Expected, Recount]:
        """Fold the log up to the cut; where it cannot be verified, nothing is folded."""
        mode = self.proof.settings.clock if checkpoint is None else checkpoint.clock_mode
        start = new_checkpoint(self.number, self.log.partitions, self.log.topic_id, mode)
        recount = Recount({user.encode() for user in chosen}, found.rejected)
        oracle = Oracle(start, found.inputs, self.models.snapshots.get)
        if checkpoint is None:
            return oracle.expected, recount
        batches = self.logs.read(ACTIVITY, self.number, 0, checkpoint.next)

        def taken() -> Iterator[list[Record]]:
            for batch in batches:
                for item in batch:
                    recount.take(item.offset, item.key, item.value)
                yield [Record(r.offset, r.timestamp, r.key, r.value) for r in batch]
                bar.update(len(batch))

        with collector_off():
            expected = oracle.run(taken())
        recount.zones = expected.zones
        expected.checkpoint.courses = dict(
            checkpoint.courses
        )  # what was looked at, compaction may hide
        return expected, recount


def other_version(version: int) -> str:
    """What to do where the log was folded by another version last."""
    who = "a newer program" if version > FOLD_VERSION else "an older program"
    what = (
        "run its `learnstream verify`" if version > FOLD_VERSION else "start the new worker first"
    )
    return f"{who} folded this log last (fold version {version}, here {FOLD_VERSION}); {what}"


def earlier_version(number: int, expected: Expected) -> str:
    """What was compared of a log of which another version folded the first part."""
    return (
        f"partition {number}: another version folded what is before offset {expected.began_at}; "
        f"states and alerts of {len(expected.earlier)} learners with events there were compared "
        "with Postgres, and not folded again, nor were alerts about data"
    )


def _bar(proof: Proof, ends: Mapping[int, int]) -> "tqdm[Never]":
    shown = sys.stderr.isatty() if proof.progress is None else proof.progress
    return tqdm(
        desc="verify",
        total=sum(ends.values()),
        unit="",
        unit_scale=True,
        disable=not shown,
        file=sys.stderr,
    )
