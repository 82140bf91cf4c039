"""How a process ends: crash-only, with a status that tells a supervisor what to do."""

import asyncio
import contextlib
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Iterator
from typing import Final, NoReturn

import structlog

from runtime.errors import CrashError, ProjectError

_GEN2_THRESHOLD: Final = 1_000
_SECOND_SIGNAL_SECONDS: Final = 1.0
_paused = 0


def exit_status(error: BaseException) -> int:
    """A ProjectError carries its own; everything else is a crash: start me again."""
    return error.exit_status if isinstance(error, ProjectError) else CrashError.exit_status


def leave(error: BaseException) -> NoReturn:
    """End this process at once; nothing is repaired in place and nothing is waited for."""
    with contextlib.suppress(OSError, ValueError):  # whether anybody can be told or not
        _say_why(error)
    leave_now(exit_status(error))


def _say_why(error: BaseException) -> None:
    log = structlog.get_logger()
    if isinstance(error, ProjectError):
        log.error("process_ends", status=error.exit_status)
        sys.stderr.write(f"learnstream: {error}\n")
    else:
        log.error("process_crashed", status=exit_status(error), exc_info=error)


def leave_now(status: int) -> NoReturn:
    """End this process with `status` whatever other threads do."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def dump_stacks() -> None:
    """Write where every thread stands to stderr, for the person who asks why."""
    faulthandler.dump_traceback(sys.stderr, all_threads=True)


def stop_event(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; one more a second later ends the process at once.

    Not sooner: a terminal and a supervisor may both tell the same process to stop.
    """
    asked = asyncio.Event()
    asked_at = 0.0

    def ask(number: signal.Signals) -> None:
        nonlocal asked_at
        if not asked.is_set():
            asked_at = loop.time()
            asked.set()
        elif loop.time() - asked_at > _SECOND_SIGNAL_SECONDS:
            leave_now(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    return asked


def settle_memory() -> None:
    """Take what stands now out of the collector's sight: a full collection costs 40 to 80 ms."""
    gc.collect()
    gc.freeze()
    first, second, _ = gc.get_threshold()
    gc.set_threshold(max(first, 10_000), second, _GEN2_THRESHOLD)


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection while much is loaded; loads that overlap are counted."""
    global _paused  # noqa: PLW0603 - the collector is one for the whole process
    _paused += 1
    gc.disable()
    try:
        yield
    finally:
        _paused -= 1
        if _paused == 0:
            gc.enable()
