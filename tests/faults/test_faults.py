"""A slice of the fault runs; `make faults SEEDS=n` runs more and keeps their verdicts.

`FAULT_SEEDS=n pytest tests/faults` runs the first n seeds, `FAULT_FIRST=k` others.
"""

import os
from typing import Final

import pytest

from tests.faults.plan import FAULTS_MIN, KINDS, ROUND, draw
from tests.faults.run import run
from tests.faults.stage import Servers
from tests.faults.strikes import STRIKES

SEEDS: Final = int(os.environ.get("FAULT_SEEDS", "0"))
FIRST: Final = int(os.environ.get("FAULT_FIRST", "1"))
TRIES: Final = 3


def test_a_seed_is_the_same_plan_every_time() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


@pytest.mark.parametrize("first", range(1, 101, ROUND))
def test_every_round_of_seeds_strikes_with_every_kind(first: int) -> None:
    plans = [draw(seed) for seed in range(first, first + ROUND)]
    assert {fault.kind for plan in plans for fault in plan.faults} == set(KINDS) == set(STRIKES)
    for plan in plans:
        kinds = [fault.kind for fault in plan.faults]
        assert len(set(kinds)) == len(kinds) >= FAULTS_MIN


@pytest.mark.faults
@pytest.mark.timeout(1_000)
@pytest.mark.skipif(SEEDS == 0, reason="FAULT_SEEDS is not set: `make faults-slice`")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(SEEDS, 1)))
def test_i1_to_i8_hold_under_faults(own_servers: Servers, seed: int) -> None:
    said: list[str] = []
    verdict = run(own_servers, draw(seed), said.append)
    for number in range(1, TRIES):
        if verdict.word != "invalid":  # a run in which a fault missed proves nothing: once more
            break
        verdict = run(own_servers, draw(seed), said.append, name=f"seed-{seed}-{number}")
    again = f"again: make faults SEED={seed}"
    assert verdict.word == "held", "\n".join([*said, *verdict.violations, *verdict.invalid, again])
