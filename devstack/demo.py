"""The demo's learners: who is simulated, and who of them a first token is for."""

import json
from pathlib import Path
from typing import Final

from devstack.child import Child, Launch
from devstack.environment import PROGRAM, write_private

ARGUMENTS: Final = ("simulate", "--learners", "200", "--days", "30", "--seed", "1", "--json")
_REPORT: Final = "demo.json"


def demo_child(folder: Path, environment: dict[str, str]) -> Child:
    """The process that puts the demo's events in."""
    return Child(
        Launch(
            name="demo",
            command=[*PROGRAM, *ARGUMENTS],
            log=folder / "logs" / "demo.log",
            environment=environment,
            folder=folder,
        )
    )


def kept_learner(folder: Path) -> str | None:
    """The learner of a demo that went into this folder's Kafka before, or None."""
    file = folder / _REPORT
    return read_learner(file.read_text()) if file.exists() else None


def keep_learner(folder: Path, output: str) -> str | None:
    """Remember that the demo is in, and return the learner that its output names."""
    learner = read_learner(output)
    if learner is not None:
        write_private(folder / _REPORT, json.dumps({"first_learner": learner}))
    return learner


def read_learner(output: str) -> str | None:
    """The `first_learner` of the last JSON object in what the command printed, or None."""
    for line in reversed(output.splitlines()):
        if not line.startswith("{"):
            continue
        try:
            report = json.loads(line)
        except ValueError:
            continue
        if "first_learner" in report:
            return str(report["first_learner"])
    return None
