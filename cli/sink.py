"""`learnstream sink`: keep the Postgres tables up to date."""

import argparse
from typing import Any

from cli.settings import read_settings
from runtime.clock import WallClock
from runtime.log import configure
from sinks.process import run as run_sink


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sink", help="write the stream's states and alerts to Postgres", description=__doc__
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run until a signal."""
    del args
    settings = read_settings()
    configure(settings)
    run_sink(settings, WallClock())
    return 0
