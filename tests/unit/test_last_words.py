"""A process ends, and works, whether or not its log can be written: /dev/full is a full disk."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

import agents.partition_owner.watchdog
from agents.partition_owner.log_ends import LogEnds
from agents.partition_owner.watchdog import Watchdog
from agents.worker.metrics import Metrics
from contracts.topics import ACTIVITY
from devstack.environment import PROGRAM
from runtime.errors import CrashError, UsageError
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def on_a_full_disk(*command: str) -> int:
    """The exit status of a program whose stderr cannot be written."""
    with FULL.open("w") as full:
        done = subprocess.run(
            command, stderr=full, cwd=ROOT, check=False, timeout=60, env={"PYTHONPATH": str(ROOT)}
        )
    return done.returncode


@pytest.mark.parametrize("error", ["CrashError('x')", "ValueError('x')"])
def test_who_cannot_say_why_it_ends_ends_all_the_same(error: str) -> None:
    lines = [
        "import sys, structlog",
        "from runtime.errors import CrashError",
        "from runtime.process import leave",
        "structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))",
        f"leave({error})",
    ]
    assert on_a_full_disk(sys.executable, "-c", "\n".join(lines)) == CrashError.exit_status


def test_a_log_that_cannot_be_written_changes_nothing() -> None:
    lines = [
        "import logging, sys, structlog",
        "from runtime.log import configure",
        "from runtime.settings import Settings",
        "from runtime.stderr import make_stderr_unbreakable",
        "make_stderr_unbreakable()",
        "configure(Settings.model_validate({'KAFKA_BOOTSTRAP': 'nowhere:1'}))",
        "for _ in range(2000): structlog.get_logger().error('something')",
        "logging.getLogger('aiokafka').error('something')",
        "sys.exit(7)",
    ]
    assert on_a_full_disk(sys.executable, "-c", "\n".join(lines)) == 7
    assert on_a_full_disk(*PROGRAM, "worker") == UsageError.exit_status


def test_a_watchdog_that_cannot_speak_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoRoom:
        def error(self, *_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

    left: list[int] = []

    def leave(status: int) -> None:
        left.append(status)
        raise SystemExit

    monkeypatch.setattr(agents.partition_owner.watchdog, "log", NoRoom())
    monkeypatch.setattr(agents.partition_owner.watchdog, "_LOOK_SECONDS", 0.0)
    ends = LogEnds(Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1"}), ACTIVITY)
    watchdog = Watchdog(cast(Any, None), ends, Metrics(CollectorRegistry()), 60, leave)
    with pytest.raises(SystemExit):
        watchdog.run()
    assert left == [CrashError.exit_status]
