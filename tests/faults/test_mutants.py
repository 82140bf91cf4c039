"""Each deliberate defect must be caught by the faults that are aimed at it (`make mutants`).

`FAULT_MUTANTS=1 pytest tests/faults` runs them here, some half a minute each.
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

ASKED: Final = bool(os.environ.get("FAULT_MUTANTS"))


def test_every_mutant_has_faults_aimed_at_it() -> None:
    assert AIMED.keys() == MUTANTS.keys()
    assert {kind for kinds in AIMED.values() for kind in kinds} <= STRIKES.keys()
    assert MUTANTS.keys() >= HOLD


def test_every_mutant_finds_what_it_patches() -> None:
    """A mutant that does not start proves nothing, and nobody would know before `make mutants`."""
    program = "from tests.faults.mutants import MUTANTS; [patch() for patch in MUTANTS.values()]"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.skipif(not ASKED, reason="FAULT_MUTANTS is not set: `make mutants`")
@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_the_proof_is_not_blind(own_servers: Servers, name: str) -> None:
    verdict = run_mutant(own_servers, name)
    assert as_expected(name, verdict), [*verdict.violations, *verdict.invalid]
