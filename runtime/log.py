"""Logs: a constant event name and fields; never a learner's content."""

import logging
import sys

import structlog

from runtime.settings import Settings


def configure(settings: Settings) -> None:
    """Send every log line of this process to stderr, as text or as JSON."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is at that moment
    )
    logging.basicConfig(
        level=max(level, logging.WARNING),
        format="%(asctime)s [%(levelname)s] %(name)s %(message)s",
        stream=sys.stderr,
        force=True,
    )
