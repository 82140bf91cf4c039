"""When an owner wakes who is due, and when events come first."""

from datetime import timedelta
from typing import Any

import pytest

from agents.partition_owner.transport import Standing
from agents.worker.backfill import Backfill
from tests.factories import at, course, enrolled, viewed
from tests.owning import NOW, Stage, SteppedOwner, fold_batch, kinds


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


async def waiting_owner(stage: Stage) -> tuple[SteppedOwner, int]:
    """An owner with a learner, and the first moment at which a tick fires the learner's timer."""
    stage.courses.put(course(assessments={"a1": at(2)}))
    owner = await stage.opened()
    owner.deliver(stage.batch(0, enrolled(user=stage.learner)))
    await fold_batch(owner)
    await fold_batch(owner)  # nothing waits now
    due = owner.fold._fold.due_at()
    assert due is not None
    assert due > NOW + 600
    return owner, due + 1


def ticks(stage: Stage) -> int:
    return kinds(stage).count("tick")


async def test_a_tick_comes_when_somebody_is_due_and_not_before(stage: Stage) -> None:
    owner, due = await waiting_owner(stage)
    stage.clock.at = due - 1
    await fold_batch(owner)
    assert ticks(stage) == 0
    stage.clock.at = due
    await fold_batch(owner)
    assert ticks(stage) == 1
    assert stage.record().clock == due


async def test_nobody_is_woken_where_nobody_waits(stage: Stage) -> None:
    owner = await stage.opened()
    stage.clock.at += 10_000_000
    await fold_batch(owner)
    assert ticks(stage) == 0


async def test_under_the_streams_clock_nothing_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, clock="stream")
    owner, due = await waiting_owner(stage)
    stage.clock.at = due + 1
    await fold_batch(owner)
    assert ticks(stage) == 0


async def test_ticks_are_a_minute_apart(stage: Stage) -> None:
    owner, due = await waiting_owner(stage)
    owner.fold._ticked_at = due
    stage.clock.at = due + 59
    await fold_batch(owner)
    assert ticks(stage) == 0
    stage.clock.at = due + 60
    await fold_batch(owner)
    assert (ticks(stage), owner.fold._ticked_at) == (1, due + 60)


@pytest.mark.parametrize(
    ("standing", "ticked"),
    [
        (Standing(7, 7), 1),
        (Standing(8, 7), 1),
        (Standing(6, 7), 0),
        (Standing(None, 7), 0),
        (Standing(7, None), 0),
        (Standing(0, 0), 1),
    ],
)
async def test_while_a_backlog_waits_nobody_is_woken(
    stage: Stage, standing: Standing, ticked: int
) -> None:
    owner, due = await waiting_owner(stage)
    stage.clock.at = due
    await fold_batch(owner, standing)
    assert ticks(stage) == ticked


async def test_what_was_fetched_comes_before_the_tick_too(stage: Stage) -> None:
    owner, due = await waiting_owner(stage)
    stage.clock.at = due
    owner.deliver(stage.batch(1, viewed(at(0.1), user=stage.learner)))
    await fold_batch(owner)
    assert ticks(stage) == 0
    await fold_batch(owner)
    assert ticks(stage) == 1


@pytest.mark.parametrize(("behind", "ticked"), [(60, 1), (61, 0)])
async def test_a_backlog_of_a_minute_is_none(stage: Stage, behind: int, ticked: int) -> None:
    owner, due = await waiting_owner(stage)
    stage.clock.at = due
    owner.fold._fold.checkpoint.clock = due - behind
    await fold_batch(owner, Standing(6, 7))
    assert ticks(stage) == ticked


async def after_a_backfill(stage: Stage) -> tuple[SteppedOwner, int]:
    """An owner whose learner is due, and when the last of some events of the past came to it."""
    owner, due = await waiting_owner(stage)
    stage.clock.at = due - 1
    owner.deliver(stage.batch(1, viewed(at(10), user=stage.learner)))
    owner.deliver(
        stage.batch(2, viewed(at(10) - timedelta(hours=48, seconds=1), "p2", user=stage.learner))
    )
    await fold_batch(owner)
    return owner, due - 1


def old(number: int, user: str) -> dict[str, Any]:
    return viewed(at(1), f"old-{number}", user=user)


@pytest.mark.parametrize(("later", "ticked"), [(1, 0), (9, 0), (10, 1)])
async def test_while_a_backfill_comes_nobody_is_woken(
    stage: Stage, later: int, ticked: int
) -> None:
    owner, came = await after_a_backfill(stage)
    stage.clock.at = came + later
    await fold_batch(owner)
    assert ticks(stage) == ticked


async def test_what_is_two_days_late_is_no_backfill(stage: Stage) -> None:
    owner, due = await waiting_owner(stage)
    stage.clock.at = due
    owner.deliver(stage.batch(1, viewed(at(10), user=stage.learner)))
    owner.deliver(stage.batch(2, viewed(at(8), "p2", user=stage.learner)))
    await fold_batch(owner)
    await fold_batch(owner)
    assert ticks(stage) == 1


async def test_for_a_backfill_without_end_a_tick_waits_so_long_and_no_longer(
    stage: Stage,
) -> None:
    owner, began = await after_a_backfill(stage)
    found: list[int] = []
    for number, second in enumerate(range(5, 2000, 5), 3):
        stage.clock.at = began + second
        owner.deliver(stage.batch(number, old(number, stage.learner)))
        await fold_batch(owner)
        owner.fold._fold._wakes.insert(0, (1, "nobody"))  # somebody is always due
        await fold_batch(owner)
        if ticks(stage) > len(found):
            found.append(second)
    assert found == [900, 1800]


def test_a_backfill_that_comes_after_the_end_of_another_is_waited_for_anew() -> None:
    backfill = Backfill(waited_since=None)
    for now, since in ((1000, 1000), (1009, 1000), (1019, 1019), (1028, 1019)):
        backfill.look(now, behind=0)
        backfill.came(now)
        assert backfill.waited_since == since


@pytest.mark.parametrize("now", [0, 9, 1_700_000_000])
def test_where_no_backfill_came_no_tick_waits_at_any_time_of_the_clock(now: int) -> None:
    backfill = Backfill(waited_since=None)
    assert not backfill.holds_ticks(now)
    backfill.ticked(now)
    assert not backfill.holds_ticks(now)


def test_a_backfill_that_begins_with_the_clock_is_waited_for() -> None:
    backfill = Backfill(waited_since=None)
    backfill.came(0)
    for now, held in ((0, True), (9, True), (10, False)):
        backfill.look(now, behind=0)
        assert backfill.holds_ticks(now) is held


def test_a_backfill_is_waited_for_up_to_fifteen_minutes() -> None:
    backfill = Backfill(waited_since=None)
    for now in range(0, 900, 9):
        backfill.came(now)
    assert backfill.holds_ticks(899)
    assert not backfill.holds_ticks(900)


def test_a_backfill_is_not_over_while_what_was_written_after_it_waits() -> None:
    """Of a burst on a slow machine, half a minute lies between two batches of a partition."""
    backfill = Backfill(waited_since=None)
    backfill.came(1000)
    for now, behind in ((1028, 30), (1056, 58), (1057, 10)):
        backfill.look(now, behind)
        assert backfill.waited_since == 1000
    backfill.look(1058, behind=9)
    assert backfill.waited_since is None


@pytest.mark.parametrize(("behind", "held"), [(9, False), (10, True)])
def test_of_a_partition_just_taken_over_what_waits_decides(behind: int, *, held: bool) -> None:
    backfill = Backfill(waited_since=1000)
    backfill.look(1000, behind)
    assert backfill.holds_ticks(1000) is held


@pytest.mark.parametrize(("behind", "ticked"), [(9, 1), (10, 0)])
async def test_a_new_owner_folds_what_waits_before_it_wakes_anybody(
    stage: Stage, behind: int, ticked: int
) -> None:
    _, due = await waiting_owner(stage)
    stage.clock.at = due
    owner = await stage.opened()
    owner.fold._fold.checkpoint.clock = due - behind
    await fold_batch(owner, Standing(None, None))
    assert ticks(stage) == ticked
