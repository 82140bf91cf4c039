"""What the fold promises, whatever the batches are."""

import random
from datetime import timedelta
from typing import Any

import pytest

from domain.configuration import Configuration, Halting, adopted
from domain.events.activity import AnyEvent
from domain.fold.reacting import react
from domain.state.learner import Learner
from domain.state.limits import FINISHED_MAX
from domain.step import Step
from domain.stored import codec
from domain.stored.checkpoint import FOLD_VERSION, ClockMode
from tests.factories import (
    START,
    USER,
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    record,
    seconds,
    submitted,
    viewed,
)


def a_history() -> list[dict[str, Any]]:
    events = [enrolled(at(0))]
    for day in range(30):
        events += [
            viewed(at(day, 1), f"page-{day}", duration_seconds=600),
            completed(at(day, 2), f"m{day + 1}"),
            submitted(at(day, 3), f"a{day % 6}"),
            graded(at(day, 4), 90 - day * 2, f"a{day % 6}"),
        ]
    return events


def test_i1_a_repeated_event_changes_nothing() -> None:
    once = Bench().send(viewed())
    before = once.store.committed[USER]
    once.send(viewed())
    assert once.store.committed[USER] == before
    assert once.fold.checkpoint.counters.duplicates == 1


def test_i1_a_repeat_within_64_events_is_found() -> None:
    bench = Bench().send(*[viewed(at(minutes=n), f"page-{n}") for n in range(64)])
    steps = bench.learner().steps
    bench.send(viewed(at(minutes=0), "page-0"))
    assert bench.learner().steps == steps


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 8))]
)
@pytest.mark.parametrize("clock", ["wall", "stream"])
def test_i2_states_and_alerts_do_not_depend_on_batches(seed: int, clock: ClockMode) -> None:
    facts = course(modules=40, assessments={f"a{n}": at(n * 3) for n in range(8)})
    events = [e | {"user_id": u} for e in a_history() for u in (1, 2, 3)]
    for n, item in enumerate(events):
        item["event_id"] = f"e{n}"
    whole = Bench(clock=clock, facts=facts).send(*events)
    pieces = Bench(clock=clock, facts=facts)
    rng = random.Random(seed)
    rest = list(events)
    while rest:
        size = rng.randint(1, 40)
        pieces.send(*rest[:size])
        rest = rest[size:]
    assert pieces.store.committed == whole.store.committed
    assert pieces.published == whole.published
    assert codec.encode_checkpoint(pieces.fold.checkpoint) == codec.encode_checkpoint(
        whole.fold.checkpoint
    )
    assert len(whole.published) > 20


def test_a_defect_about_one_event_leaves_the_others_of_the_batch() -> None:
    def explode(item: AnyEvent) -> None:
        if item.event_id == "bad":
            raise RuntimeError("a defect")

    good = [viewed(at(minutes=n), f"page-{n}") for n in range(4)]
    bad = viewed(at(minutes=2), "page-x", event_id="bad")
    bench = Bench(defect=explode).send(good[0], good[1], bad, good[2], good[3])
    clean = Bench().send(*good)
    assert bench.store.committed == clean.store.committed
    assert [(letter.reason, letter.record.offset) for letter in bench.letters] == [("defect", 2)]


def test_a_defect_keeps_what_an_input_of_its_batch_made_of_the_state() -> None:
    def explode(item: AnyEvent) -> None:
        if item.event_id == "bad":
            raise RuntimeError("a defect")

    facts = course(assessments={"a1": at(5)})
    separate = Bench(defect=explode).send(enrolled(at(0)))
    separate.adopt("course", facts).send(viewed(at(1), event_id="bad"), viewed(at(2)))
    together = Bench(defect=explode).send(enrolled(at(0)))
    effects = together.fold.begin()
    together.fold.adopt(together.fold.next_input("course", facts), effects)
    records = [record(viewed(at(1), event_id="bad"), 1), record(viewed(at(2)), 2)]
    together.fold.fold(records, effects)
    together._commit(effects)
    assert together.learner().wake_at == seconds(at(5)) + 1
    assert together.store.committed == separate.store.committed


def test_a_defect_in_an_input_is_isolated_per_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = course(assessments={"a1": at(5)})
    bench = Bench().send(enrolled(at(0), user="7"), enrolled(at(0), user="8"))
    clean = Bench().send(enrolled(at(0), user="7"), enrolled(at(0), user="8"))
    clean.adopt("course", facts)

    def explode(state: Learner, step: Step) -> None:
        if state.user_id == "7":
            raise RuntimeError("a defect")
        react(state, step)

    before = bench.store.committed["7"]
    monkeypatch.setattr("domain.fold.advance.react", explode)
    bench.adopt("course", facts)
    assert bench.store.committed["7"] == before
    assert bench.store.committed["8"] == clean.store.committed["8"]
    assert bench.fold.checkpoint.counters.defects == 1


def test_a_defect_takes_its_own_alerts_back_and_no_others() -> None:
    def explode(item: AnyEvent) -> None:
        if item.event_id == "bad":
            raise RuntimeError("a defect")

    bench = Bench(defect=explode).send(
        graded(at(1), 10), viewed(at(2), event_id="bad"), graded(at(3), 20, "a2")
    )
    assert [kind for kind, *_ in bench.alerts()] == ["low_score", "low_score"]


def test_i8_the_wall_clock_of_a_partition_never_goes_back() -> None:
    bench = Bench().send(record(viewed(at(1)), arrived=at(1)))
    bench.send(record(viewed(at(0)), arrived=at(0)))
    assert bench.fold.checkpoint.clock == seconds(at(1))


def test_the_stream_clock_is_the_highest_event_time() -> None:
    bench = Bench(clock="stream").send(viewed(at(2)), viewed(at(1), "page-2"))
    assert bench.fold.checkpoint.clock == seconds(at(2))


def test_ten_thousand_bad_ones_in_a_row_halt_the_partition_until_it_is_resumed() -> None:
    bench = Bench(configuration=Configuration(halting=Halting(in_a_row=50)))
    bench.send(*[record(b"{", n) for n in range(80)])
    assert bench.fold.checkpoint.halted is not None
    assert bench.fold.checkpoint.halted.code == 65
    assert bench.fold.checkpoint.next == 50
    assert len(bench.letters) == 50
    bench.adopt("resume", {})
    bench.send(viewed())
    assert bench.learner().steps == 1


def test_more_than_the_ratio_of_the_last_ten_thousand_halts() -> None:
    configuration = Configuration(halting=Halting(ratio=0.3, in_a_row=100_000))
    bench = Bench(configuration=configuration)
    items = [
        record(b"{") if n % 3 else record(viewed(at(minutes=n), event_id=f"e{n}"))
        for n in range(10_050)
    ]
    bench.send(*items)
    assert bench.fold.checkpoint.halted is not None
    assert bench.fold.checkpoint.next == 10_000


def test_inputs_are_numbered_and_one_left_out_is_noticed() -> None:
    bench = Bench().adopt("fold_version", {"version": FOLD_VERSION})
    value = bench.fold.next_input("tick", {"at": seconds(START)})
    bench.fold.checkpoint.inputs += 1
    with pytest.raises(AssertionError, match="left out"):
        bench.fold.adopt(value, bench.fold.begin())


def test_the_record_holds_the_configuration_that_is_adopted() -> None:
    configuration = Configuration(timezone="Europe/Berlin")
    bench = Bench().adopt("configuration", configuration)
    assert bench.fold.configuration == configuration
    assert adopted(bench.fold.checkpoint.configuration) == configuration
    assert adopted("") == Configuration()


def test_a_late_event_counts_on_its_own_day() -> None:
    bench = Bench().send(viewed(at(10)), viewed(at(3), "page-2"))
    assert [(d.activities) for d in bench.learner().days] == [1, 1]
    assert bench.learner().days[0].day < bench.learner().days[1].day


def test_an_event_older_than_ninety_days_is_counted_as_such() -> None:
    bench = Bench().send(viewed(at(100)), viewed(at(1), "page-2"))
    assert len(bench.learner().days) == 1
    assert bench.learner().overflow.late_days == 1
    assert bench.fold.checkpoint.counters.late_days == 1


@pytest.mark.long
def test_i7_a_state_stays_small_whatever_comes() -> None:
    bench = Bench(facts=course(modules=300))
    for week in range(30):
        bench.send(
            *[
                event(
                    "content_viewed",
                    at(week * 7 + n % 7, n / 60),
                    content_id=f"content-{week}-{n}",
                    content_kind=f"kind-{n}",
                    course_id=f"course-{n % 12}",
                    duration_seconds=400,
                )
                for n in range(80)
            ],
            *[completed(at(week * 7, 3), f"m{week * 10 + n}") for n in range(10)],
            *[submitted(at(week * 7, 4), f"a{week * 4 + n}") for n in range(4)],
            *[
                event(
                    "question_answered",
                    at(week * 7, 5),
                    question_id=f"q{n}",
                    correct=True,
                    skills=[f"skill-{week}-{n}"],
                )
                for n in range(4)
            ],
            *[
                event(
                    "goal_set",
                    at(week * 7, 6),
                    goal_id=f"g{week}-{n}",
                    metric="weekly_minutes",
                    target=10,
                )
                for n in range(2)
            ],
        )
    assert len(bench.store.committed[USER]) <= 16_384
    overflow = bench.learner().overflow
    assert overflow.courses
    assert overflow.skills
    assert overflow.goals


def test_i7_a_day_remembers_64_submissions_and_counts_the_rest() -> None:
    events = [submitted(at(minutes=n), f"a{n}") for n in range(100)]
    bench = Bench().send(*events)
    assert len(bench.learner().days[0].submitted) == 64
    assert bench.learner().overflow.assessments >= 36


def test_a_state_that_waits_for_nothing_is_not_woken() -> None:
    bench = Bench().send(event("session_started"))
    steps = bench.learner().steps
    bench.tick(START + timedelta(days=400))
    assert bench.learner().steps == steps


@pytest.mark.timeout(300)
@pytest.mark.long
def test_i2_a_large_state_does_not_depend_on_batches_either() -> None:
    events = [
        submitted(at(day, hour), f"assessment-{day}-{hour}", course_id=f"course-{hour % 8}")
        for day in range(89)
        for hour in range(40)
    ]
    whole = Bench().send(*events)
    pieces = Bench()
    for first in range(0, len(events), 7):
        pieces.send(*events[first : first + 7])
    assert whole.learner().overflow.days
    assert pieces.store.committed == whole.store.committed
    assert len(whole.store.committed[USER]) <= 16_384


# -- what is let go ------------------------------------------------------------------------------


def a_finished_course(*behind: dict[str, Any]) -> Bench:
    """Six scores, an outcome on day 7, what came behind it, and something else 91 days later."""
    scores = [graded(at(day), 50 + day, f"a{day}") for day in range(6)]
    done = event("course_finished", at(7), outcome="passed")
    bench = Bench().send(enrolled(at(-1)), *scores, done, *behind)
    bench.send(viewed(at(98), course_id="c2"))
    assert bench.letters == []
    return bench


def test_of_a_course_that_finished_long_ago_the_last_figures_stay() -> None:
    state = a_finished_course().learner()
    assert [course.course_id for course in state.courses] == ["c2"]
    assert [(c.course_id, c.average_score) for c in state.finished] == [("c1", 52.5)]
    assert (state.best_gone, state.scores_gone, state.overflow.finished) == (55.0, 6, 0)


def test_what_came_behind_the_end_of_a_course_that_is_let_go_is_counted() -> None:
    late = [graded(at(8), 90, "a0"), submitted(at(9), "a7"), completed(at(10), "m1")]
    assert a_finished_course(*late).learner().overflow.finished == 3


def test_of_finished_courses_sixteen_are_kept_and_the_rest_counted() -> None:
    bench = Bench()
    for number in range(FINISHED_MAX + 2):
        name = f"c{number}"
        done = event("course_finished", at(number, 1), course_id=name, outcome="passed")
        bench.send(enrolled(at(number), course_id=name), done)
    state = bench.learner()
    assert [course.course_id for course in state.finished] == [
        f"c{number}" for number in range(2, FINISHED_MAX + 2)
    ]
    assert state.overflow.finished == 2
