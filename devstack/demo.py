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


def kept_learners(folder: Path) -> list[str]:
    """The learners to show of a demo that went into this folder's Kafka before, or none."""
    file = folder / _REPORT
    return read_learners(file.read_text()) if file.exists() else []


def keep_learners(folder: Path, output: str) -> list[str]:
    """Remember that the demo is in, and return the learners that its output names."""
    learners = read_learners(output)
    if learners:
        report = {"first_learner": learners[0], "examples": learners}
        write_private(folder / _REPORT, json.dumps(report))
    return learners


def read_learners(output: str) -> list[str]:
    """The learners that the last JSON object names in what the command printed, or none.

    The `first_learner` comes first, then the other `examples`, where there are any.
    """
    for line in reversed(output.splitlines()):
        if not line.startswith("{"):
            continue
        try:
            report = json.loads(line)
        except ValueError:
            continue
        if "first_learner" in report:
            named = [report["first_learner"], *report.get("examples", ())]
            return list(dict.fromkeys(map(str, named)))
    return []
