"""The program as a shell sees it: help for every flag, and an output that nobody reads."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import runtime.errors
from cli import main as program
from cli.main import COMMANDS
from runtime.errors import ProjectError, UsageError
from runtime.output import PIPE_CLOSED
from tests.factories import viewed

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
DEMO = ["simulate", "--learners", "3", "--days", "3", "--seed", "1"]
SETTINGS = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "LEARNSTREAM_EMBEDDED": "1"}


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


@pytest.fixture(scope="module")
def everything() -> list[argparse.ArgumentParser]:
    """The parser of the program, of every command and of every kind of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["learnstream", "--help"])
        return list(parsers(program._parser()))


def test_every_command_has_a_sentence(everything: list[argparse.ArgumentParser]) -> None:
    assert len(everything) > len(COMMANDS)
    for parser in everything:
        assert parser.description, parser.prog
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                assert all(each.help for each in action._choices_actions), parser.prog
                assert len(action._choices_actions) == len(action.choices), parser.prog


def test_every_flag_has_a_word(everything: list[argparse.ArgumentParser]) -> None:
    silent = [
        f"{parser.prog} {action.dest}"
        for parser in everything
        for action in parser._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]
    assert silent == []


def test_the_help_names_every_exit_status(everything: list[argparse.ArgumentParser]) -> None:
    statuses = {0, PIPE_CLOSED} | {
        each.exit_status
        for each in vars(runtime.errors).values()
        if isinstance(each, type) and issubclass(each, ProjectError)
    }
    said = everything[0].format_help().split("exit status:")[1]
    assert {int(line.split()[0]) for line in said.splitlines() if line.strip()} == statuses


def to_nobody(*arguments: str, also_stderr: bool = False) -> tuple[int, bytes]:
    """Status and stderr of the program with a pipe as output that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            stdout=writer,
            stderr=writer if also_stderr else subprocess.PIPE,
            cwd=ROOT,
            env={**SETTINGS, "LEARNSTREAM_JWT_SECRET": "s" * 32},
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr or b""


@pytest.fixture
def sample(tmp_path: Path) -> str:
    path = tmp_path / "sample.jsonl"
    path.write_text("".join(json.dumps(viewed(content=f"p{n}")) + "\n" for n in range(3_000)))
    return str(path)


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["check", "--help"],
        ["check", "FILE"],
        ["check", "FILE", "--json"],
        ["token", "--user", "7"],
        [*DEMO, "--out", "OUT"],
        [*DEMO, "--out", "OUT", "--json"],
    ],
    ids=" ".join,
)
def test_an_output_that_nobody_reads_ends_a_command_quietly(
    command: list[str], sample: str, tmp_path: Path
) -> None:
    names = {"FILE": sample, "OUT": str(tmp_path / "out.jsonl")}
    status, complaint = to_nobody(*(names.get(word, word) for word in command))
    assert (status, complaint) == (PIPE_CLOSED, b"")


def test_a_message_that_nobody_reads_changes_no_status(sample: str) -> None:
    assert to_nobody("check", sample, also_stderr=True)[0] == PIPE_CLOSED
    assert to_nobody("check", "nowhere", also_stderr=True)[0] == UsageError.exit_status


def test_another_broken_connection_is_no_reason_to_be_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks() -> int:
        raise BrokenPipeError

    monkeypatch.setattr(program, "_run", breaks)
    monkeypatch.setattr("sys.stdout", sys.__stdout__)
    monkeypatch.setattr("sys.stderr", sys.__stderr__)
    with pytest.raises(BrokenPipeError):
        program.main()
