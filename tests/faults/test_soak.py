"""A short soak; `make soak` runs half an hour of it.

`SOAK_MINUTES=n pytest tests/faults` runs it here.
"""

import os
from typing import Final

import pytest

from tests.faults.soak import SOAK_KINDS, soak, soak_plan
from tests.faults.stage import Servers

MINUTES: Final = int(os.environ.get("SOAK_MINUTES", "0"))


def test_a_soak_of_half_an_hour_strikes_with_every_kind() -> None:
    faults = soak_plan(30, seed=1).faults
    assert len(faults) == 30
    assert {fault.kind for fault in faults} == set(SOAK_KINDS)


@pytest.mark.faults
@pytest.mark.timeout(300 + 60 * MINUTES)
@pytest.mark.skipif(MINUTES == 0, reason="SOAK_MINUTES is not set: `make soak`")
def test_a_soak_is_flat(own_servers: Servers) -> None:
    verdict = soak(own_servers, soak_plan(MINUTES, seed=1))
    assert verdict.word == "held", [*verdict.violations, *verdict.invalid]
