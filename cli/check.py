"""`learnstream check FILE`: what would happen to each line of a producer's sample."""

import argparse
import sys
from pathlib import Path
from typing import Any

from operations.check import Summary, check_courses, check_events, opened, summed, write_verdicts
from runtime.clock import WallClock

_ABOUT = """What would happen to each line: accepted, a duplicate, or rejected and why; and what
looks like a mistake. Exit status: 1 if a line would be rejected, else 0, even with warnings."""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "check", help="say what would happen to each line of a file", description=_ABOUT
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="one JSON object a line; - is stdin"
    )
    parser.add_argument("--courses", action="store_true", help="the lines are course facts")
    parser.add_argument("--rejected", action="store_true", help="print only rejected lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print each line's verdict and a summary; 1 where any would be rejected."""
    summary = Summary()
    with opened(args.file) as lines:
        verdicts = check_courses(lines) if args.courses else check_events(lines, WallClock().now())
        sys.stdout.writelines(
            write_verdicts(verdicts, summary, as_json=args.json, only_rejected=args.rejected)
        )
    print(summed(summary, as_json=args.json), file=sys.stdout if args.json else sys.stderr)
    return 1 if summary.rejected else 0
