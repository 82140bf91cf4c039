"""The file of verdicts: one line a run, and the tables that are made of them for operators."""

import json
import statistics
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import heading
from tests.faults.parts import ROOT
from tests.faults.run import Verdict

VERDICTS: Final = ROOT / "docs" / "proof" / "faults.jsonl"
PAGE: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- from here on by `make faults-table` -->"
END: Final = "<!-- to here -->"


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


def report(verdicts: list[dict[str, Any]]) -> str:
    """What all runs came to, how long each kind of fault took to heal, and what it looks like."""
    return "\n".join([*_runs(verdicts), "", *_recoveries(verdicts), "", *_signs(verdicts)])


def put_into_page(path: Path = PAGE) -> None:
    """Replace the report in the operators' page by that of the verdicts that are kept."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, behind = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{report(read())}\n{END}{behind}")


def _runs(verdicts: list[dict[str, Any]]) -> Iterator[str]:
    yield "| commit | seeds | faults struck | held | violated | invalid |"
    yield "|---|---|---|---|---|---|"
    for name in dict.fromkeys(verdict["commit"] for verdict in verdicts):
        runs = [verdict for verdict in verdicts if verdict["commit"] == name]
        words = Counter(run["verdict"] for run in runs)
        cells = [
            name,
            len({run["seed"] for run in runs}),
            sum(len(run["struck"]) for run in runs),
            *(words[word] for word in ("held", "violated", "invalid")),
        ]
        yield _row(cells)


def _recoveries(verdicts: list[dict[str, Any]]) -> Iterator[str]:
    """`took`: from the strike to the end of its cause; then the time until all was well."""
    yield "| fault | struck | took, p50 and max | recovered after, p50 | max | highest lag |"
    yield "|---|---|---|---|---|---|"
    for kind, strikes in _by_kind(verdicts):
        took = [strike["took"] for strike in strikes]
        well = [strike["recovered"] for strike in strikes]
        lag = max(strike["signs"].get("lag_seconds", 0.0) for strike in strikes)
        cells = [
            f"`{kind}`",
            len(strikes),
            f"{statistics.median(took):.1f} s, {max(took):.1f} s",
            f"{statistics.median(well):.1f} s",
            f"{max(well):.1f} s",
            f"{lag:.0f} s",
        ]
        yield _row(cells)


def _signs(verdicts: list[dict[str, Any]]) -> Iterator[str]:
    yield "| fault | parts that end | what is logged | `/readyz` says |"
    yield "|---|---|---|---|"
    for kind, strikes in _by_kind(verdicts):
        signs = [strike["signs"] for strike in strikes]
        cells = [_usual(signs, name) for name in ("ends", "logs", "readyz")]
        yield _row([f"`{kind}`", *cells])


def _usual(signs: list[dict[str, list[str]]], name: str) -> str:
    """What showed at half of the strikes, and in brackets what showed at one in ten."""
    counts = Counter(each for found in signs for each in found[name] if "[" not in each)
    usual = sorted(each for each, n in counts.items() if 2 * n >= len(signs))
    rare = sorted(each for each, n in counts.items() if 2 * n < len(signs) <= 10 * n)
    words = [", ".join(usual), f"({', '.join(rare)})" if rare else ""]
    return " ".join(filter(None, words)) or "-"


def _by_kind(verdicts: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for verdict in verdicts:
        for strike in verdict["struck"]:
            found[strike["kind"]].append(strike)
    return sorted(found.items())


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


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
