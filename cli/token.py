"""`learnstream token`: a development token for an embedded stack."""

import argparse
import json
from datetime import timedelta
from pathlib import Path

from operations.token import issue
from runtime.clock import WallClock
from runtime.settings import Settings


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "token", help="a development token (embedded mode only)", description=__doc__
    )
    parser.add_argument("--user", required=True, help="the learner's id")
    parser.add_argument("--scope", default="", help="as progress:read:any")
    parser.add_argument("--ttl", type=int, default=86_400, help="seconds (86400)")
    parser.add_argument("--env-file", type=Path, help="a file with the stack's settings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token."""
    token = issue(
        Settings(_env_file=arguments.env_file),
        user=arguments.user,
        scope=arguments.scope,
        lifetime=timedelta(seconds=arguments.ttl),
        clock=WallClock(),
    )
    print(json.dumps({"token": token}) if arguments.json else token)
    return 0
