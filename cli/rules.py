"""`learnstream rules`: what other thresholds would have raised, and those that a file sets."""

import argparse
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cli.rules_file import read_rules
from cli.settings import read_settings
from domain.configuration import Rules
from proof.trial import try_rules
from proof.trial_report import rendered, report
from runtime.log import configure
from runtime.tables import table

_TRY = """Fold the log again, with the rules of FILE from a moment on, and print what would have
been raised beside what today's rules raise. Nothing is written or sent. Exit status: 2 where FILE
or the moment is wrong, 78 where a part of the log is gone."""


def register(subparsers: Any) -> None:
    """Add the command and its kinds."""
    parser = subparsers.add_parser(
        "rules", help="try other thresholds on the log, and show them", description=__doc__
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    trial = kinds.add_parser("try", help="what a file of rules would have raised", description=_TRY)
    trial.add_argument("file", type=Path, metavar="FILE", help="the rules, as TOML or .json")
    trial.add_argument(
        "--from",
        dest="since",
        type=_moment,
        required=True,
        metavar="T",
        help="RFC 3339: from then on they count, by the clock of the partitions",
    )
    trial.set_defaults(func=run)
    show = kinds.add_parser("show", help="every threshold", description=_show.__doc__)
    show.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="the rules, as TOML or .json (the defaults)",
    )
    show.set_defaults(func=_show)
    for kind in (trial, show):
        kind.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print what would have been raised."""
    settings = read_settings()
    configure(settings)
    rules = read_rules(args.file, str(args.file))
    found = report(try_rules(settings, rules, args.since))
    print(rendered(found, as_json=args.json))
    return 0


def _show(args: argparse.Namespace) -> int:
    """Print the thresholds that a file sets, beside the defaults; without a file, the defaults."""
    rules = Rules() if args.file is None else read_rules(args.file, str(args.file)).rules
    shown, defaults = msgspec.to_builtins(rules), msgspec.to_builtins(Rules())
    if args.json:
        print(json.dumps(shown))
        return 0
    rows = [
        (f"{rule}.{name}", str(value), str(defaults[rule][name]))
        for rule, thresholds in shown.items()
        for name, value in thresholds.items()
    ]
    print(table(("setting", "value", "default"), rows))
    return 0


def _moment(text: str) -> int:
    """Epoch seconds of an RFC 3339 time."""
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return int(at.timestamp())
    raise argparse.ArgumentTypeError(
        f"seen {text!r}, expected RFC 3339 with an offset, such as 2024-03-04T00:00:00Z"
    )
