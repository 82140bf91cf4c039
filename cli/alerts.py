"""`learnstream alerts`: how useful the alerts of each rule were."""

import argparse
from typing import Any

from cli.settings import read_settings
from operations.usefulness import printed, read_usefulness
from runtime.log import configure


def register(subparsers: Any) -> None:
    """Add the command."""
    text = "how useful the alerts of each rule were"
    about = (
        f"Say {text}: the share of feedback that says useful or acted, and the median time "
        "from raised to cleared, of all alerts in Postgres; and how many learners did what was "
        "suggested within 7 days, with the alert delivered and with it suppressed."
    )
    parser = subparsers.add_parser("alerts", help=text, description=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    settings = read_settings()
    configure(settings)
    print(printed(read_usefulness(settings), as_json=args.json))
    return 0
