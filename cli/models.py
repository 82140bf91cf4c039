"""`learnstream models`: list and show snapshots, serve an older one, stop learning."""

import argparse
import json
from typing import Any, Final

import msgspec

from cli.settings import read_settings
from domain.examples import Order
from operations.models import listed, order, read_models, said, shown
from runtime.log import configure

_ORDERS: Final[dict[str, str]] = {
    "unpin": "serve the newest snapshot again",
    "freeze": "stop learning: examples that come from here on are passed over, for good",
    "thaw": "learn again, from here on",
    "free": "end a lockstep replay that was given up",
}
_ABOUT = """Orders go to the trainer through the log, so that `verify` stays exact. Exit status 3
where the trainer did not carry one out in time."""


def register(subparsers: Any) -> None:
    """Add the command and its kinds."""
    parser = subparsers.add_parser(
        "models", help="list and show models, pin one, freeze learning", description=_ABOUT
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    _add(kinds, "list", "every snapshot, newest first; * marks the one that serves")
    show = _add(kinds, "show", "how good what was shown turned out to be")
    show.add_argument("number", type=_number, nargs="?", metavar="NUMBER", help="(what serves)")
    pin = _add(kinds, "pin", "serve this snapshot until `unpin`")
    pin.add_argument("number", type=_number, metavar="NUMBER", help="of the snapshot")
    for name, text in _ORDERS.items():
        _add(kinds, name, text)


def run(args: argparse.Namespace) -> int:
    """Print what was found, or what serves after an order."""
    settings = read_settings()
    configure(settings)
    if args.kind == "list":
        print(listed(read_models(settings), as_json=args.json))
    elif args.kind == "show":
        print(shown(read_models(settings), args.number, as_json=args.json))
    else:
        number = args.number if args.kind == "pin" else 0
        serving = order(settings, Order(order=args.kind, snapshot=number))
        print(json.dumps(msgspec.to_builtins(serving)) if args.json else said(serving))
    return 0


def _add(kinds: Any, name: str, text: str) -> Any:
    kind = kinds.add_parser(name, help=text, description=text)
    kind.add_argument("--json", action="store_true", help="print one JSON object")
    kind.set_defaults(func=run)
    return kind


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"seen {text}, expected the number of a snapshot, from 1")
    return number
