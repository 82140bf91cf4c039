"""`learnstream replay oulad DIR` and `learnstream replay jsonl FILE`: send real data."""

import argparse
import sys
from pathlib import Path
from typing import Any

from cli.feed_flags import add_delivery_flags, delivery
from cli.reports import continued_by, rendered
from cli.settings import read_settings
from feeds.jsonl import replay_jsonl
from feeds.oulad import OuladOptions, replay_oulad
from runtime.clock import WallClock
from runtime.log import configure
from runtime.settings import Settings

_RESUMES = """A replay that was stopped continues after what Kafka acknowledged: start the same
command again. Its position is kept under LEARNSTREAM_DATA_DIR, else ~/.cache/learnstream, and
belongs to the topic; what was sent beyond it is looked up in the topic and not sent again."""

_REFUSED = f"""{_RESUMES} Lines that the workers will reject are sent all the same, and counted by
reason: exit status 1 if there are any. Only the workers know whether an event_id was used
before."""


def register(subparsers: Any) -> None:
    """Add the command, its two kinds and their flags."""
    parser = subparsers.add_parser("replay", help="send real data", description=_RESUMES)
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    oulad = kinds.add_parser("oulad", help="the OULAD tables, as published", description=_RESUMES)
    oulad.add_argument("folder", type=Path, metavar="DIR", help="the files, plain or .gz")
    oulad.add_argument("--presentations", default="", help="for example 2013B,AAA-2013J (all)")
    oulad.add_argument(
        "--marking-days", type=int, default=0, help="days from submission to grade (0)"
    )
    oulad.add_argument(
        "--groups", action="store_true", help="send gender, age band and disability too"
    )
    oulad.add_argument(
        "--lockstep",
        action="store_true",
        help="wait at the end of each day until models have learned it and everybody predicts so",
    )
    lines = kinds.add_parser("jsonl", help="one event a line", description=_REFUSED)
    lines.add_argument(
        "file", type=Path, metavar="FILE", help="plain or .gz; its lines are sent as they are"
    )
    lines.add_argument("--courses", type=Path, metavar="FILE", help="course facts, sent first")
    for kind in (oulad, lines):
        kind.add_argument("--restart", action="store_true", help="forget what was sent before")
        add_delivery_flags(kind)
        kind.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Replay; 1 when lines are refused or the counts do not add up."""
    settings = read_settings()
    configure(settings)
    with continued_by(sys.argv[1:]):
        report = _replay(settings, args)
    print(rendered(report, as_json=args.json))
    return 1 if report["problems"] or report.get("refused") or report.get("courses_refused") else 0


def _replay(settings: Settings, args: argparse.Namespace) -> dict[str, Any]:
    if args.kind == "oulad":
        wanted = frozenset(filter(None, args.presentations.split(",")))
        options = OuladOptions(args.folder, wanted, args.marking_days, args.groups)
        return replay_oulad(settings, options, delivery(args))
    return replay_jsonl(settings, args.file, args.courses, delivery(args), WallClock().now())
