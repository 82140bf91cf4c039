"""`python -m tests.faults.mutant_runs`: each mutant under the faults that are aimed at it.

A mutant that survives means that the proof is blind there.
"""

import argparse
import sys
from typing import Final

from devstack.supervisor import StopRequestError, stop_requests
from tests.faults.__main__ import say
from tests.faults.mutants import MUTANTS
from tests.faults.plan import made
from tests.faults.run import Verdict, run
from tests.faults.stage import Servers, servers

AIMED: Final[dict[str, list[str]]] = {
    "offsets_before_the_transaction": ["worker_kill_after_begin"],
    "offsets_after_the_transaction": ["worker_kill_after_commit", "worker_kill_after_commit"],
    "record_outside_of_the_transaction": ["worker_kill_after_commit"],
    "states_outside_of_the_transaction": ["worker_kill_after_states"],
    "no_fencing": ["worker_zombie", "worker_zombie"],
    "failed_send_not_awaited": ["worker_kill", "worker_kill"],
    "record_read_before_the_fence": ["worker_zombie_early", "worker_zombie_early"],
    "read_to_an_end_that_is_told": ["worker_kill"],
    "sink_without_compare_and_set": ["sink_zombie", "sink_zombie", "sink_zombie"],
    "sink_position_before_rows": ["sink_kill"],
    "read_uncommitted": ["worker_kill_after_states", "worker_kill_after_offsets"],
    "duplicates_forgotten": ["api_kill"],
    "input_not_written": ["api_kill"],
    "tick_lost_at_take_over": ["worker_kill", "worker_kill"],
    "memory_leaked": ["postgres_away"],
    "example_learned_twice": ["trainer_kill", "trainer_kill"],
    "snapshot_without_its_position": ["trainer_kill_after_states"],
    "feature_read_from_the_future": ["postgres_away", "worker_storm", "postgres_away"],
    "failed_send_awaited": ["api_kill"],
}
HOLD: Final = {"failed_send_awaited"}
"""Controls: they must not go red."""
REASONS: Final = 4
SEEDS: Final = (3, 5, 7)
"""Odd: the clock is `wall`, so that there are ticks. One of them has to catch a mutant."""


def as_expected(name: str, verdict: Verdict) -> bool:
    """Whether a mutant was caught, and a control not; what does not even start proves nothing."""
    return verdict.started and bool(verdict.violations) is not (name in HOLD)


def run_mutant(on: Servers, name: str) -> Verdict:
    """Run one mutant under its faults, with another seed while it is not caught."""
    first, *others = SEEDS
    verdict = run_aimed(on, name, seed=first)
    for seed in others:
        if name in HOLD or as_expected(name, verdict):
            break
        verdict = run_aimed(on, name, seed=seed)
    return verdict


def run_aimed(on: Servers, name: str, *, seed: int, mutated: bool = True) -> Verdict:
    """Run the faults that are aimed at a mutant, on it or on the real program."""
    place = f"{'mutant' if mutated else 'real'}-{seed}-{name.replace('_', '-')}"
    return run(on, made(seed, AIMED[name]), say, name=place[:60], mutant=name if mutated else None)


def reasons(verdict: Verdict) -> str:
    """What was wrong, shortly."""
    first = [violation[:200] for violation in verdict.violations[:REASONS]]
    return "; ".join(first) or "nothing was wrong"


def main() -> int:
    """Run those that were asked for, else all; 1 where one survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutant_runs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MUTANTS))
    parser.add_argument("--real", action="store_true", help="run the same faults without mutants")
    args = parser.parse_args()
    wrong = []
    names = args.names or list(MUTANTS)
    with stop_requests(lambda: None), servers() as started:
        try:
            for name in names:
                say(f"{name}: {', '.join(AIMED[name])}")
                verdict = (
                    run_aimed(started, name, seed=SEEDS[0], mutated=False)
                    if args.real
                    else run_mutant(started, name)
                )
                good = not verdict.violations if args.real else as_expected(name, verdict)
                say(f"{name}: {'as expected' if good else 'NOT AS EXPECTED'}: {reasons(verdict)}")
                wrong += [] if good else [name]
        except StopRequestError:
            return 130
    say(f"{len(names)} mutants and controls, not as expected: {wrong or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
