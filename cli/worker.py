"""`learnstream worker`: own partitions of activity, fold their events, publish alerts."""

import argparse

from msgspec.structs import replace

from agents.worker.topology import run_worker
from cli.rules_file import read_rules
from cli.settings import read_settings
from domain.configuration import Configuration
from runtime import log
from runtime.settings import Settings


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "worker", help="fold events into states, publish alerts", description=__doc__
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="first resume every partition that halted as too many of its events were rejected",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run until a signal asks to stop; the exit status says what a supervisor is to do."""
    settings = read_settings()
    log.configure(settings)
    return run_worker(settings, configuration(settings), resume=args.resume)


def configuration(settings: Settings) -> Configuration:
    """The rules, the zone and the source of alerts as set; raises UsageError for a bad file."""
    if settings.rules_file is None:
        return Configuration(timezone=settings.timezone, alert_source=settings.alert_source)
    found = read_rules(settings.rules_file, f"LEARNSTREAM_RULES_FILE: {settings.rules_file}")
    return replace(found, timezone=settings.timezone, alert_source=settings.alert_source)
