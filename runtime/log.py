"""Logs: a constant event name and fields; never a learner's content.

Lines of libraries (uvicorn, psycopg, aiokafka, asyncio, warnings) are written the same way as ours.
Each of their lines of source speaks at most once in ten seconds and says how often it was left out,
so that no fault outside of us can fill a disk.
"""

import logging
import os
import sys
import threading
import time
from types import TracebackType
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

from runtime.settings import Settings

REPEAT_SECONDS: Final = 10.0
"""A line of a library is written at most so often."""


def configure(settings: Settings) -> None:
    """Send every log line of this process to stderr, as text or as JSON, one line each in JSON."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_json = settings.log_format == "json"
    structlog.configure(
        processors=[*_shared(), *_rendering(as_json=as_json)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is at that moment
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(FewLines())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared(), _of_library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(as_json=as_json),
            ],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    if as_json:
        _log_what_python_prints()


def complain(message: str) -> None:
    """Say to a person on stderr why this process ends: in JSON where logs are, else as it is.

    It asks the environment itself: the settings may be what is wrong.
    """
    if os.environ.get("LEARNSTREAM_LOG_FORMAT") != "json":
        sys.stderr.write(f"learnstream: {message}\n")
        return
    processors = [*_shared(), *_rendering(as_json=True)]
    structlog.wrap_logger(structlog.PrintLogger(sys.stderr), processors).error(
        "complaint", error=message
    )


class FewLines(logging.Filter):
    """Lets each line of source speak once in a while: without a broker, aiokafka logs 2,000/s."""

    def __init__(self) -> None:
        super().__init__()
        self._spoke: dict[tuple[str, int], tuple[float, int]] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; it carries as `left_out` how many before it were not."""
        place = record.pathname, record.lineno
        now = time.monotonic()
        spoke_at, left_out = self._spoke.get(place, (-REPEAT_SECONDS, 0))
        if now - spoke_at < REPEAT_SECONDS:
            self._spoke[place] = spoke_at, left_out + 1
            return False
        self._spoke[place] = now, 0
        record.left_out = left_out
        return True


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering(*, as_json: bool) -> list[Processor]:
    if as_json:
        return [
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _of_library(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """What a library's line has beside its text: its logger, and how often it was left out."""
    record: logging.LogRecord = event["_record"]
    event["logger"] = record.name
    if left_out := getattr(record, "left_out", 0):
        event["left_out"] = left_out
    return event


def _log_what_python_prints() -> None:
    """Warnings, and tracebacks of errors that nothing caught, become lines of the log."""
    log = structlog.get_logger()

    def uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("uncaught", exc_info=(kind, error, trace))

    def in_thread(hook: threading.ExceptHookArgs) -> None:
        log.critical("uncaught", exc_info=hook.exc_value or hook.exc_type())

    def unraisable(hook: "sys.UnraisableHookArgs") -> None:
        log.error("unraisable", exc_info=hook.exc_value)

    logging.captureWarnings(capture=True)
    sys.excepthook = uncaught
    threading.excepthook = in_thread
    sys.unraisablehook = unraisable
