"""Each deliberate defect must be caught by the faults that are aimed at it (`make mutants`).

`FAULT_MUTANTS=n pytest tests/faults` runs n of them here, some minute each; `FAULT_TURN=k` others.
"""

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.faults.mutant_runs import AIMED, HOLD, as_expected, run_mutant
from tests.faults.mutants import MUTANTS
from tests.faults.stage import Servers
from tests.faults.strikes import STRIKES

COUNT: Final = int(os.environ.get("FAULT_MUTANTS", "0"))
TURN: Final = int(os.environ.get("FAULT_TURN", "0"))


def dealt(count: int, turn: int) -> list[str]:
    """So many mutants; one turn after the other goes through all."""
    names = sorted(MUTANTS)
    return [names[(turn * count + place) % len(names)] for place in range(min(count, len(names)))]


def test_turns_go_through_all_mutants() -> None:
    assert {name for turn in range(len(MUTANTS)) for name in dealt(3, turn)} == MUTANTS.keys()
    assert dealt(len(MUTANTS), 0) == dealt(1000, 0) == sorted(MUTANTS)


def test_every_mutant_has_faults_aimed_at_it() -> None:
    assert AIMED.keys() == MUTANTS.keys()
    assert {kind for kinds in AIMED.values() for kind in kinds} <= STRIKES.keys()
    assert MUTANTS.keys() >= HOLD


def test_every_mutant_finds_what_it_patches() -> None:
    """A mutant that does not start proves nothing, and nobody would know before `make mutants`."""
    program = "from tests.faults.mutants import MUTANTS; [patch() for patch in MUTANTS.values()]"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_mutated_worker_imports_no_more_than_a_worker() -> None:
    """Else it is caught by what it holds, whatever is wrong with it."""
    program = "import sys, tests.faults.mutants; sys.exit('river' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.skipif(COUNT == 0, reason="FAULT_MUTANTS is not set: `make mutants`")
@pytest.mark.parametrize("name", dealt(COUNT, TURN) or sorted(MUTANTS))
def test_the_proof_is_not_blind(own_servers: Servers, name: str) -> None:
    verdict = run_mutant(own_servers, name)
    assert as_expected(name, verdict), [*verdict.violations, *verdict.invalid]
