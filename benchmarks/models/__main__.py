"""`python -m benchmarks.models oulad DIR [--json FILE]`: what was shown, beside what came of it."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import heading
from benchmarks.models.figures import Figures, all_figures, judged
from benchmarks.models.pure import PureRun
from feeds.oulad import OuladOptions, read_oulad


def main() -> None:
    """Run one of the two runners and print the figures."""
    options = _arguments()
    wanted = frozenset(filter(None, options.presentations.split(",")))
    started = time.monotonic()
    run = PureRun(read_oulad(OuladOptions(options.folder, wanted, options.marking_days)))
    days = enumerate(run.run(options.lessons), 1)
    for number, _ in days:
        if number % 50 == 0:
            print(
                f"day {number}: {run.events:,} events, {time.monotonic() - started:.0f} s",
                flush=True,
            )
    found = all_figures(judged(run.lessons, run.facts))
    sizes = run.sizes()
    summary: dict[str, Any] = {
        "events": run.events,
        "lessons": len(run.lessons),
        "digest": run.digest(),
        "state_bytes": {"p50": sizes[len(sizes) // 2], "p99": sizes[len(sizes) * 99 // 100]},
        "figures": found,
    }
    if options.json is not None:
        options.json.write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{heading()}\n\n{summary['events']:,} events, {summary['lessons']:,} lessons, ")
    print(f"digest {summary['digest']}\n")
    for target, sets in found.items():
        print(_table(target, sets))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("source", choices=["oulad"])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--lessons", type=Path, metavar="FILE", help="write all lessons there")
    parser.add_argument("--presentations", default="", help="such as 2013B,AAA-2013J (all)")
    parser.add_argument("--marking-days", type=int, default=0, help="how late grades come (0)")
    return parser.parse_args()


def _table(target: str, sets: dict[str, Figures]) -> str:
    names = list(sets["all"])
    lines = [f"## {target}\n", f"| set | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for name, figures in sets.items():
        lines.append(f"| {name} | {' | '.join(map(_cell, figures.values()))} |")
    return "\n".join(lines) + "\n"


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


if __name__ == "__main__":
    main()
