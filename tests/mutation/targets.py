"""Which files are mutated: those that decide what is said and what is kept."""

import re
import subprocess
from collections import defaultdict
from typing import Final

from tests.mutation.children import ROOT

PATTERNS: Final = (
    "domain/**/*.py",
    "metrics/**/*.py",
    "models/**/*.py",
    "agents/partition_owner/inbox.py",
    "agents/partition_owner/owner.py",
    "agents/partition_owner/ownership.py",
    "agents/worker/backfill.py",
    "agents/worker/fold.py",
    "agents/worker/hot_states.py",
    "sinks/batch.py",
    "sinks/sink.py",
    "sinks/cohort.py",
    "proof/matching.py",
    "proof/compare.py",
)


def targets() -> list[str]:
    """Their paths."""
    found = {path for pattern in PATTERNS for path in ROOT.glob(pattern)}
    return sorted(str(path.relative_to(ROOT)) for path in found)


def touched_lines(since: str) -> dict[str, set[int]]:
    """Of each file, the lines that are not as they were in that revision."""
    command = ["git", "diff", "--unified=0", "--no-color", "--no-ext-diff", since, "--", "*.py"]
    diff = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    touched: dict[str, set[int]] = defaultdict(set)
    path = ""
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = line.removeprefix("+++ b/")
        elif found := re.match(r"@@ \S+ \+(\d+)(?:,(\d+))? @@", line):
            first, count = int(found[1]), int(found[2] or 1)
            if count:
                touched[path] |= set(range(first, first + count))
    return touched
