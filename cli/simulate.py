"""`learnstream simulate`: believable learners, the same bytes for the same seed and time."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.feed_flags import add_delivery_flags, delivery
from cli.reports import continued_by, rendered
from cli.settings import read_settings
from feeds.demo_courses import instant
from feeds.faults import Faults
from feeds.simulate import Simulation, simulate, write_simulation
from runtime.clock import WallClock
from runtime.log import configure

_ABOUT = """Learners of four temperaments in three courses, up to T. With --out nothing is sent:
FILE gets the events and FILE.courses the course facts, as `replay jsonl` takes them; bad records
that no line can express (no value, no key, another key, a wrong partition) are left out there.
A simulation that was stopped continues if you start the same command with the same --until."""

_SIZES = {
    "learners": "how many learners",
    "days": "how many days, ending at T",
    "seed": "the same seed and T give the same bytes",
}
_SHARES = {
    "duplicates": "the share of events that are sent twice (0)",
    "late": "the share of events that are sent late (0)",
    "bad": "the share of records that will be rejected (0)",
}


def register(subparsers: Any) -> None:
    """Add the command and its flags."""
    parser = subparsers.add_parser(
        "simulate", help="send the events of simulated learners", description=_ABOUT
    )
    for name, text in _SIZES.items():
        parser.add_argument(f"--{name}", type=int, required=True, metavar="N", help=text)
    parser.add_argument(
        "--until", type=_instant, metavar="T", help="the end, RFC 3339 with offset (now)"
    )
    for name, text in _SHARES.items():
        parser.add_argument(f"--{name}", type=float, default=0.0, metavar="P", help=text)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write JSON lines, send nothing")
    parser.add_argument("--restart", action="store_true", help="forget what was sent before")
    add_delivery_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Simulate into Kafka, or into a file with --out."""
    now = WallClock().now()
    until = now if args.until is None else args.until
    shares = {name: getattr(args, name) for name in _SHARES}
    faults = Faults(**shares, only_in_file=args.out is not None)
    plan = Simulation(args.learners, args.days, args.seed, until, faults)
    arguments = sys.argv[1:]
    if args.until is None:  # what continues it has the same end
        arguments += ["--until", instant(until)]
    with continued_by(arguments):
        report = _simulated(plan, args, now)
    print(rendered(report, as_json=args.json))
    return 1 if report["problems"] else 0


def _simulated(plan: Simulation, args: argparse.Namespace, now: int) -> dict[str, Any]:
    if args.out is not None:
        return write_simulation(plan, args.out)
    settings = read_settings()
    configure(settings)
    return simulate(settings, plan, delivery(args), now)


def _instant(text: str) -> int:
    expected = f"{text}: expected a time such as 2026-03-01T12:00:00+01:00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(expected) from error
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(expected)
    return int(at.timestamp())
