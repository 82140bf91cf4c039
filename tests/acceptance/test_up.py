"""`learnstream up` as a person runs it: ready, parts that come back, nothing left behind."""

import contextlib
import json
import shlex
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.waiting import wait_for

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]
START_SECONDS = 90.0


@dataclass
class Up:
    """A running `learnstream up` and what it has said."""

    process: subprocess.Popen[bytes]
    ready_file: Path
    log: Path

    def ready(self) -> dict[str, Any]:
        assert self.process.poll() is None, self.log.read_text()
        return json.loads(self.ready_file.read_text()) if self.ready_file.exists() else {}

    def below(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def part(self, name: str) -> psutil.Process | None:
        for each in self.below():
            with contextlib.suppress(psutil.Error):  # it may have ended meanwhile
                if each.cmdline()[-1:] == [name]:
                    return each
        return None


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="learnstream-up-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def start_up(folder: Path) -> Up:
    ready_file = folder / "ready.json"
    ready_file.unlink(missing_ok=True)
    log = folder / "up.log"
    command = [sys.executable, "-P", "-m", "cli.main", "up", "--no-demo"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--data", str(folder / "data"), "--ready-file", str(ready_file)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Up(process, ready_file, log)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(
        each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes
    )


def dashboard_status(ready: dict[str, Any], token: str) -> int:
    request = urllib.request.Request(
        f"{ready['api']}/api/progress/real-time-dashboard",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def token_for(ready: dict[str, Any], user: str) -> str:
    command = shlex.split(ready["token_command"].replace("{user}", user))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def assert_no_secret_was_written(folder: Path, up: Up, token: str) -> None:
    data = folder / "data"
    names = ("jwt-secret", "reader-password", "postgres/password")
    secrets = {token, *((data / name).read_text() for name in names)}
    assert len(secrets) == 4
    for file in [up.log, *(data / "logs").iterdir(), data / "kafka" / "kafka.log"]:
        text = file.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], file


def test_a_stack_starts_heals_stops_and_goes_on(folder: Path) -> None:
    up = start_up(folder)
    try:
        ready = wait_for(up.ready, START_SECONDS)
        token = token_for(ready, "17")
        assert dashboard_status(ready, token) == 200

        worker = up.part("worker")
        assert worker is not None
        worker.kill()
        wait_for(lambda: (again := up.part("worker")) is not None and again != worker, 10)
        assert "worker was ended by SIGKILL; starting it again" in up.log.read_text()

        children = up.below()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(timeout=40) == 0
        assert all_gone(children)
        assert not up.ready_file.exists()
        assert_no_secret_was_written(folder, up, token)

        up = start_up(folder)
        again = wait_for(up.ready, START_SECONDS)
        assert dashboard_status(again, token) == 200  # the secret outlived the restart
        children = up.below()
        up.process.kill()
        up.process.wait()
        wait_for(lambda: all_gone(children), 10)
    finally:
        up.process.kill()
        up.process.wait()
