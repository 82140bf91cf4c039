"""`learnstream trainer`: learn the models from examples, publish their snapshots."""

import argparse

from agents.trainer.topology import run_trainer
from cli.settings import read_settings
from runtime import log


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "trainer", help="learn the models, publish snapshots", description=__doc__
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run until a signal asks to stop; the exit status says what a supervisor is to do."""
    del args
    settings = read_settings()
    log.configure(settings)
    return run_trainer(settings)
