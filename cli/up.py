"""`learnstream up`: everything on this machine, with one command."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from cli.settings import read_settings
from devstack import stack
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "up", help="start everything on this machine", description=__doc__
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data in this folder")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="how many workers (1)")
    parser.add_argument(
        "--demo",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="send simulated learners (default: unless --clock stream or KAFKA_BOOTSTRAP is given)",
    )
    parser.add_argument(
        "--clock", choices=("wall", "stream"), default="wall", help="stream is for replayed history"
    )
    parser.add_argument("--port", type=int, metavar="P", help="the API's port (a free one)")
    parser.add_argument(
        "--ready-file",
        type=Path,
        metavar="F",
        help="write addresses and settings here, as JSON, once everything is ready",
    )
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Start all, stay until Ctrl-C or SIGTERM, stop all; nothing starts with a setting wrong."""
    kafka, database = os.environ.get("KAFKA_BOOTSTRAP"), os.environ.get("DATABASE_URL")
    settings = (
        read_settings(KAFKA_BOOTSTRAP="127.0.0.1:9092", replication=1, min_insync_replicas=1)
        if kafka is None
        else read_settings()
    )
    if kafka is not None or database is not None:
        _check_servers(settings, kafka=kafka is not None, database=database is not None)
    options = stack.Options(
        data=arguments.data,
        workers=arguments.workers,
        demo=arguments.demo,
        clock=arguments.clock,
        port=arguments.port,
        ready_file=arguments.ready_file,
        kafka=kafka,
        database=database,
    )
    return stack.run(
        options,
        say=lambda line: print(f"learnstream: {line}", file=sys.stderr, flush=True),
        show=lambda line: print(line, flush=True),
    )


def _check_servers(settings: Settings, *, kafka: bool, database: bool) -> None:
    """Raise UsageError where a server that is not to be ours does not answer."""
    # Imported here: most stacks have servers of their own, and need not wait for these clients.
    from runtime import servers  # noqa: PLC0415

    if kafka:
        servers.require_kafka(settings)
    if database:
        servers.require_database(settings, "learnstream up")
