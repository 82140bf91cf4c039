"""`python -m tests.faults.soak --minutes n`: a steady load, a fault a minute, and what it costs.

Memory, open files, connections and lag of each part, in the first minute and in the last one.
"""

import argparse
import json
import logging
import random
import sys
import time
from typing import Any, Final

from devstack.supervisor import StopRequestError, stop_requests
from tests.faults.__main__ import say
from tests.faults.parts import StuckError
from tests.faults.plan import KINDS, Fault, Load, Plan
from tests.faults.run import Verdict, Watchers, judge, on_scene, start_all, strike_and_heal
from tests.faults.scene import Scene
from tests.faults.stage import servers

RATE: Final = 100
DAYS: Final = 90
EVENTS_A_DAY: Final = 8
SPARE: Final = 1.4
MINUTE: Final = 60.0
SETTLE_SECONDS: Final = 20.0


def soak_plan(minutes: int, seed: int) -> Plan:
    """A fault a minute, every kind in turn, and enough events for all of it."""
    chance = random.Random(f"learnstream soak {seed}")
    kinds = [kind for _ in range(minutes) for kind in chance.sample(KINDS, len(KINDS))][:minutes]
    learners = int(SPARE * RATE * MINUTE * minutes / (EVENTS_A_DAY * DAYS))
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
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    plan = soak_plan(args.minutes, args.seed)
    verdict = Verdict(plan)
    with stop_requests(lambda: None), servers() as started:
        try:
            with on_scene(started, plan, "soak", None) as (scene, watchers):
                _soak(scene, watchers, verdict)
        except StopRequestError:
            return 130
    say(json.dumps(verdict.as_json(), indent=1))
    return 0 if verdict.word == "held" else 1


def _soak(scene: Scene, watchers: Watchers, verdict: Verdict) -> None:
    try:
        start_all(scene, watchers, verdict.plan.workers)
        scene.parts.pump(SETTLE_SECONDS)
        verdict.figures["first"] = _figures(scene, watchers)
        for fault in verdict.plan.faults:
            began = time.monotonic()
            strike_and_heal(scene, fault, verdict, say)
            scene.parts.pump(max(0.0, MINUTE - (time.monotonic() - began)))
            say(f"  {json.dumps(_figures(scene, watchers))}")
        verdict.figures["last"] = _figures(scene, watchers)
        judge(scene, watchers, verdict)
    except StuckError as error:
        verdict.violations.append(str(error))
    verdict.violations += [*scene.parts.down, *filter(None, [scene.sender.problem])]
    scene.sender.finish()
    verdict.violations += watchers.finish()


def _figures(scene: Scene, watchers: Watchers) -> dict[str, Any]:
    running = {part.name for part in scene.parts.running()}
    parts = {name: held for name, held in sorted(watchers.memory.last.items()) if name in running}
    rows = watchers.rows.next
    lag = sum(max(0, end - rows[p]) for p, end in scene.sender.following.items())
    return {"lag": lag, **parts}


if __name__ == "__main__":
    sys.exit(main())
