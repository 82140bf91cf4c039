"""`learnstream dead-letters`: list, show and put back what was rejected."""

import argparse
import sys
from collections.abc import Callable
from typing import Any, Final

from cli.settings import read_settings
from domain.events.decode import REASONS
from operations.dead_letters import (
    NONE,
    Filters,
    counted,
    letters,
    listed,
    moment,
    requeue,
    shown,
    surveyed,
)
from runtime.clock import WallClock
from runtime.errors import UsageError
from runtime.log import configure
from runtime.settings import Settings

NEWEST: Final = 20


def register(subparsers: Any) -> None:
    """Add the command, its three kinds and their filters."""
    parser = subparsers.add_parser(
        "dead-letters", help="list, show and put back what was rejected", description=__doc__
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    listing = _add(kinds, "list", _list, "count by reason and time, then list the newest")
    listing.add_argument(
        "--newest", type=_count, default=NEWEST, metavar="N", help=f"how many to show ({NEWEST})"
    )
    show = _add(kinds, "show", _show, "show the original bytes and why they were rejected")
    show.add_argument(
        "--raw", action="store_true", help="print only the bytes; exactly one must match"
    )
    back = _add(kinds, "requeue", _requeue, "put back what a fix makes acceptable")
    back.add_argument("--all", action="store_true", help="required if no filter is given")
    back.add_argument("--dry-run", action="store_true", help="only count, put nothing back")
    back.add_argument("--key-from-value", action="store_true", help="take the key from user_id")


def _add(kinds: Any, name: str, run: Callable[..., int], text: str) -> Any:
    kind = kinds.add_parser(name, help=text, description=text)
    kind.add_argument(
        "--reason", action="append", choices=REASONS, default=[], metavar="R", help="repeatable"
    )
    kind.add_argument("--since", type=moment, help="RFC 3339: records that came then or later")
    kind.add_argument("--until", type=moment, help="RFC 3339: records that came before")
    kind.add_argument("--partition", type=int, help="the record's partition")
    kind.add_argument("--offset", type=int, help="the record's offset")
    kind.add_argument("--json", action="store_true", help="print one JSON object a letter")
    kind.set_defaults(func=run)
    return kind


def _filters(args: argparse.Namespace) -> Filters:
    names = ("since", "until", "partition", "offset")
    return Filters(reasons=args.reason, **{name: getattr(args, name) for name in names})


def _settings() -> Settings:
    settings = read_settings()
    configure(settings)
    return settings


def _list(args: argparse.Namespace) -> int:
    found = letters(_settings(), _filters(args))
    if args.json:
        sys.stdout.writelines(listed(found, as_json=True))
    else:
        sys.stdout.write(surveyed(found, WallClock().now() * 1000, args.newest))
    return 0


def _show(args: argparse.Namespace) -> int:
    found = list(letters(_settings(), _filters(args)))
    if args.raw and len(found) != 1:
        raise UsageError(f"{len(found)} dead letters match; --raw prints exactly one")
    if args.raw:
        sys.stdout.buffer.write(found[0].value or b"")
    elif found:
        print("\n".join(shown(letter, as_json=args.json) for letter in found))
    else:
        print(NONE, file=sys.stderr)
    return 0 if found else 1


def _requeue(args: argparse.Namespace) -> int:
    filters = _filters(args)
    if filters == Filters(reasons=[]) and not args.all:
        raise UsageError("no filter is given; use --all to put every dead letter back")
    done = requeue(_settings(), filters, key_from_value=args.key_from_value, dry_run=args.dry_run)
    print(counted(done, as_json=args.json, dry_run=args.dry_run))
    return 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} letters; expected 1 or more")
    return number
