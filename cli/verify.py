"""`learnstream verify`: prove that states, alerts and rows follow from the log."""

import argparse
from typing import Any

from cli.settings import read_settings
from proof.report import rendered, rendered_json
from proof.verify import Proof, verify
from runtime.log import configure

_STATUSES = """Exit status: 0 everything is equal; 1 something is missing, extra, different or could
not be verified; 3 the worker or the sink did not catch up in time."""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "verify", help="fold the log again and compare everything", description=_STATUSES
    )
    parser.add_argument(
        "--wait", type=_seconds, default=30.0, help="seconds to wait for worker and sink (30)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 1 where it is not equal."""
    settings = read_settings()
    configure(settings)
    report = verify(Proof(settings=settings, wait_seconds=args.wait))
    print(rendered_json(report) if args.json else rendered(report))
    return 0 if report.equal else 1


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"seen {text}, expected 0 seconds or more")
    return seconds
