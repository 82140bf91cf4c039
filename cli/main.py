"""The one program: `learnstream COMMAND`."""

import argparse
import importlib
import sys
from typing import Final

from pydantic import ValidationError

from runtime.errors import ProjectError, UsageError

COMMANDS: Final = (
    "up",
    "worker",
    "sink",
    "api",
    "migrate",
    "topics",
    "simulate",
    "replay",
    "verify",
    "check",
    "dead_letters",
    "token",
)
WITHOUT_KAFKA: Final = ("migrate", "check", "token")


def main() -> int:
    """Run one command and return its exit status; what is wrong is said in one line."""
    if not __debug__:
        sys.stderr.write("learnstream: refuses to run under -O: its asserts are its invariants\n")
        return UsageError.exit_status
    arguments = _parser().parse_args()
    try:
        _require_codecs(arguments.command)
        status: int = arguments.func(arguments)
    except ProjectError as error:
        sys.stderr.write(f"learnstream: {error}\n")
        return error.exit_status
    except ValidationError as error:
        sys.stderr.write(f"learnstream: {_settings_problem(error)}\n")
        return UsageError.exit_status
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="learnstream", description=__doc__)
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


def _settings_problem(error: ValidationError) -> str:
    problems = (
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg'].lower()}"
        for item in error.errors(include_input=False, include_url=False)
    )
    return "the settings are not complete: " + "; ".join(problems)


if __name__ == "__main__":
    sys.exit(main())
