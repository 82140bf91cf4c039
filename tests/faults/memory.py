"""What each process holds: memory, open files, connections; and whether that grows."""

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import psutil
from typing_extensions import override

from tests.faults.parts import Parts, role_of
from tests.faults.watching import Watcher

MIB_MAX: Final = 200
"""About twice what a part holds in a run: more would follow from the history's length."""
WARM_SECONDS: Final = 20.0
"""So long a process may still grow once all is well: code is loaded, caches fill.

One that starts while a server is away has nothing to do before, and then a backlog.
"""
GROWN_MIB_MAX: Final = {"worker": 64, "trainer": 128, "sink": 32, "api": 64}
"""The API remembers the answers of a minute, a worker the decoded states of its hot learners."""
_ENDS: Final = 10
"""So many samples at each end of a life are compared, by their medians."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process held at one moment (monotonic seconds)."""

    at: float
    part: str
    pid: int
    mib: int
    files: int
    connections: int
    well: bool = True
    """Whether the operator had nothing to complain of."""


class MemoryReader(Watcher):
    """Samples every process about once a second (I7)."""

    def __init__(self, parts: Parts, well: Callable[[], bool]) -> None:
        super().__init__("memory reader", (psutil.Error,))
        self.samples: list[Sample] = []
        self._parts = parts
        self._well = well

    @override
    def open(self) -> Callable[[], object]:
        return lambda: None

    @override
    def look(self) -> None:
        for part in self._parts.running():
            if part.pid is None:
                continue
            process = psutil.Process(part.pid)
            with process.oneshot():
                found = Sample(
                    at=time.monotonic(),
                    part=part.name,
                    pid=part.pid,
                    mib=process.memory_info().rss >> 20,
                    files=process.num_fds(),
                    connections=len(process.net_connections("tcp")),
                    well=self._well(),
                )
            self.samples.append(found)
            if found.mib > MIB_MAX:
                self.wrong(f"I7: {part.name} holds {found.mib} MiB, more than {MIB_MAX}")
        self.pause(1.0)

    def highest(self) -> dict[str, int]:
        """The most MiB that each part ever held."""
        highest: dict[str, int] = {}
        for sample in self.samples:
            highest[sample.part] = max(sample.mib, highest.get(sample.part, 0))
        return dict(sorted(highest.items()))


def held(samples: Iterable[Sample], since: float, until: float) -> dict[str, dict[str, float]]:
    """The medians of each part between two moments."""
    found: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if since <= sample.at <= until:
            found[sample.part].append(sample)
    return {
        part: {
            name: statistics.median(getattr(sample, name) for sample in some)
            for name in ("mib", "files", "connections")
        }
        for part, some in sorted(found.items())
    }


def growing_lives(samples: Iterable[Sample]) -> Iterator[str]:
    """Each process that held much more at its end than when it was warm (I7)."""
    lives: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        lives[sample.part, sample.pid].append(sample)
    for (part, _), life in lives.items():
        began = next((sample.at for sample in life if sample.well), math.inf)
        warm = [sample for sample in life if sample.at - began >= WARM_SECONDS]
        if len(warm) < 2 * _ENDS:
            continue
        first = statistics.median(sample.mib for sample in warm[:_ENDS])
        last = statistics.median(sample.mib for sample in warm[-_ENDS:])
        if last - first > GROWN_MIB_MAX[role_of(part)]:
            seconds = warm[-1].at - warm[0].at
            yield f"I7: {part} grew from {first:.0f} to {last:.0f} MiB within {seconds:.0f} s"
