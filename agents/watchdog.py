"""A thread that ends the process when it is alive but does not get on."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from typing_extensions import override

from agents.assignment import Assignment
from runtime.errors import CrashError
from runtime.metrics import Metrics
from runtime.process import dump_stacks, leave_now

_LOOK_SECONDS: Final = 1.0

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """When something last moved: the loop's heart, and each partition that has work."""

    seconds: float
    beat_at: float
    _marks: dict[int, tuple[object, float]] = field(default_factory=dict)

    def stuck(self, marks: dict[int, object], now: float) -> str | None:
        """Why the process is stuck at `now`; `marks` are of the partitions that have work."""
        if now - self.beat_at > self.seconds:
            return f"the event loop has not run for {now - self.beat_at:.0f} s"
        self._marks = {
            partition: self._marks[partition]
            if partition in self._marks and self._marks[partition][0] == mark
            else (mark, now)
            for partition, mark in marks.items()
        }
        for partition, (_, since) in self._marks.items():
            if now - since > self.seconds:
                return f"partition {partition} has work and did not move for {now - since:.0f} s"
        return None


class Watchdog(threading.Thread):
    """Looks once a second; a crash and a fresh start are better than silence."""

    def __init__(
        self,
        assignment: Assignment,
        metrics: Metrics,
        seconds: float,
        leave: Callable[[int], object] = leave_now,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._assignment = assignment
        self._metrics = metrics
        self._leave = leave
        self._progress = Progress(seconds, time.monotonic())
        self._lost_at: float | None = None

    def beat(self) -> None:
        """The event loop runs."""
        self._progress.beat_at = time.monotonic()

    @override
    def run(self) -> None:
        """Look until the process ends."""
        while True:
            time.sleep(_LOOK_SECONDS)
            reason = self._reason(time.monotonic())
            if reason is not None:
                log.error("watchdog", reason=reason)
                dump_stacks()
                self._leave(CrashError.exit_status)

    def _reason(self, now: float) -> str | None:
        if self._assignment.membership_lost():
            self._lost_at = self._lost_at or now
            if now - self._lost_at > self._progress.seconds:
                return "the task that keeps this worker in its group has ended"
        else:
            self._lost_at = None
        return self._progress.stuck(self._marks(), now)

    def _marks(self) -> dict[int, object]:
        """What must move, of each partition that has work."""
        marks: dict[int, object] = {}
        for partition, (owner, (position, end)) in self._assignment.standings().items():
            behind = end is not None and position is not None and position < end
            lag = owner.waiting + (end - position if behind and end and position else 0)
            self._metrics.show("lag", partition, lag)
            if owner.loaded is not None:
                self._metrics.show("learners", partition, len(owner.loaded.table))
            if behind or owner.waiting or not owner.opened:
                marks[partition] = (owner.advances, position, owner.opened)
        return marks
