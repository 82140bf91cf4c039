"""`learnstream why`: what led to an alert, from the log."""

import argparse
from typing import Any
from uuid import UUID

from cli.settings import read_settings
from proof.why import why
from proof.why_report import rendered
from runtime.log import configure

_ABOUT = """Fold the learner of an alert again, and say of each of its transitions what led to it:
events, inputs, thresholds, models, the figures before and after, and to whom it went. Exit status:
1 where there is no such alert, or where the log does not come to it again."""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "why", help="say what led to an alert, from the log", description=_ABOUT
    )
    parser.add_argument(
        "alert",
        type=_alert_id,
        metavar="ALERT_ID",
        help="data.alert_id of the event, id in the API",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print all that the log says of the alert; 1 where it does not come to it again."""
    settings = read_settings()
    configure(settings)
    found = why(settings, args.alert)
    print(rendered(found, as_json=args.json))
    return 0 if found.problem is None else 1


def _alert_id(given: str) -> str:
    try:
        return str(UUID(given))
    except ValueError as error:
        message = f"seen {given!r}, expected the id of an alert, a UUID"
        raise argparse.ArgumentTypeError(message) from error
