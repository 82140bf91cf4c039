"""`learnstream open`: a link into the page of an embedded stack, good once and for ten minutes."""

import argparse
import json
from pathlib import Path

from cli.settings import read_settings
from operations.token import issue_ticket, listed_ids
from runtime.clock import WallClock
from runtime.tickets import Access, page_link


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "open", help="print a link into the page (embedded mode only)", description=__doc__
    )
    parser.add_argument("--user", required=True, help="the learner's id")
    parser.add_argument(
        "--courses", default="", help="courses that are taught, too: ids by commas, or * for all"
    )
    parser.add_argument(
        "--learners", default="", help="a demo's learners to choose from on the page: ids by commas"
    )
    parser.add_argument("--operator", action="store_true", help="show what operators read, too")
    parser.add_argument("--env-file", type=Path, help="a file with the stack's settings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the link."""
    settings = read_settings(arguments.env_file)
    ticket = issue_ticket(
        settings,
        user=arguments.user,
        clock=WallClock(),
        access=Access(
            courses=listed_ids(arguments.courses),
            operates=arguments.operator,
            learners=listed_ids(arguments.learners),
        ),
    )
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    link = page_link(f"http://{host}:{settings.api_port}", ticket)
    print(json.dumps({"link": link}) if arguments.json else link)
    return 0
