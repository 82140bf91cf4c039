"""A child process that never outlives us, in a process group of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.errors import CrashError

POLL_SECONDS: Final = 0.02

# What a child runs first, before it becomes the command: keep what it writes for its owner's eyes
# (learners' events stand in it), ask Linux for a signal when its parent dies (prctl 1 is
# PR_SET_PDEATHSIG; elsewhere only an orderly stop cleans up), and change the user. The order
# matters: a change of user clears the request, and may hide Python's own files. It is a program of
# its own because Popen's preexec_fn is not safe in a process with threads.
_LAUNCH: Final = """
import ctypes, os, sys
library = ctypes.CDLL(None)
os.umask(0o077)
parent, death_signal, user, group = map(int, sys.argv[1:5])
if user >= 0:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
if sys.platform == "linux":
    library.prctl(1, death_signal)
    if os.getppid() != parent:
        os._exit(1)
try:
    os.execv(sys.argv[5], sys.argv[5:])
except OSError as error:
    sys.stderr.write(f"cannot run {sys.argv[5]}: {error.strerror}\\n")
    os._exit(127)
"""


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that a child becomes."""

    user: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a child is started and stopped; `command[0]` is an absolute path."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 15.0


class Child:
    """One child process, which can be started again after it has ended.

    Start it from a thread that lives as long as the child may: Linux sends the death signal when
    the thread that started it ends.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.launch.name

    @property
    def pid(self) -> int | None:
        """Its process id, or None where it was never started."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; its output goes to the end of its log."""
        assert self.status() is not None or self._process is None, f"{self.name} runs already"
        self.launch.log.touch(mode=0o600)
        with self.launch.log.open("ab") as log:
            self._process = subprocess.Popen(
                launch_command(self.launch.command, self.launch.account, self.launch.death_signal),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.launch.environment,
                cwd=self.launch.folder,
                process_group=0,
            )

    def status(self) -> int | None:
        """Its exit status, negative for a signal, or None while it runs or was never started."""
        return self._process.poll() if self._process else None

    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Send the signal that stops it in order; `wait_for_end` is the rest."""
        self._signal(self.launch.stop_signal)

    def stop(self) -> None:
        """Stop it in order, and by force where that takes too long."""
        self.ask_to_stop()
        self.wait_for_end()

    def wait_for_end(self) -> None:
        """Wait for the end of one that was asked to stop; end it by force where that is long."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=self.launch.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and its process group at once, as a crash would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def last_words(self, lines: int = 1) -> str:
        """The end of its log, on one line."""
        if not self.launch.log.exists():
            return ""
        with self.launch.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4_096))
            text = log.read().decode(errors="replace")
        return " | ".join([line for line in text.splitlines() if line.strip()][-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self.running() and self._process is not None:
            os.killpg(self._process.pid, number)


def launch_command(
    command: Sequence[str],
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """Put the launcher before a command: run it as `account`, and end it when its parent ends."""
    user, group = (account.user, account.group) if account else (-1, -1)
    head = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), str(int(death_signal))]
    return [*head, str(user), str(group), *command]


def wait_until_ready(child: Child, *, ready: Callable[[], bool], seconds: float) -> None:
    """Poll until `ready` says yes; a child that ends before, or takes too long, is a CrashError."""
    deadline = time.monotonic() + seconds
    while not ready():
        if (status := child.status()) is not None:
            raise CrashError(
                f"{child.name} ended with status {status} before it was ready: "
                f"{child.last_words(3) or 'it wrote nothing'} (log: {child.launch.log})"
            )
        if time.monotonic() > deadline:
            raise CrashError(
                f"{child.name} was not ready after {seconds:.0f} s: "
                f"{child.last_words(3) or 'it wrote nothing'} (log: {child.launch.log})"
            )
        time.sleep(POLL_SECONDS)
