"""Every line that a process logs is of the form that was asked for, and none floods the log."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from runtime.log import FewLines

SPEAKING = """
import asyncio, logging, sys, threading, warnings
import structlog
from runtime.errors import CrashError
from runtime.log import complain, configure
from runtime.process import dump_stacks
from runtime.settings import Settings

configure(Settings())
structlog.get_logger().info("ours", number=1)
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("ours_failed")
    logging.getLogger("psycopg.pool").exception("error connecting in %r: two\\nlines", "pool-1")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
warnings.warn("old", DeprecationWarning)
dump_stacks()

async def fail():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)

asyncio.run(fail())
thread = threading.Thread(target=lambda: 1 / 0, name="aside")
thread.start()
thread.join()

class Broken:
    def __del__(self):
        raise ValueError("unraisable")

Broken()
complain(str(CrashError("cannot go on")))
raise RuntimeError("nobody caught this")
"""


def spoken(form: str) -> list[str]:
    """What a process says that does all that ends on stderr."""
    environment = {
        "KAFKA_BOOTSTRAP": "none:1",
        "LEARNSTREAM_LOG_FORMAT": form,
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", SPEAKING],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()


def test_every_line_of_a_json_log_is_json() -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in spoken("json")]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    assert [line["event"].partition("\n")[0].partition(":")[0] for line in lines] == [
        "ours",
        "ours_failed",
        "error connecting in 'pool-1'",
        "Invalid HTTP request received.",
        "<string>",
        "stacks",
        "Exception in callback fail.<locals>.<lambda>() at <string>",
        "uncaught",
        "unraisable",
        "complaint",
        "uncaught",
    ]
    assert [line["logger"] for line in lines if "logger" in line] == [
        "psycopg.pool",
        "uvicorn.error",
        "py.warnings",
        "asyncio",
    ]
    traced = [line["exception"] for line in lines if "exception" in line]
    assert len(traced) == 6
    assert all("Traceback" in each for each in traced)
    assert lines[-2]["error"] == "cannot go on"


def test_a_text_log_is_for_people() -> None:
    lines = spoken("text")
    assert "learnstream: cannot go on" in lines
    assert any("ours" in line and "number=1" in line for line in lines)
    assert any("Invalid HTTP request received." in line for line in lines)


def test_a_line_that_repeats_speaks_once_and_says_how_often_it_was_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("runtime.log.time.monotonic", lambda: now)
    few = FewLines()

    def passes(line: int) -> int | None:
        record = logging.LogRecord("asyncio", logging.ERROR, "events.py", line, "again", None, None)
        return record.__dict__["left_out"] if few.filter(record) else None

    assert [passes(7) for _ in range(50)] == [0] + 49 * [None]
    assert passes(8) == 0
    now += 10.0
    assert passes(7) == 49
