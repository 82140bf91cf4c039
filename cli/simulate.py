"""`learnstream simulate`: believable learners, the same bytes for the same seed and time."""

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.feed_flags import add_delivery_flags, delivery
from feeds.faults import Faults
from feeds.simulate import Simulation, simulate, write_simulation
from runtime.clock import WallClock
from runtime.log import configure
from runtime.settings import Settings

_ABOUT = """Learners of four temperaments in three courses, up to T. With --out nothing is sent:
FILE gets the events and FILE.courses the course facts, as `replay jsonl` takes them; bad records
that no line can express (no value, no key, another key, a wrong partition) are left out there."""


def register(subparsers: Any) -> None:
    """Add the command and its flags."""
    parser = subparsers.add_parser("simulate", help="believable learners", description=_ABOUT)
    for name in ("learners", "days", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--until", type=_instant, metavar="T", help="RFC 3339 with offset (now)")
    for name in ("duplicates", "late", "bad"):
        parser.add_argument(f"--{name}", type=float, default=0.0, metavar="P", help="a share (0)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write JSON lines, send nothing")
    add_delivery_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Simulate into Kafka, or into a file with --out."""
    now = WallClock().now()
    until = now if args.until is None else args.until
    shares = {name: getattr(args, name) for name in ("duplicates", "late", "bad")}
    faults = Faults(**shares, only_in_file=args.out is not None)
    plan = Simulation(args.learners, args.days, args.seed, until, faults)
    if args.out is not None:
        report = write_simulation(plan, args.out)
    else:
        settings = Settings()
        configure(settings)
        report = simulate(settings, plan, delivery(args), now)
    print(json.dumps(report) if args.json else "\n".join(f"{k}: {v}" for k, v in report.items()))
    return 1 if report["problems"] else 0


def _instant(text: str) -> int:
    expected = f"{text}: expected such as 2026-03-01T12:00:00+01:00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(expected) from error
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(expected)
    return int(at.timestamp())
