"""The flags that every command has that sends events."""

import argparse
from typing import Any

from feeds.feed import Delivery


def add_delivery_flags(parser: argparse.ArgumentParser) -> None:
    """Add --rate, --progress, --no-wait and --json."""
    parser.add_argument(
        "--rate", type=_rate, metavar="R", help="events a second (default: as fast as possible)"
    )
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show a progress bar on stderr (default: if that is a terminal)",
    )
    parser.add_argument(
        "--no-wait",
        dest="wait",
        action="store_false",
        help="do not wait for the workers to adopt the course facts",
    )
    parser.add_argument("--json", action="store_true", help="print the counts as one JSON object")


def delivery(args: Any) -> Delivery:
    """What the flags say; `restart` and `lockstep` only where the command has them."""
    return Delivery(
        rate=args.rate,
        progress=args.progress,
        restart=getattr(args, "restart", False),
        wait=args.wait,
        lockstep=getattr(args, "lockstep", False),
    )


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} events a second; it must be more than 0")
    return rate
