"""How a process ends: crash-only, with a status that tells a supervisor what to do."""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Final, NoReturn

import structlog

from runtime.errors import CrashError, ProjectError
from runtime.log import complain

_GEN2_THRESHOLD: Final = 1_000
_SECOND_SIGNAL_SECONDS: Final = 1.0
_FILES_MAX: Final = 65_536
_paused = 0


def exit_status(error: BaseException) -> int:
    """A ProjectError carries its own; everything else is a crash: start me again."""
    return error.exit_status if isinstance(error, ProjectError) else CrashError.exit_status


def leave(error: BaseException) -> NoReturn:
    """End this process at once; nothing is repaired in place and nothing is waited for."""
    try:
        _say_last_words(error)
    finally:
        leave_now(exit_status(error))


def _say_last_words(error: BaseException) -> None:
    log = structlog.get_logger()
    if isinstance(error, ProjectError):
        log.error("process_exits", status=error.exit_status)
        complain(str(error))
    else:
        log.error("process_crashed", status=exit_status(error), exc_info=error)


def leave_now(status: int) -> NoReturn:
    """End this process with `status` whatever other threads do."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def dump_stacks() -> None:
    """Log where every thread stands, for the person who asks why."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    stacks = "\n".join(
        f"{names.get(number, number)}:\n{''.join(traceback.format_stack(frame))}"
        for number, frame in sys._current_frames().items()  # noqa: SLF001 - its documented name
    )
    structlog.get_logger().error("stacks", stack=stacks)


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


def raise_file_limit() -> int:
    """Allow this process as many open files as its hard limit does; returns how many.

    The soft limit of shells and of systemd is 1,024, which is meant for programs that use select().
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, _FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return _FILES_MAX if soft == resource.RLIM_INFINITY else soft


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
