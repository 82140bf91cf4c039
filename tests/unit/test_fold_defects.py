"""When a partition halts, and what a defect about one learner leaves of a batch."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.configuration import Configuration, Halting
from domain.events.activity import AnyEvent
from domain.fold import partition as fold
from domain.fold import reacting
from domain.state.learner import (
    Day,
    Learner,
    new_learner,
)
from domain.state.limits import SHRINK_BYTES
from domain.step import Step
from domain.stored.checkpoint import ClockMode, Halted
from domain.stored.codec import encode_learner
from tests.factories import USER, Bench, at, course, enrolled, graded, record, seconds, viewed

DUE = course(assessments={"a1": at(5)})
BAD = record(b"{")
Events = list[Mapping[str, Any]]

# -- halting -------------------------------------------------------------------------------------


def halting(ratio: float = 1.0, in_a_row: int = 1_000_000) -> Bench:
    return Bench(configuration=Configuration(halting=Halting(ratio=ratio, in_a_row=in_a_row)))


def test_so_many_rejected_in_a_row_halt() -> None:
    bench = halting(in_a_row=5).send(*[BAD] * 4)
    assert (bench.fold.checkpoint.rejected_in_a_row, bench.fold.checkpoint.halted) == (4, None)
    bench.send(BAD)
    assert bench.fold.checkpoint.halted == Halted(65, "5 events in a row were rejected")


@pytest.mark.parametrize("between", ["another event", "a repeat"])
def test_what_is_not_rejected_ends_the_row(between: str) -> None:
    bench = halting(in_a_row=5).send(viewed(), *[BAD] * 4)
    bench.send(viewed() if between == "a repeat" else viewed(at(1), "p2"), *[BAD] * 4)
    assert (bench.fold.checkpoint.rejected_in_a_row, bench.fold.checkpoint.halted) == (4, None)


def test_an_id_that_is_reused_and_a_defect_are_rejected_too() -> None:
    def explode(item: AnyEvent) -> None:
        if item.event_id == "bad":
            raise RuntimeError("a defect")

    bench = Bench(defect=explode).send(
        viewed(at(0), event_id="e1"),
        viewed(at(1), event_id="e1"),
        viewed(at(2), event_id="bad"),
    )
    checkpoint = bench.fold.checkpoint
    assert (checkpoint.rejected_in_a_row, checkpoint.window, checkpoint.window_seen) == (2, [2], 3)


def nearly_full(bench: Bench, rejected: int) -> Bench:
    """10,000 records but the last one, so many of them rejected."""
    blocks = [0] * 100
    blocks[0] = rejected
    bench.fold.checkpoint.window = blocks
    bench.fold.checkpoint.window_seen = 99
    return bench


@pytest.mark.parametrize(
    ("rejected", "last", "halted"),
    [
        (3000, viewed(), None),  # as many as the ratio says are not too many
        (2999, BAD, None),
        (3000, BAD, Halted(65, "3001 of the last 10000 events were rejected")),
        (3001, viewed(), Halted(65, "3001 of the last 10000 events were rejected")),
    ],
)
def test_more_than_the_ratio_of_ten_thousand_halts(
    rejected: int, last: Any, halted: Halted | None
) -> None:
    bench = nearly_full(halting(ratio=0.3), rejected).send(last)
    assert bench.fold.checkpoint.halted == halted


def test_under_ten_thousand_records_no_ratio_halts() -> None:
    bench = halting(ratio=0.3)
    bench.fold.checkpoint.window = [100] * 99
    bench.fold.checkpoint.window_seen = 99
    assert bench.send(BAD).fold.checkpoint.halted is None
    bench.fold.checkpoint.window = [100] * 100
    bench.fold.checkpoint.window_seen = 98
    assert bench.send(BAD).fold.checkpoint.halted is None


def test_the_window_holds_blocks_of_a_hundred_and_forgets_the_oldest() -> None:
    bench = halting().send(*[BAD] * 3, viewed())
    assert (bench.fold.checkpoint.window, bench.fold.checkpoint.window_seen) == ([3], 4)
    bench.send(*[BAD] * 96)
    assert (bench.fold.checkpoint.window, bench.fold.checkpoint.window_seen) == ([99], 100)
    bench.send(viewed(at(1), "p2"), BAD)
    assert (bench.fold.checkpoint.window, bench.fold.checkpoint.window_seen) == ([99, 1], 2)
    bench.fold.checkpoint.window = list(range(99))
    bench.fold.checkpoint.window_seen = 100
    bench.send(BAD)
    assert bench.fold.checkpoint.window == [*range(99), 1]
    bench.fold.checkpoint.window = list(range(100))
    bench.fold.checkpoint.window_seen = 100
    bench.send(BAD)
    assert bench.fold.checkpoint.window == [*range(1, 100), 1]


def test_a_halted_partition_takes_nothing_until_it_is_resumed_with_a_clean_slate() -> None:
    bench = nearly_full(halting(ratio=0.3), 5000).send(BAD, viewed())
    assert (bench.fold.checkpoint.next, bench.store.committed) == (1, {})
    bench.adopt("resume", {})
    checkpoint = bench.fold.checkpoint
    assert (
        checkpoint.halted,
        checkpoint.window,
        checkpoint.window_seen,
        checkpoint.rejected_in_a_row,
    ) == (
        None,
        [],
        0,
        0,
    )
    assert bench.send(viewed()).learner().steps == 1


# -- defects -------------------------------------------------------------------------------------


def exploding(item: AnyEvent) -> None:
    if item.event_id.startswith("bad"):
        raise RuntimeError("a defect")


def bad(day: float, user: str = USER) -> dict[str, Any]:
    return viewed(at(day), "bad", event_id=f"bad-{day}", user=user)


def same_in_one_batch(clock: ClockMode, first: Events, *parts: Events) -> Bench:
    """The parts as batches of their own, and all in one; before them the first, and the facts."""
    many, one = (Bench(clock=clock, defect=exploding).send(*first) for _ in range(2))
    effects, offset = one.fold.begin(), len(first)
    many.adopt("course", DUE)
    one.fold.adopt(one.fold.next_input("course", DUE), effects)
    for events in parts:
        many.send(*events)
        one.fold.fold([record(item, offset + n) for n, item in enumerate(events)], effects)
        offset += len(events)
    one._commit(effects)
    assert one.store.committed == many.store.committed
    assert one.published == many.published
    assert one.fold.checkpoint == many.fold.checkpoint
    return one


def test_a_defect_alone_changes_no_state() -> None:
    bench = Bench(defect=exploding)
    effects = bench.fold.begin()
    bench.fold.fold([record(bad(1))], effects)
    assert effects.changed == {}
    bench.send(viewed())
    effects = bench.fold.begin()
    bench.fold.fold([record(bad(2), 2)], effects)
    assert effects.changed == {}
    assert bench.learner().steps == 1


def test_after_a_defect_the_learners_own_events_and_ticks_are_folded_again() -> None:
    one = same_in_one_batch(
        "stream",
        [],
        [enrolled(at(0))],
        [viewed(at(8), user="8")],
        [viewed(at(8.1)), bad(8.2), bad(8.3, "8")],
        [viewed(at(8.4), "p2")],
        [bad(8.5)],
    )
    assert (one.learner().steps, one.learner("8").steps) == (4, 1)
    assert [t.kind for t in one.published] == ["raised"]
    assert one.fold.checkpoint.counters.defects == 3


def test_what_is_folded_again_goes_by_the_ticks_of_then() -> None:
    """At day 36 an alert about day 7 is open for a while; at day 38 it would have expired."""
    one = same_in_one_batch(
        "stream",
        [],
        [viewed(at(36), user="8")],
        [enrolled(at(0))],
        [viewed(at(38), user="8")],
        [bad(1)],
    )
    assert [alert.rule for alert in one.learner().alerts] == ["inactive_days", "missed_deadline"]


@pytest.mark.parametrize("clock", ["wall", "stream"])
def test_what_an_input_made_of_a_state_is_where_folding_again_begins(clock: ClockMode) -> None:
    one = same_in_one_batch(
        clock, [enrolled(at(0)), viewed(at(1))], [viewed(at(2), "p2")], [bad(3)], [bad(4)]
    )
    assert (one.learner().steps, one.learner().wake_at) == (4, seconds(at(5)) + 1)


def test_a_defect_first_of_all_leaves_what_an_input_made_of_a_state() -> None:
    one = same_in_one_batch("wall", [enrolled(at(0))], [bad(3)])
    assert (one.learner().steps, one.learner().wake_at) == (2, seconds(at(5)) + 1)


def test_a_batch_forgets_the_one_before_it() -> None:
    """Nothing of it is folded again after a defect."""
    bench = Bench(defect=exploding, facts=DUE).send(enrolled(at(0)), viewed(at(1)))
    bench.adopt("course", course(assessments={"a1": at(6)}))
    before = bench.learner().steps
    bench.send(viewed(at(2), "p2"), bad(3))
    assert bench.learner().steps == before + 1


def armed(monkeypatch: pytest.MonkeyPatch, user: str) -> list[bool]:
    """Timers of a learner that raise while the list says so."""
    switch, fire = [True], reacting.fire

    def explode(state: Learner, step: Step, until: int) -> bool:
        fired = fire(state, step, until)
        if fired and switch[0] and state.user_id == user:
            raise RuntimeError("a defect")
        return fired

    monkeypatch.setattr(fold, "fire", explode)
    return switch


def test_a_defect_in_a_timer_stops_nobody_else_and_the_timer_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), enrolled(at(0), user="8"))
    armed(monkeypatch, USER)
    bench.tick(at(8))
    assert [(t.user_id, t.kind) for t in bench.published] == [("8", "raised")]
    assert bench.fold.checkpoint.counters.defects == 1
    assert bench.fold.checkpoint.counters.raised == 1
    state = bench.learner()
    assert (state.steps, state.wake_at, state.alerts) == (2, 0, [])


def test_a_timer_that_was_let_go_is_let_go_when_its_batch_is_folded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for split in (True, False):
        with monkeypatch.context() as patch:
            bench = Bench(defect=exploding, facts=DUE)
            bench.send(enrolled(at(0)), enrolled(at(0), user="8"))
            switch = armed(patch, USER)
            effects = bench.fold.begin()
            bench.fold.adopt(bench.fold.next_input("tick", {"at": seconds(at(6))}), effects)
            bench.fold.adopt(bench.fold.next_input("tick", {"at": seconds(at(8))}), effects)
            switch[0] = False
            if split:
                bench._commit(effects)
                effects = bench.fold.begin()
            records = [record(viewed(at(9)), 2), record(bad(10), 3), record(bad(10, "8"), 4)]
            bench.fold.fold(records, effects)
            bench._commit(effects)
            found.append((bench.store.committed, bench.published, bench.fold.checkpoint))
    assert found[0] == found[1]
    assert found[0][2].counters.defects == 3


# -- size ----------------------------------------------------------------------------------------


def large(steps: int) -> Bench:
    """A learner of so many steps whose state is larger than it may stay."""
    state = new_learner(USER)
    first = at(-80).toordinal()
    state.days = [Day(first + n, 1, submitted=list(range(70_000, 70_060))) for n in range(60)]
    state.steps = steps
    bench = Bench()
    bench.store.committed[USER] = encode_learner(state)
    assert len(bench.store.committed[USER]) > SHRINK_BYTES
    return bench


@pytest.mark.parametrize(("steps", "shrinks"), [(13, False), (14, False), (15, True), (31, True)])
def test_a_state_is_measured_with_every_sixteenth_step(steps: int, *, shrinks: bool) -> None:
    state = large(steps).send(viewed()).learner()
    assert (state.overflow.days > 0) is shrinks
    assert (len(encode_learner(state)) <= SHRINK_BYTES) is shrinks


def test_a_score_of_every_learner_is_counted_once() -> None:
    bench = Bench().send(graded(at(1), 10), graded(at(1), 10, user="8"), graded(at(2), 9))
    assert bench.fold.checkpoint.counters.learners == 2
    assert bench.fold.checkpoint.counters.raised == 3
