"""What is said of the verdicts."""

import sys
from collections import defaultdict
from collections.abc import Sequence

from tests.mutation.judging import Verdict


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(verdicts: Sequence[Verdict]) -> str:
    """How many were killed, by folder."""
    folders: dict[str, list[bool]] = defaultdict(list)
    for verdict in verdicts:
        folders[verdict.mutant.path.rpartition("/")[0]].append(verdict.killed)
    rows = [_row(folder, killed) for folder, killed in sorted(folders.items())]
    rows.append(_row("all", [each.killed for each in verdicts]))
    return "\n".join(["", "| folder | killed | of | |", "|---|---:|---:|---:|", *rows, ""])


def _row(folder: str, killed: Sequence[bool]) -> str:
    share = 100 * sum(killed) / max(1, len(killed))
    return f"| {folder} | {sum(killed)} | {len(killed)} | {share:.1f} % |"


def told(verdict: Verdict) -> str:
    """One verdict in a line."""
    kind = "killed" if verdict.killed else verdict.by
    by = f"  by {verdict.by}" if verdict.killed else ""
    return f"{kind}: {verdict.mutant}{by}"
