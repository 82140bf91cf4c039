"""`learnstream up`: everything on this machine, with one command."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from devstack import stack


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "up", help="start everything on this machine", description=__doc__
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data here")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="workers (1)")
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="learners who are not real (on, but for --clock stream and a Kafka of yours)",
    )
    parser.add_argument(
        "--clock", choices=("wall", "stream"), default="wall", help="stream: for replayed history"
    )
    parser.add_argument("--port", type=int, metavar="P", help="the API's port (a free one)")
    parser.add_argument("--ready-file", type=Path, metavar="F", help="gets JSON when all is ready")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Start all, stay until Ctrl-C or SIGTERM, stop all."""
    options = stack.Options(
        data=arguments.data,
        workers=arguments.workers,
        demo=arguments.demo,
        clock=arguments.clock,
        port=arguments.port,
        ready_file=arguments.ready_file,
        kafka=os.environ.get("KAFKA_BOOTSTRAP"),
        database=os.environ.get("DATABASE_URL"),
    )
    return stack.run(
        options,
        say=lambda line: print(f"learnstream: {line}", file=sys.stderr, flush=True),
        show=lambda line: print(line, flush=True),
    )
