"""`learnstream api`: serve the read API."""

import argparse
from typing import Any

from api.app import serve
from cli.settings import read_settings
from runtime.clock import WallClock
from runtime.log import configure


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "api", help="serve the read API, from Postgres", description=__doc__
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run until a signal."""
    del args
    settings = read_settings()
    configure(settings)
    serve(settings, WallClock())
    return 0
