"""A thread that ends the process when it is alive but does not get on."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from typing_extensions import override

from agents.partition_owner.assignment import Assignment
from agents.partition_owner.job import OwnerMetrics
from agents.partition_owner.log_ends import LogEnds
from agents.partition_owner.owner import Owner
from agents.partition_owner.transport import Standing
from runtime.errors import CrashError
from runtime.process import dump_stacks, leave_now

_LOOK_SECONDS: Final = 1.0

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """When something last moved: the loop's heart, and all that has to move."""

    seconds: float
    beat_at: float
    _marks: dict[str, tuple[object, float]] = field(default_factory=dict)

    def stuck(self, marks: Mapping[str, object], now: float) -> str | None:
        """Why the process is stuck at `now`.

        Each mark is of something that has to move, named by what there is to say if it does not.
        """
        if now - self.beat_at > self.seconds:
            return f"the event loop has not run for {now - self.beat_at:.0f} s"
        self._marks = {
            what: self._marks[what]
            if what in self._marks and self._marks[what][0] == mark
            else (mark, now)
            for what, mark in marks.items()
        }
        for what, (_, since) in self._marks.items():
            if now - since > self.seconds:
                return f"{what} for {now - since:.0f} s"
        return None


class Watchdog(threading.Thread):
    """Looks once a second; a crash and a fresh start are better than silence."""

    def __init__(
        self,
        assignment: Assignment,
        ends: LogEnds,
        metrics: OwnerMetrics,
        seconds: float,
        leave: Callable[[int], object] = leave_now,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._assignment = assignment
        self._ends = ends
        self._metrics = metrics
        self._leave = leave
        self._progress = Progress(seconds, time.monotonic())

    def beat(self) -> None:
        """The event loop runs."""
        self._progress.beat_at = time.monotonic()

    @override
    def run(self) -> None:
        """Look until the process ends."""
        while True:
            time.sleep(_LOOK_SECONDS)
            if (reason := self._look()) is not None:
                try:
                    log.error("watchdog", reason=reason)
                    dump_stacks()
                finally:  # whether or not it can be said
                    self._leave(CrashError.exit_status)

    def _look(self) -> str | None:
        try:
            return self._progress.stuck(self._marks(), time.monotonic())
        except Exception as error:  # noqa: BLE001 - a watchdog that dies would be silent
            return f"the watchdog itself failed: {error!r}"

    def _marks(self) -> dict[str, object]:
        """What must move: our membership, and each partition of ours that has work."""
        marks: dict[str, object] = {}
        if self._assignment.membership_lost():
            marks["the task that keeps this worker in its group has been over"] = None
        share = self._assignment.share()
        if share is None:
            marks["this worker has had no place in its group"] = None
        standings = self._assignment.standings()
        for partition in (share or frozenset()) - standings.keys():
            marks[f"partition {partition} is ours and has had no owner"] = None
        for partition, (owner, standing) in standings.items():
            lag = owner.waiting + self._behind(partition, standing)
            self._metrics.show("lag", partition, lag)
            if owner.stored is not None:
                owner.stored.measure()
            if not owner.halted:
                marks.update(_marks_of(partition, owner, standing, behind=lag > 0))
        return marks

    def _behind(self, partition: int, standing: Standing) -> int:
        """How many offsets were not fetched yet, by whoever knows of a later end of the log."""
        end = max(standing.end or 0, self._ends.of(partition) or 0)
        return 0 if standing.position is None else max(0, end - standing.position)


def _marks_of(
    partition: int, owner: Owner, standing: Standing, *, behind: bool
) -> Iterator[tuple[str, object]]:
    """An owner looks for work again and again; where there is some, the partition moves."""
    yield f"the owner of partition {partition} has not looked for work", owner.rounds
    if behind:
        mark = owner.advances, standing.position
        yield f"partition {partition} has work and did not move", mark
