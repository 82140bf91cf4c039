"""Thousands of seeded lives of one partition, each judged by the invariants.

`SCHEDULES=10000 pytest tests/simulation` runs more of them, `SEED=k` one of them again.
"""

import os
from collections import Counter
from typing import Final

import pytest

from tests.simulation.model_owner import Owner
from tests.simulation.schedules import Schedule, draw
from tests.simulation.simulation import Simulation, ViolationError

SCHEDULES: Final = int(os.environ.get("SCHEDULES", "1500"))
CHUNK: Final = 500
_SEED: Final = os.environ.get("SEED")
_STRUCK: Final = {
    "FencedError": 50,
    "HaltedError": 3,
    "defects": 20,
    "duplicates": 50,
    "transitions": 50,
    "tick": 20,
    "course": 50,
    "configuration": 50,
    "resume": 2,
    "data: alert.data_quality.silent": 3,
    "data: alert.data_quality.rejected": 10,
    "data: cleared": 5,
}


def failure(schedule: Schedule, owner: type[Owner] = Owner) -> str | None:
    """What does not hold in this schedule, or None."""
    try:
        Simulation(schedule, owner).run()
    except ViolationError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever would end a process for good
        return f"{type(error).__name__}: {error}"
    return None


def cut_down(schedule: Schedule, owner: type[Owner] = Owner) -> Schedule:
    """The same schedule without what its failure does not need."""
    index = len(schedule.operations) - 1
    while index >= 0:
        rest = schedule.operations[:index] + schedule.operations[index + 1 :]
        less = Schedule(schedule.seed, schedule.clock_mode, rest)
        if failure(less, owner) is not None:
            schedule = less
        index -= 1
    return schedule


def explain(schedule: Schedule) -> str:
    small = cut_down(schedule)
    lines = "\n".join(f"  {operation}" for operation in small.operations)
    what = failure(schedule)
    return (
        f"seed {schedule.seed}, {schedule.clock_mode} clock: {what}\n"
        f"cut down to, where it is {failure(small)}:\n{lines}\n"
        f"again: SEED={schedule.seed} pytest tests/simulation/test_simulation.py"
    )


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_i1_to_i8_hold_in_every_schedule(first: int) -> None:
    seeds = range(first, min(first + CHUNK, SCHEDULES)) if _SEED is None else [int(_SEED)]
    for seed in seeds:
        schedule = draw(seed)
        if failure(schedule) is not None:
            pytest.fail(explain(schedule), pytrace=False)


def test_the_schedules_strike() -> None:
    """A fault that hits nothing proves nothing: count what happened in some of them."""
    counts: Counter[str] = Counter()
    for seed in range(200):
        simulation = Simulation(draw(seed), Owner)
        simulation.run()
        counts += simulation.counts
    assert all(counts[name] >= least for name, least in _STRUCK.items()), counts


def test_a_seed_is_the_same_schedule_every_time() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
