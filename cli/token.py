"""`learnstream token`: a development token for an embedded stack."""

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Final

from cli.settings import read_settings
from operations.token import issue
from runtime.clock import WallClock

LIFETIME_SECONDS_MAX: Final = 366 * 86_400


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "token", help="print a development token (embedded mode only)", description=__doc__
    )
    parser.add_argument("--user", required=True, help="the learner's id")
    parser.add_argument("--scope", default="", help="for example progress:read:any")
    parser.add_argument(
        "--courses", default="", help="an instructor's courses: ids by commas, or * for all"
    )
    parser.add_argument(
        "--ttl", type=_lifetime, default="86400", help="its lifetime in seconds (86400)"
    )
    parser.add_argument("--env-file", type=Path, help="a file with the stack's settings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token."""
    token = issue(
        read_settings(arguments.env_file),
        user=arguments.user,
        scope=arguments.scope,
        lifetime=arguments.ttl,
        courses=arguments.courses,
        clock=WallClock(),
    )
    print(json.dumps({"token": token}) if arguments.json else token)
    return 0


def _lifetime(text: str) -> timedelta:
    seconds = int(text)
    if not 1 <= seconds <= LIFETIME_SECONDS_MAX:
        raise argparse.ArgumentTypeError(
            f"seen {seconds}, expected 1 to {LIFETIME_SECONDS_MAX} seconds"
        )
    return timedelta(seconds=seconds)
