"""`learnstream migrate`: bring the Postgres tables up to date."""

import argparse
import json
from typing import Any

from cli.settings import read_settings
from runtime.log import configure
from sinks.migrate import migrate


def register(subparsers: Any) -> None:
    """Add the command and its flag."""
    parser = subparsers.add_parser(
        "migrate", help="bring the Postgres tables up to date", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run what is missing; again: nothing."""
    settings = read_settings()
    configure(settings)
    done = migrate(settings)
    said = f"migrations run: {', '.join(map(str, done)) or 'none, the tables are up to date'}"
    print(json.dumps({"migrations": done}) if args.json else said)
    return 0
