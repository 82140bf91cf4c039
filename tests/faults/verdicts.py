"""The file of verdicts: one small line a run, and the table that is made of them."""

import json
import statistics
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import heading
from tests.faults.parts import ROOT
from tests.faults.run import Verdict

VERDICTS: Final = ROOT / "docs" / "proof" / "faults.jsonl"


def append(verdict: Verdict, path: Path = VERDICTS) -> None:
    """Add one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {"commit": commit(), "machine": heading().rpartition(", commit")[0], **verdict.as_json()}
    with path.open("a") as file:
        file.write(json.dumps(line, separators=(",", ":")) + "\n")


def read(path: Path = VERDICTS) -> list[dict[str, Any]]:
    """Every line."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def table(verdicts: list[dict[str, Any]]) -> Iterator[str]:
    """Fault, how often it struck, and how long until all was well: p50 and max."""
    recovered: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        for struck in verdict["struck"]:
            recovered[struck["kind"]].append(struck["recovered"])
    words = Counter(verdict["verdict"] for verdict in verdicts)
    seeds = len({verdict["seed"] for verdict in verdicts})
    faults = sum(map(len, recovered.values()))
    yield f"{len(verdicts)} runs of {seeds} seeds, {faults} faults: {dict(words)}"
    yield ""
    yield "| fault | struck | well again after, p50 | max |"
    yield "|---|---|---|---|"
    for kind, seconds in sorted(recovered.items()):
        middle = statistics.median(seconds)
        yield f"| {kind} | {len(seconds)} | {middle:.1f} s | {max(seconds):.1f} s |"


def commit() -> str:
    """The commit that runs; a `+` where files were changed since."""
    head = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", ":!docs")
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
