"""The fold of a partition at its bounds: clocks, ticks, inputs, halting, defects, counters."""

import pytest

from domain.configuration import Configuration
from domain.events.activity import AnyEvent
from domain.fold.effects import Effects
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.checkpoint import FOLD_VERSION, Counters
from tests.factories import (
    USER,
    Bench,
    at,
    course,
    enrolled,
    event,
    graded,
    record,
    seconds,
    submitted,
    viewed,
)

DUE = course(assessments={"a1": at(5)})
"""Missed 48 hours after day 5, and medium from 168 hours after it on."""
MISSED = 7
PAST_DUE = seconds(at(5)) + 1  # then it is predicted again
BAD = record(b"{")


def told(bench: Bench) -> list[tuple[str, str, str]]:
    """Of each transition the learner, the category and the kind."""
    return [(t.user_id, t.category, t.kind) for t in bench.published]


def low_scores(bench: Bench) -> list[tuple[str, str]]:
    """Of each transition of a low score the learner and the kind."""
    return [(user, kind) for user, category, kind in told(bench) if category == "low_score"]


def exploding(item: AnyEvent) -> None:
    if item.event_id.startswith("bad"):
        raise RuntimeError("a defect")


# -- clocks --------------------------------------------------------------------------------------


def test_the_wall_clock_is_the_newest_records_timestamp_in_whole_seconds() -> None:
    bench = Bench().send(record(viewed(at(0)))._replace(timestamp=seconds(at(0)) * 1000 + 999))
    assert bench.fold.checkpoint.clock == seconds(at(0))
    bench.send(record(b"{", arrived=at(1)))
    assert bench.fold.checkpoint.clock == seconds(at(1))


def test_an_event_of_a_clock_that_is_fast_moves_no_wall_clock() -> None:
    bench = Bench().send(record(viewed(at(0, minutes=5)), arrived=at(0)))
    assert bench.fold.checkpoint.clock == seconds(at(0))


def test_a_stream_clock_is_moved_by_events_and_never_by_what_is_rejected() -> None:
    bench = Bench(clock="stream").send(record(viewed(at(1)), arrived=at(9)))
    bench.send(record(b"{", arrived=at(20)))
    assert bench.fold.checkpoint.clock == seconds(at(1))


@pytest.mark.parametrize(
    ("hours", "ticked"),
    [(0.5, 9), (0.99, 9), (1, 10), (1.5, 10), (5, 14)],
)
def test_under_stream_a_tick_comes_at_the_full_hour_that_an_event_crosses(
    hours: float, ticked: int
) -> None:
    """The tests' time begins at 09:00."""
    bench = Bench(clock="stream").send(viewed(at(0)), viewed(at(0, hours), "p2"))
    assert bench.fold.checkpoint.ticked == seconds(at(0, ticked - 9))
    assert bench.fold.checkpoint.clock == seconds(at(0, hours))


def test_under_stream_an_hour_that_was_reached_is_not_ticked_again() -> None:
    bench = Bench(clock="stream", facts=DUE).send(enrolled(at(0)), enrolled(at(MISSED), user="8"))
    assert bench.published == []
    bench.send(viewed(at(MISSED, minutes=1), user="8"))
    assert bench.published == []
    bench.send(viewed(at(MISSED, 0.99), user="8"))
    assert bench.published == []
    bench.send(viewed(at(MISSED, 1), user="8"))
    assert told(bench) == [(USER, "missed_deadline", "raised")]


def test_under_the_wall_clock_an_event_wakes_nobody_else() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), viewed(at(30), user="8"))
    assert bench.published == []
    assert bench.fold.checkpoint.ticked == 0


@pytest.mark.parametrize(("late", "kind"), [(0, "raised"), (1, "suppressed")])
def test_what_is_more_than_48_hours_older_than_the_wall_clock_is_suppressed(
    late: int, kind: str
) -> None:
    first = record(viewed(at(2), user="8"))._replace(timestamp=(seconds(at(2)) + late) * 1000)
    bench = Bench().send(first, record(graded(at(0), 10)))
    assert told(bench) == [(USER, "low_score", kind)]


def test_under_stream_nothing_is_stale() -> None:
    bench = Bench(clock="stream").send(viewed(at(10), user="8"), graded(at(0), 10))
    assert told(bench) == [(USER, "low_score", "raised")]


# -- ticks ---------------------------------------------------------------------------------------


def test_a_tick_fires_what_was_due_before_it() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)))
    assert bench.fold.due_at() == PAST_DUE
    bench.tick(at(MISSED))
    assert (bench.published, bench.learner().steps) == ([], 2)
    bench.adopt("tick", {"at": seconds(at(MISSED)) + 1})
    assert told(bench) == [(USER, "missed_deadline", "raised")]
    assert bench.published[0].at == seconds(at(MISSED))
    assert bench.learner().steps == 3


def test_a_tick_moves_the_clock_and_what_was_ticked_and_never_back() -> None:
    bench = Bench().tick(at(3))
    assert (bench.fold.checkpoint.clock, bench.fold.checkpoint.ticked) == (
        seconds(at(3)),
        seconds(at(3)),
    )
    bench.tick(at(2))
    assert (bench.fold.checkpoint.clock, bench.fold.checkpoint.ticked) == (
        seconds(at(3)),
        seconds(at(3)),
    )


def test_a_tick_wakes_learners_in_order_of_time_and_id() -> None:
    facts = course(assessments={"a1": at(6)}), course(course_id="c2", assessments={"b1": at(5)})
    bench = Bench()
    for each in facts:
        bench.adopt("course", each)
    bench.send(enrolled(at(0), user="9"), enrolled(at(0), user="10"))
    bench.send(enrolled(at(0), user="11", course_id="c2"))
    bench.tick(at(9))
    assert [user for user, *_ in told(bench)] == ["11", "10", "9"]


def test_a_timer_that_was_moved_fires_once_and_at_its_new_time() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)))
    due = at(6).isoformat()
    bench.send(event("deadline_extended", at(1), assessment_id="a1", due_at=due))
    assert bench.fold.due_at() == PAST_DUE  # a look at it costs little
    bench.tick(at(8))
    assert (bench.published, bench.learner().steps) == ([], 3)
    assert bench.fold.due_at() == seconds(at(8))
    bench.adopt("tick", {"at": seconds(at(8)) + 1})
    assert told(bench) == [(USER, "missed_deadline", "raised")]


def test_without_timers_nothing_is_due() -> None:
    assert Bench().send(event("session_started")).fold.due_at() is None


def test_a_new_owner_finds_in_the_headers_who_is_to_be_woken() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), viewed(at(0), user="8", course_id="c2"))
    again = PartitionFold(
        bench.fold.checkpoint, Configuration(), bench.fold.facts, bench.store, no_snapshots
    )
    assert again.due_at() == PAST_DUE
    assert (
        PartitionFold(
            new_checkpoint(0, 1, "t", "wall"), Configuration(), {}, Bench().store, no_snapshots
        ).due_at()
        is None
    )


def test_a_learners_own_timers_fire_before_the_event_and_make_one_step_with_it() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), submitted(at(MISSED, 1), "a1"))
    assert [(t.kind, t.at) for t in bench.published] == [
        ("raised", seconds(at(MISSED))),
        ("resolved", seconds(at(MISSED, 1))),
    ]
    assert bench.learner().steps == 2


def test_an_event_at_the_very_moment_of_a_timer_comes_before_it() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), submitted(at(MISSED), "a1"))
    assert bench.published == []
    assert bench.learner().wake_at == seconds(at(MISSED))


def test_what_a_tick_has_passed_is_past_for_an_event_that_comes_late() -> None:
    """The enrolment of day 0 arrives on day 36, then on day 38: alerts expire after 30 days.

    That of the deadline is of day 7, that of silence of day 10.
    """
    bench = Bench(clock="stream", facts=DUE).send(viewed(at(36), user="8"))
    bench.send(enrolled(at(0)))
    assert told(bench) == [
        (USER, "inactive_days", "raised"),
        (USER, "missed_deadline", "raised"),
    ]
    bench = Bench(clock="stream", facts=DUE).send(viewed(at(38), user="8"), enrolled(at(0)))
    assert told(bench) == [(USER, "inactive_days", "raised")]
    bench = Bench(clock="stream", facts=DUE).send(viewed(at(41), user="8"), enrolled(at(0)))
    assert told(bench) == [(USER, "account_inactivity", "raised")], "of day 30"


# -- inputs --------------------------------------------------------------------------------------


def test_an_input_belongs_to_the_next_offset_and_has_the_next_number() -> None:
    bench = Bench().send(viewed(), viewed(at(0, 1), "p2"))
    first = bench.fold.next_input("tick", {"at": 5})
    assert (first.after, first.seq, first.kind, bytes(first.payload)) == (2, 0, "tick", b'{"at":5}')
    bench.adopt("tick", {"at": 5})
    assert bench.fold.next_input("resume", {}).seq == bench.fold.checkpoint.inputs == 1
    assert [(each.seq, each.kind) for each in bench.inputs] == [(0, "tick")]


@pytest.mark.parametrize("version", [FOLD_VERSION - 1, FOLD_VERSION + 1])
def test_an_input_of_another_version_of_the_fold_is_not_taken(version: int) -> None:
    bench = Bench()
    with pytest.raises(AssertionError, match=f"fold version {version}, this is {FOLD_VERSION}"):
        bench.adopt("fold_version", {"version": version})
    assert (
        bench.adopt("fold_version", {"version": FOLD_VERSION}).fold.checkpoint.fold_version
        == FOLD_VERSION
    )


def test_facts_are_adopted_and_written_once() -> None:
    bench = Bench()
    effects = bench.fold.begin()
    bench.fold.adopt(bench.fold.next_input("course", DUE), effects)
    assert effects.facts == bench.fold.facts == {"c1": DUE}
    assert effects.changed == {}


def test_facts_change_the_states_of_those_whose_course_it_is() -> None:
    bench = Bench().send(
        enrolled(at(0)),
        enrolled(at(0), user="8", course_id="c2"),
        enrolled(at(0), user="9"),
        event("course_finished", at(1), user="9", outcome="passed"),
    )
    before = dict(bench.store.committed)
    effects = bench.fold.begin()
    bench.fold.adopt(bench.fold.next_input("course", DUE), effects)
    assert list(effects.changed) == [USER]
    bench._commit(effects)
    state = bench.learner()
    assert (state.steps, state.wake_at) == (2, PAST_DUE)
    assert {user for user, data in before.items() if bench.store.committed[user] != data} == {USER}


def test_facts_that_change_nothing_for_a_learner_are_no_step() -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)))
    effects = bench.fold.begin()
    bench.fold.adopt(bench.fold.next_input("course", DUE), effects)
    assert (effects.changed, bench.learner().steps) == ({}, 1)


def test_learners_are_judged_again_in_order_of_their_ids() -> None:
    bench = Bench(facts=course(pass_mark=10)).send(
        graded(at(1), 30, user="9"), graded(at(1), 30, user="8")
    )
    assert low_scores(bench) == []
    bench.adopt("course", course(pass_mark=50))
    assert low_scores(bench) == [("8", "raised"), ("9", "raised")]


@pytest.mark.parametrize(("days", "count"), [(14.9, 1), (15, 0)])
def test_what_is_judged_again_goes_by_the_newest_event_and_tick(days: float, count: int) -> None:
    """A low score's alert expires after 14 days: of an older one nothing is told."""
    by_event = Bench(facts=course(pass_mark=10)).send(graded(at(1), 30), viewed(at(days)))
    by_tick = Bench(facts=course(pass_mark=10)).send(graded(at(1), 30)).tick(at(days))
    for bench in (by_event, by_tick):
        bench.adopt("course", course(pass_mark=50))
        assert low_scores(bench) == [(USER, "suppressed")] * count


def test_a_new_configuration_is_judged_by_at_once() -> None:
    bench = Bench().send(graded(at(1), 70), graded(at(1), 70, user="8"))
    rules = {"low_score": {"default_pass_mark": 80}}
    bench.adopt("configuration", {"rules": rules})
    assert low_scores(bench) == [(USER, "raised"), ("8", "raised")]
    bench.send(graded(at(2), 75, "a2"))
    assert low_scores(bench)[2:] == [(USER, "raised")]


# -- what is counted -----------------------------------------------------------------------------


def test_every_record_is_counted_as_what_became_of_it() -> None:
    bench = Bench(defect=exploding).send(
        viewed(at(0), event_id="e1"),
        viewed(at(0), event_id="e1"),
        viewed(at(0), event_id="e1", user="8"),
        viewed(at(0), "p2", event_id="e1"),
        viewed(at(0), event_id="bad"),
        BAD,
        graded(at(100), 10, event_id="e2"),
        viewed(at(9), "p3", event_id="e3"),
        viewed(at(8), "p3", event_id="e4"),
    )
    assert bench.fold.checkpoint.counters == Counters(
        events=7, rejected=3, duplicates=1, defects=1, late_days=2, learners=2, raised=4
    )
    assert told(bench) == [
        (USER, "inactive_days", "suppressed"),
        (USER, "inactive_days", "updated"),
        (USER, "account_inactivity", "suppressed"),
        (USER, "low_score", "raised"),
    ], "what is suppressed counts as raised, and a change of it does not"
    assert bench.fold.checkpoint.next == 9
    assert [(each.reason, each.record.offset) for each in bench.letters] == [
        ("id_reused", 3),
        ("defect", 4),
        ("not_json", 5),
    ]
    assert bench.letters[1].detail == "RuntimeError"
    assert "other content" in bench.letters[0].detail


def test_an_event_that_may_be_one_that_was_forgotten_is_counted() -> None:
    bench = Bench().send(*[viewed(at(10, minutes=n), f"p{n}") for n in range(64)])
    bench.send(viewed(at(9.1)))
    assert bench.fold.checkpoint.counters.late_unchecked == 0
    bench.send(viewed(at(8), "p2"), viewed(at(7), "p3"))
    assert bench.fold.checkpoint.counters.late_unchecked == 2


def test_alerts_of_events_ticks_and_facts_are_counted_as_raised() -> None:
    bench = Bench(facts=DUE)
    for user in ("7", "8"):
        bench.send(enrolled(at(0), user=user), graded(at(1), 10, "a2", user=user))
    assert bench.fold.checkpoint.counters.raised == 2
    bench.tick(at(8))
    assert bench.fold.checkpoint.counters.raised == 4
    bench.adopt("course", course(pass_mark=5))
    assert bench.fold.checkpoint.counters.raised == len(bench.published) == 10


def test_a_batch_is_empty_where_nothing_is_to_be_written_but_the_record() -> None:
    assert Effects().empty
    value = Bench().fold.next_input("resume", {})
    assert not Effects(inputs=[value]).empty
    bench = Bench()
    effects = bench.fold.begin()
    bench.fold.fold([record(viewed())], effects)
    assert not Effects(changed=effects.changed).empty
    bench.fold.fold([record(b"{", 1)], effects)
    assert not Effects(dead_letters=effects.dead_letters).empty
    told_only = Effects(transitions=Bench().send(graded(at(0), 10)).published)
    assert not told_only.empty


def test_a_repeat_leaves_a_batch_empty() -> None:
    bench = Bench().send(viewed())
    effects = bench.fold.begin()
    bench.fold.fold([record(viewed(), 1)], effects)
    assert effects.empty


def test_an_offset_may_be_left_out_and_none_may_come_back() -> None:
    bench = Bench().send(viewed())
    bench.fold.fold([record(viewed(at(1)), 7)], bench.fold.begin())
    assert bench.fold.checkpoint.next == 8
    with pytest.raises(AssertionError, match="came back"):
        bench.fold.fold([record(viewed(at(2)), 7)], bench.fold.begin())
