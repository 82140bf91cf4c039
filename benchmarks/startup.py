"""Seconds from `learnstream up` to a stack that is ready, and from Ctrl-C to its end."""

import argparse
import os
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from benchmarks.machine import heading
from benchmarks.stack import a_folder, a_stack

WARM: Final = (
    "nothing kept (no --data)",
    "--data, a fresh folder",
    "--data, the same folder again",
)
COLD: Final = "an empty cache: downloads too"


def main(arguments: list[str]) -> None:
    """Print the medians of alternating rounds."""
    parser = argparse.ArgumentParser(prog="benchmarks startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--cold", action="store_true", help="one start with an empty LEARNSTREAM_CACHE as well"
    )
    options = parser.parse_args(arguments)
    print(heading())
    load = os.getloadavg()[0]
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(options.rounds):
        with a_folder() as folder:
            data = "--data", str(folder / "data")
            for way, flags in zip(WARM, ((), data, data), strict=True):
                found[way].append(_once(folder, *flags))
    if options.cold:
        with a_folder() as folder:
            found[COLD].append(_once(folder, LEARNSTREAM_CACHE=str(folder / "cache")))
    print(f"\n{'seconds, medians':<32} ready  ended  (ready, each round)")
    for way, times in found.items():
        ready, ended = (statistics.median(column) for column in zip(*times, strict=True))
        rounds = ", ".join(f"{seconds:.1f}" for seconds, _ in times)
        print(f"{way:<32} {ready:>5.1f}  {ended:>5.1f}  ({rounds})")
    print(f"load average before the start: {load:.1f} (what else ran on this machine)")


def _once(folder: Path, *flags: str, **environment: str) -> tuple[float, float]:
    with a_stack(folder, *flags, **environment) as stack:
        asked = time.monotonic()
    return stack.ready_seconds, time.monotonic() - asked
