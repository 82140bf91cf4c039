"""The one program: `learnstream COMMAND`."""

import argparse
import importlib
import sys
from typing import Final

from runtime.errors import ProjectError, StoppedError, UsageError
from runtime.log import complain
from runtime.output import PIPE_CLOSED, discard_output, reader_is_gone
from runtime.stderr import make_stderr_unbreakable
from runtime.version import about

COMMANDS: Final = (
    "up",
    "worker",
    "trainer",
    "sink",
    "api",
    "migrate",
    "topics",
    "simulate",
    "replay",
    "verify",
    "rules",
    "why",
    "check",
    "models",
    "alerts",
    "dead_letters",
    "token",
    "open",
)
WITHOUT_KAFKA: Final = ("migrate", "check", "token", "open", "alerts")


_ABOUT = """Commands take their settings from environment variables:
  KAFKA_BOOTSTRAP, DATABASE_URL   the servers
  LEARNSTREAM_*                   everything else (.env.example lists them); `learnstream up`
                                  prints how to load those of its stack

exit status:
  0    done; also `check` where it only warns
  1    something is not as it should be: rejected lines, differences, nothing found
  2    a flag, a setting or a file is wrong
  3    the workers or the sink did not catch up in time
  65   too many events were rejected: the worker waits for a person
  70   a crash: start it again
  78   records are gone, or a topic was replaced: a worker or a sink waits for a person
  130  interrupted by Ctrl-C
  141  nobody reads the output any more, as in `| head`"""


def main() -> int:
    """Run one command and return its exit status; what is wrong is said in one line."""
    make_stderr_unbreakable()
    try:
        try:
            return _run()
        finally:
            sys.stdout.flush()  # what is wrong with the pipe shows here, and not after the end
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        discard_output()
        return PIPE_CLOSED


def _run() -> int:
    if not __debug__:
        complain("refuses to run under -O: its asserts are its invariants")
        return UsageError.exit_status
    arguments = _parser().parse_args()
    try:
        _require_codecs(arguments.command)
        status: int = arguments.func(arguments)
    except ProjectError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return StoppedError.exit_status
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="learnstream",
        description="Turns learning activity into learner states, alerts and a read API.",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=about(), help="print version and commit, and exit"
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in _needed(sys.argv[1:2]):
        importlib.import_module(f"cli.{name}").register(subparsers)
    return parser


def _needed(asked: list[str]) -> tuple[str, ...]:
    """The command that was asked for, else all: a part does not wait for the others' imports."""
    return tuple(name for name in COMMANDS if [name.replace("_", "-")] == asked) or COMMANDS


def _require_codecs(command: str) -> None:
    """Before anything starts; imported late, so that the other commands do not wait for it."""
    if command not in WITHOUT_KAFKA:
        importlib.import_module("runtime.codecs").require_codecs()


if __name__ == "__main__":
    sys.exit(main())
