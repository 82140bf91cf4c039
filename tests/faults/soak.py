"""`python -m tests.faults.soak --minutes n`: a steady load, a fault a minute, and what it costs.

Memory, open files, connections and lag of each part, before the first fault and after the last:
what is not flat is a violation.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from devstack.supervisor import StopRequestError, stop_requests
from tests.faults.__main__ import say
from tests.faults.memory import held
from tests.faults.plan import KINDS, TRAINER_KINDS, Fault, Load, Plan
from tests.faults.run import Say, Verdict, Watchers, run, strike_and_heal
from tests.faults.scene import Scene
from tests.faults.stage import Servers, servers

RATE: Final = 100
DAYS: Final = 90
EVENTS_A_DAY: Final = 8
SPARE: Final = 1.4
MINUTE: Final = 60.0
SETTLE_SECONDS: Final = 20.0
CALM_SECONDS: Final = 40.0
"""So long nothing strikes at the start and at the end, and what each part holds is taken."""
SHARE_MAX: Final = 1.15
SLACK: Final = {"mib": 8, "files": 6, "connections": 6}
LAG_SECONDS_MAX: Final = 5


SOAK_KINDS: Final = tuple(kind for kind in KINDS if kind not in TRAINER_KINDS)
"""What heals within a minute: a trainer that was struck needs up to 70 s to publish again."""


def soak_plan(minutes: int, seed: int) -> Plan:
    """A fault a minute, every kind of the soak in turn, and enough events for all of it."""
    chance = random.Random(f"learnstream soak {seed}")
    rounds = (chance.sample(SOAK_KINDS, len(SOAK_KINDS)) for _ in range(minutes))
    kinds = [kind for each in rounds for kind in each][:minutes]
    seconds = MINUTE * minutes + SETTLE_SECONDS + 2 * CALM_SECONDS
    learners = int(SPARE * RATE * seconds / (EVENTS_A_DAY * DAYS))
    return Plan(
        seed=seed,
        clock="wall",
        batch_records=5_000,
        workers=1,
        load=Load(learners=max(learners, 60), days=DAYS, rate=RATE),
        faults=tuple(Fault(kind, 0.0, f"soak {seed} {n}") for n, kind in enumerate(kinds)),
    )


def main() -> int:
    """Soak; 1 where it did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with stop_requests(lambda: None), servers() as started:
        try:
            verdict = soak(started, soak_plan(args.minutes, args.seed))
        except StopRequestError:
            return 130
    say(json.dumps(verdict.as_json(), indent=1))
    return 0 if verdict.word == "held" else 1


def soak(on: Servers, plan: Plan) -> Verdict:
    """Run a plan at a fault a minute; what is held at its end must be what was at its start."""
    return run(on, plan, say, name="soak", strikes=strike_every_minute)


def strike_every_minute(scene: Scene, watchers: Watchers, verdict: Verdict, say: Say) -> None:
    """The faults, and before and after them a calm stretch to compare."""
    scene.parts.pump(SETTLE_SECONDS)
    first = _figures(scene, watchers)
    for fault in verdict.plan.faults:
        began = time.monotonic()
        strike_and_heal(scene, fault, verdict, say)
        scene.parts.pump(max(0.0, MINUTE - (time.monotonic() - began)))
        say(f"  at rest: {json.dumps(_lag(scene))} records behind")
    last = _figures(scene, watchers)
    verdict.figures["first"], verdict.figures["last"] = first, last
    verdict.violations += grown(first, last)


def grown(first: dict[str, Any], last: dict[str, Any]) -> Iterator[str]:
    """What is not flat between the two calm stretches (I5, I7)."""
    if last["lag"] > LAG_SECONDS_MAX * RATE:
        yield f"I5: the lag grew from {first['lag']} to {last['lag']} records"
    for part in first["parts"].keys() & last["parts"].keys():
        for name, slack in SLACK.items():
            one, other = first["parts"][part][name], last["parts"][part][name]
            if other > SHARE_MAX * one + slack:
                yield f"I7: {name} of {part} grew from {one:.0f} to {other:.0f}"


def _figures(scene: Scene, watchers: Watchers) -> dict[str, Any]:
    """What is held while nothing strikes, by part, and the lag behind it in records."""
    began = time.monotonic()
    scene.parts.pump(CALM_SECONDS)
    return {
        "lag": _lag(scene),
        "parts": held(watchers.memory.samples, began, time.monotonic()),
    }


def _lag(scene: Scene) -> int:
    rows = scene.rows.next
    return sum(max(0, end - rows[p]) for p, end in scene.sender.following.items())


if __name__ == "__main__":
    sys.exit(main())
