"""`learnstream topics`: create the topics that are missing, and check all of them."""

import argparse
import json

from cli.settings import read_settings
from operations.topics import check, declare
from runtime.log import configure


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "topics", help="create every topic, or check them", description=__doc__
    )
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Declare or check, and say what was found."""
    settings = read_settings()
    configure(settings)
    outcome = (check if arguments.check else declare)(settings)
    if arguments.json:
        print(json.dumps({"made": list(outcome.made), "topics": dict(outcome.ids)}))
    else:
        print(f"{len(outcome.ids)} topics are as declared, {len(outcome.made)} of them created now")
    return 0
