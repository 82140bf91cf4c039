"""How far trainer and worker fall behind while a presentation is replayed at full speed.

A replay at full speed is the worst burst of labels there is: each course's outcomes arrive within
seconds, and every prediction of its weeks that waits for them is told at once.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.machine import OULAD, heading
from benchmarks.outcome.tables import table
from benchmarks.served import gauges
from benchmarks.stack import Running, a_folder, a_stack
from devstack.environment import PROGRAM

_LOOK_SECONDS: Final = 0.25
_DONE_SECONDS: Final = 900.0
_LAGS: Final = {
    "worker": "learnstream_lag",
    "trainer": "learnstream_trainer_lag",
}
_LEARNED: Final = "learnstream_trainer_learned"


class Look(NamedTuple):
    """What was served at one moment: offsets behind of each part, and examples learned."""

    seconds: float
    behind: Mapping[str, float]
    learned: float


def main(arguments: list[str]) -> None:
    """Print the largest lag of each part, and when each had none any more."""
    parser = argparse.ArgumentParser(prog="benchmarks trainer_lag", description=__doc__)
    parser.add_argument("--data", type=Path, default=OULAD)
    parser.add_argument("--presentations", default="2013B", help="as `replay oulad` has them")
    options = parser.parse_args(arguments)
    print(heading())
    load = os.getloadavg()[0]
    with (
        a_folder() as folder,
        a_stack(folder, "--clock", "stream", LEARNSTREAM_METRICS_PORT="0") as stack,
    ):
        looks, sent_at, events = _replay(stack, options.data, options.presentations)
    _print(looks, sent_at, events, options.presentations)
    print(f"load average before the start: {load:.1f} (what else ran on this machine)")


def _replay(stack: Running, data: Path, presentations: str) -> tuple[list[Look], float, int]:
    """Looks from the start on until nobody is behind; when the last event was sent; how many."""
    ports = {part: stack.ports(part) for part in _LAGS}
    command = [*PROGRAM, "replay", "oulad", str(data), "--presentations", presentations, "--json"]
    looks: list[Look] = []
    began, sent_at = time.monotonic(), 0.0
    with tempfile.TemporaryFile() as out:
        environment = os.environ | dict(stack.env)
        replay = subprocess.Popen(command, env=environment, stdout=out)  # noqa: S603 - our program
        while not sent_at or not _well(looks):
            looks.append(_look(ports, time.monotonic() - began))
            if not sent_at and replay.poll() is not None:
                sent_at = time.monotonic() - began
            assert looks[-1].seconds < _DONE_SECONDS, looks[-1]
            time.sleep(_LOOK_SECONDS)
        assert replay.returncode == 0, f"the replay ended with {replay.returncode}"
        out.seek(0)
        return looks, sent_at, int(json.loads(out.read())["events"])


def _look(ports: Mapping[str, Sequence[int]], seconds: float) -> Look:
    served = {part: gauges(each) for part, each in ports.items()}
    behind = {part: served[part][name] for part, name in _LAGS.items()}
    return Look(seconds, behind, served["trainer"][_LEARNED])


def _well(looks: Sequence[Look]) -> bool:
    """Whether nobody was behind for two seconds."""
    newest = [look for look in looks if look.seconds > looks[-1].seconds - 2]
    return len(newest) > 1 and not any(any(look.behind.values()) for look in newest)


def _print(looks: Sequence[Look], sent_at: float, events: int, presentations: str) -> None:
    print(f"\n{presentations}: {events:,} events, sent in {sent_at:.0f} s; ", end="")
    print(f"{looks[-1].learned:,.0f} examples learned\n")
    rows = []
    for part in _LAGS:
        worst = max(looks, key=lambda look: look.behind[part])
        last = max((look.seconds for look in looks if look.behind[part]), default=0.0)
        rows.append([part, f"{worst.behind[part]:,.0f}", f"{worst.seconds:.0f}", f"{last:.0f}"])
    print(table(["part", "most behind, records", "at, s", "none from, s"], rows))
