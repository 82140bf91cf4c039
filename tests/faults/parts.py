"""The processes of a run, each started again when it ends, as a supervisor does."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from devstack.child import Child, Launch
from devstack.environment import PREFIX, PROGRAM
from devstack.places import free_ports
from devstack.supervisor import Again, LeftDown, after_end

ROOT: Final = Path(__file__).parents[2]
POLL_SECONDS: Final = 0.05
OF_TRAINER: Final = frozenset({"example_learned_twice", "snapshot_without_its_position"})
"""The mutants of the trainer; the others leave it as it is."""


class MissedError(Exception):
    """A fault hit nothing, so that the run proves nothing."""


class SkippedError(Exception):
    """A fault cannot strike on this machine; the run proves what it proves without it."""


class StuckError(Exception):
    """The system did not get well again."""


class ViolationError(Exception):
    """A fault ended as it never must; the run goes on, to see what comes of it."""


class Mark(NamedTuple):
    """A moment of a part: how often it had ended, and how long its log was."""

    ends: int
    log_bytes: int


class Part:
    """One process; every start is a Child of its own, so that it may have failpoints of its own."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path
    ) -> None:
        self.name = name
        self.role = role_of(name)
        self.metrics_port = None if self.role == "api" else free_ports(1)[0]
        """The API serves its own metrics on its own port."""
        self.ends: list[int] = []
        """The statuses with which it ended, oldest first."""
        self.wanted = False
        self._command = command
        self._environment = dict(environment)
        if self.metrics_port is not None:
            self._environment[f"{PREFIX}METRICS_PORT"] = str(self.metrics_port)
        self._log = logs / f"{name}.log"
        self._started_at = 0.0
        self._log_from = 0
        self._due_at: float | None = None
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None where it was never started."""
        return None if self._child is None else self._child.pid

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._child is not None and self._child.running()

    def start(self, failpoints: str = "") -> None:
        """Start it now; later starts by `watch` have no failpoints."""
        assert not self.running
        self._log.touch()
        self._log_from = self._log.stat().st_size
        child = Child(
            Launch(
                name=self.name,
                command=self._command,
                log=self._log,
                environment={**self._environment, f"{PREFIX}FAILPOINTS": failpoints},
                folder=ROOT,
            )
        )
        child.start()
        self._child = child
        self._started_at = time.monotonic()
        self._due_at = None
        self.wanted = True

    def kill(self) -> None:
        """SIGKILL; something must have been there to be killed."""
        if not self.running:
            raise MissedError(f"{self.name} did not run")
        assert self._child is not None
        self._child.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process that runs."""
        if not self.running:
            raise MissedError(f"{self.name} did not run")
        assert self.pid is not None
        os.kill(self.pid, number)

    def stop(self) -> None:
        """End it for good; a process that hangs is killed."""
        self.wanted = False
        if self._child is not None:
            if self.running:
                self.send(signal.SIGCONT)
            self._child.stop()

    def said(self) -> str:
        """Its log since the last start."""
        return self._log_behind(self._log_from)

    def mark(self) -> Mark:
        """This moment, for `since`."""
        return Mark(len(self.ends), self._log.stat().st_size if self._log.exists() else 0)

    def since(self, mark: Mark) -> tuple[list[int], str]:
        """The statuses with which it ended since then, and what it logged."""
        return self.ends[mark.ends :], self._log_behind(mark.log_bytes)

    def taken(self) -> int:
        """How many partitions this worker took over since its start."""
        return self.said().count("partition_taken") if self.running else 0

    def watch(self) -> str | None:
        """Look once and start it again where that is due; says why it would stay down."""
        if not self.wanted or self.running:
            return None
        now = time.monotonic()
        if self._due_at is not None:
            if now >= self._due_at:
                self.start()
            return None
        assert self._child is not None
        status = self._child.status()
        assert status is not None
        self.ends.append(status)
        match after_end(status, lived_seconds=now - self._started_at, deaths=0):
            case Again(seconds):
                self._due_at = now + seconds
            case LeftDown(reason):
                self.wanted = False
                return f"{self.name} stays down: {reason}: {self._child.last_words(3)}"
        return None

    def _log_behind(self, size: int) -> str:
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(size)
            return log.read().decode(errors="replace")


class Parts:
    """All parts by name, and the loop in which everything waits."""

    def __init__(
        self, environment: Mapping[str, str], logs: Path, mutant: str | None = None
    ) -> None:
        self.down: list[str] = []
        """Parts that would wait for a person: nothing here may do that to them."""
        self._parts = {
            name: Part(name, command_of(name, mutant), environment, logs)
            for name in ("sink", "sink-2", "api", "trainer", "trainer-2", "worker-1", "worker-2")
        }

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def all(self) -> list[Part]:
        """All of them, those that were never started too."""
        return list(self._parts.values())

    def running(self) -> list[Part]:
        """Those that run."""
        return [part for part in self._parts.values() if part.running]

    def workers(self) -> list[Part]:
        """The workers that are meant to be there."""
        return [self[name] for name in ("worker-1", "worker-2") if self[name].wanted]

    def watch(self) -> None:
        """Look once at every part."""
        for part in self._parts.values():
            if (problem := part.watch()) is not None:
                self.down.append(problem)

    def pump(self, seconds: float) -> None:
        """Let so much time pass."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.watch()
            time.sleep(POLL_SECONDS)

    def until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for a condition; a StuckError says which one did not come true."""
        end = time.monotonic() + seconds
        while not condition():
            self.watch()
            if time.monotonic() > end:
                raise StuckError(f"not within {seconds:.0f} s: {what}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End all."""
        for part in self._parts.values():
            part.stop()


def command_of(name: str, mutant: str | None) -> list[str]:
    """How a part is started; a mutant is the same program with one thing wrong."""
    command = role_of(name)
    if mutant is None or command == "api" or (command == "trainer") != (mutant in OF_TRAINER):
        return [*PROGRAM, command]
    return [PROGRAM[0], "-m", "tests.faults.mutants", mutant, command]


def role_of(name: str) -> str:
    """What the part is, whichever of them it is: `worker`, `trainer`, `sink` or `api`."""
    return name.rstrip("-12")
