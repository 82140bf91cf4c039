"""A whole stack as a user starts it, `learnstream up --no-demo`, for benchmarks to look at."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from devstack.environment import PREFIX, PROGRAM
from runtime.settings import Settings

READY_SECONDS: Final = 300.0
STOP_SECONDS: Final = 40.0
_LOOK_SECONDS: Final = 0.01
_NOT_OURS: Final = ("KAFKA_BOOTSTRAP", "DATABASE_URL")


@dataclass(frozen=True, slots=True)
class Running:
    """A stack that is ready."""

    process: "subprocess.Popen[bytes]"
    api: str
    env: Mapping[str, str]
    ready_seconds: float

    def settings(self) -> Settings:
        """The settings of its parts."""
        given = {
            name if name in _NOT_OURS else name.removeprefix(PREFIX).lower(): value
            for name, value in self.env.items()
        }
        return Settings.model_validate(given)

    def part(self, name: str) -> psutil.Process:
        """The process of one part."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            if child.cmdline()[-1:] == [name]:
                return child
        raise AssertionError(f"no part {name} is running")

    def ports(self, part: str) -> list[int]:
        """The ports on which one part listens."""
        found = self.part(part).net_connections("tcp")
        return [each.laddr.port for each in found if each.status == psutil.CONN_LISTEN]


@contextmanager
def a_stack(folder: Path, *flags: str, **environment: str) -> Iterator[Running]:
    """Start a stack that says in `folder` that it is ready, and stop it as Ctrl-C does."""
    ready_file, log = folder / "ready.json", folder / "up.log"
    ready_file.unlink(missing_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    began = time.monotonic()
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, "up", "--no-demo", "--ready-file", str(ready_file), *flags],
            env=inherited | environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        while not ready_file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() - began < READY_SECONDS, log.read_text()
            time.sleep(_LOOK_SECONDS)
        seconds = time.monotonic() - began
        ready: dict[str, Any] = json.loads(ready_file.read_text())
        yield Running(process, ready["api"], ready["env"], seconds)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)
    assert process.returncode == 0, log.read_text()


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder that is thrown away, open to the user that Postgres may have to run as."""
    folder = Path(tempfile.mkdtemp(prefix="learnstream-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
