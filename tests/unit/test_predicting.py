"""When something is predicted, what waits for its label, and what becomes of it."""

from datetime import datetime
from typing import Any, Final

import pytest

from domain.configuration import Configuration, Models
from domain.course_facts import Assessment, CourseFacts
from domain.examples import Example, Lesson
from domain.predictions import MODELS, TARGETS, Awaiting, Prediction, Target
from domain.state.learner import Learner
from domain.state.limits import AWAITING_MAX
from tests.factories import (
    START,
    Bench,
    at,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)
from tests.modelling import adopting, served, serving

DUE: Final = {"a1": 10, "a2": 24, "a3": 38, "a4": 60}
WEEK: Final = 7 * 86_400


def facts(due: dict[str, float] | None = None, **fields: Any) -> CourseFacts:
    """A course of 70 days, with essays of equal weight that are due on these days."""
    fields = {"starts_at": seconds(START), "ends_at": seconds(at(70)), "series": "c", **fields}
    return CourseFacts(
        course_id="c1",
        assessments=tuple(
            Assessment(id=name, title=name.upper(), kind="Essay", due_at=seconds(at(day)))
            for name, day in (DUE if due is None else due).items()
        ),
        **fields,
    )


def untaught(known: CourseFacts | None = None) -> Bench:
    """A learner who came before the course's start, where nothing is learned yet."""
    return Bench(facts=known or facts()).send(enrolled(at(-1)))


def taught(known: CourseFacts | None = None, **fields: Any) -> Bench:
    """The same with a snapshot that has learned enough."""
    bench = Bench(facts=known or facts(), snapshots=serving(served()), **fields)
    return adopting(bench).send(enrolled(at(-1)))


def shown(state: Learner, target: Target) -> list[Prediction]:
    return [each for each in state.predictions if TARGETS[each.target] == target]


def waiting(state: Learner, target: Target) -> list[Awaiting]:
    everything = [*state.awaiting, *(a for c in state.courses for a in c.awaiting)]
    return [each for each in everything if TARGETS[each.target] == target]


def told(bench: Bench, target: Target) -> list[Example]:
    return [e for lesson in bench.lessons for e in lesson.examples if e.target == target]


# -- when ------------------------------------------------------------------------------------------


def test_nothing_is_shown_before_anything_is_learned_but_weeks_wait_for_their_labels() -> None:
    bench = untaught().send(viewed(at(1)), viewed(at(15)))
    state = bench.learner()
    assert state.predictions == []
    assert [each.made_at for each in waiting(state, "not_passing")] == [
        seconds(at(7)),
        seconds(at(14)),
    ]
    assert all(each.shown is None and each.model == 0 for each in waiting(state, "not_passing"))


def test_a_learner_who_works_is_predicted_once_a_day_and_with_the_newest_snapshot() -> None:
    bench = taught().send(viewed(at(1)), viewed(at(1, 1)))
    first = bench.learner()
    assert first.predicted_at == seconds(at(1))
    assert {TARGETS[each.target] for each in first.predictions} == set(MODELS)
    assert {each.model for each in first.predictions} == {1}
    assert bench.send(viewed(at(2))).learner().predicted_at == seconds(at(2))


@pytest.mark.parametrize("back", [at(1, 20), at(4)], ids=["another day", "after days of silence"])
def test_a_day_that_begins_without_work_keeps_what_is_said_of_work(back: datetime) -> None:
    state = taught().send(viewed(at(1)), event("session_started", back)).learner()
    assert state.predicted_at == seconds(back)
    assert {each.made_at for each in shown(state, "score")} == {seconds(at(1))}
    assert {each.made_at for each in shown(state, "inactivity_7")} == {seconds(back)}


def test_what_work_changes_is_predicted_again_at_once() -> None:
    bench = taught().send(viewed(at(1)))
    assert [each.assessment for each in shown(bench.learner(), "score")] == ["a1"]
    after = bench.send(submitted(at(1, 2))).learner()
    assert after.predicted_at == seconds(at(1, 2))
    assert [each.assessment for each in shown(after, "score")] == ["a2"]
    assert [each.assessment for each in shown(after, "submission")] == ["a2", "a3", "a4"]


def test_a_silent_learner_is_predicted_at_the_weeks_of_the_course_and_at_deadlines() -> None:
    bench = taught().send(viewed(at(1)))
    moments = set()
    for day in range(2, 30):
        moments.add(bench.tick(at(day)).learner().predicted_at)
    expected = {seconds(at(1)), *(seconds(at(7 * n)) for n in (1, 2, 3, 4))}
    deadlines = {seconds(at(10)) + 1, seconds(at(24)) + 1}
    label_is_known = {seconds(at(17))}
    assert moments == expected | deadlines | label_is_known, "and at no timer of a rule"


@pytest.mark.parametrize("ending", ["unenrolled", "course_finished"])
def test_who_is_in_no_course_gets_no_stale_prediction(ending: str) -> None:
    fields = {"outcome": "passed"} if ending == "course_finished" else {}
    state = taught().send(viewed(at(1)), event(ending, at(2), **fields)).learner()
    assert (state.predictions, state.wake_at) == (
        [],
        0 if ending == "course_finished" else state.wake_at,
    )


def test_nothing_is_predicted_before_a_course_begins_or_after_it_is_over() -> None:
    assert taught().send(viewed(at(-0.5))).learner().predictions == []
    over = taught().send(viewed(at(71)))
    assert over.learner().predictions == []
    assert shown(taught().send(viewed(at(66))).learner(), "inactivity_7") == []
    assert shown(taught().send(viewed(at(60))).learner(), "inactivity_14") == []
    assert len(shown(taught().send(viewed(at(60))).learner(), "inactivity_7")) == 1


def test_of_a_course_without_dates_only_silence_is_predicted_and_not_for_ever() -> None:
    bare = CourseFacts(course_id="c1")
    bench = taught(bare).send(viewed(at(1)))
    assert {TARGETS[e.target] for e in bench.learner().predictions} == {
        "inactivity_7",
        "inactivity_14",
    }
    long_silent = bench.tick(at(200)).learner()
    assert long_silent.predictions == []
    assert long_silent.wake_at == 0
    assert bench.send(viewed(at(201))).learner().wake_at > 0


def test_a_model_that_is_switched_off_shows_nothing_and_learns_all_the_same() -> None:
    off = Configuration(models=Models(not_passing=False, score=False))
    bench = taught(configuration=off)
    bench.adopt("configuration", off).send(viewed(at(1)), viewed(at(8)))
    state = bench.learner()
    assert shown(state, "not_passing") == shown(state, "score") == []
    assert len(shown(state, "inactivity_7")) == 1
    assert [each.shown for each in waiting(state, "not_passing")] == [None]


def test_a_snapshot_of_a_lockstep_replay_is_adopted_after_what_was_due_before() -> None:
    known = serving(served(), served(2))
    bench = adopting(Bench(facts=facts(), snapshots=known, clock="stream"))
    bench.send(enrolled(at(-1)), viewed(at(1)))
    bench.adopt("model", {"number": 2, "at": seconds(at(8))})
    state = bench.learner()
    assert (state.predicted_at, {each.model for each in state.predictions}) == (
        seconds(at(7)),
        {1},
    )
    assert {each.model for each in bench.send(viewed(at(8))).learner().predictions} == {2}
    assert bench.fold.checkpoint.model == 2


# -- labels ----------------------------------------------------------------------------------------


def test_a_week_of_silence_is_known_a_week_later() -> None:
    silent = untaught().send(viewed(at(1))).tick(at(40))
    labels = [(e.made_at, e.label) for e in told(silent, "inactivity_7")]
    assert labels == [(seconds(at(7 * n)), 1) for n in (1, 2, 3, 4)]
    busy = untaught().send(*[viewed(at(day)) for day in (1, 9, 22)]).tick(at(40))
    assert [e.label for e in told(busy, "inactivity_7")] == [0, 1, 0, 1]
    assert [e.label for e in told(busy, "inactivity_14")] == [0, 0, 0]


def test_work_on_the_day_of_the_prediction_or_after_the_window_breaks_no_silence() -> None:
    bench = untaught().send(viewed(at(1)), viewed(at(7, 2)), viewed(at(15))).tick(at(16))
    assert [e.label for e in told(bench, "inactivity_7")] == [1]
    on_the_last_day = untaught().send(viewed(at(1)), viewed(at(14, -1))).tick(at(16))
    assert [e.label for e in told(on_the_last_day, "inactivity_7")] == [0]


def test_heavy_work_is_missing_a_week_after_its_due_time() -> None:
    def labels(*events: dict[str, Any]) -> list[tuple[str | None, int]]:
        bench = untaught().send(*events).tick(at(33))
        return [(e.assessment, e.label) for e in told(bench, "next_missing")]

    assert labels() == [("a1", 1), ("a2", 1), ("a2", 1)]
    assert labels(submitted(at(8))) == [("a1", 0), ("a2", 1), ("a2", 1)]
    assert labels(submitted(at(17))) == [("a1", 0), ("a2", 1), ("a2", 1)]
    assert labels(submitted(at(17.5))) == [("a1", 1), ("a2", 1), ("a2", 1)]


def test_work_that_is_excused_is_no_label_and_an_extension_moves_it() -> None:
    excused = event("assessment_excused", at(8), assessment_id="a1", excused=True)
    bench = untaught().send(excused).tick(at(20))
    assert told(bench, "next_missing") == []
    later = event("deadline_extended", at(8), assessment_id="a1", due_at=at(13).isoformat())
    bench = untaught().send(later).tick(at(19.9))
    assert told(bench, "next_missing") == []
    assert [e.label for e in told(bench.tick(at(20.1)), "next_missing")] == [1]


def test_a_submission_and_a_score_are_judged_by_what_was_shown_before_them() -> None:
    bench = taught().send(viewed(at(1)))
    (before,) = [e for e in shown(bench.learner(), "submission") if e.assessment == "a1"]
    bench.send(submitted(at(9)))
    (example,) = told(bench, "submission")
    assert (example.assessment, example.kind, example.slot) == ("a1", "essay", 1)
    assert example.label == -10
    assert (example.made_at, example.features, example.shown) == (
        seconds(at(7)),
        before.features,
        before.shown,
    )
    (score,) = waiting(bench.learner(), "score")
    bench.send(graded(at(12), 81.5))
    (example,) = told(bench, "score")
    assert (example.label, example.made_at, example.features) == (
        815,
        seconds(at(9)),
        score.features,
    )
    assert waiting(bench.learner(), "score") == []


def test_a_score_without_a_submission_is_judged_by_the_state_before_it() -> None:
    bench = taught().send(viewed(at(1)), graded(at(2), 60))
    (example,) = told(bench, "score")
    assert (example.label, example.made_at) == (600, seconds(at(2)))
    assert example.features[-2:] == [0, 99]  # no score before it, nothing submitted


NO_LABELS: Final[dict[str, list[dict[str, Any]]]] = {
    "of work that the course does not know": [graded(at(2), 60, "a9"), submitted(at(2), "a9")],
    "that was carried over": [graded(at(2), 60, banked=True)],
    "for work that was never submitted": [graded(at(2), 0, missing=True)],
    "of which nothing came": [graded(at(2), None)],
    "after the course was left": [event("unenrolled", at(1.5)), graded(at(2), 60)],
    "that comes late": [viewed(at(3)), graded(at(2), 60)],
}


@pytest.mark.parametrize("which", NO_LABELS)
def test_what_no_reader_saw_predicted_is_no_label(which: str) -> None:
    bench = taught().send(viewed(at(1)), *NO_LABELS[which])
    assert told(bench, "score") == told(bench, "submission") == []


def test_a_submission_before_the_start_is_carried_over_and_no_label() -> None:
    assert told(taught().send(submitted(at(-0.5))), "submission") == []


def test_a_second_grade_or_submission_is_no_second_label() -> None:
    bench = taught().send(submitted(at(9)), graded(at(12), 81), graded(at(13), 90))
    bench.send(submitted(at(14)), graded(at(15), 95, attempt=2))
    assert [e.label for e in told(bench, "score")] == [810]
    assert len(told(bench, "submission")) == 1


def test_a_score_after_leaving_is_no_label_and_one_after_coming_back_is() -> None:
    bench = untaught().send(submitted(at(9)), event("unenrolled", at(10)), graded(at(12), 81))
    assert told(bench, "score") == []
    bench.send(enrolled(at(13)), submitted(at(14), "a2"), graded(at(15), 64, "a2"))
    assert [(e.assessment, e.label) for e in told(bench, "score")] == [("a2", 640)]


def test_a_course_of_one_assessment_has_its_predictions_until_it_is_submitted() -> None:
    bench = taught(facts({"a1": 20})).send(viewed(at(1)))
    of_work: tuple[Target, ...] = ("score", "submission", "next_missing")
    for target in of_work:
        assert [each.assessment for each in shown(bench.learner(), target)] == ["a1"], target
    assert len(shown(bench.learner(), "not_passing")) == 1
    after = bench.send(submitted(at(9))).learner()
    for target in of_work:
        assert shown(after, target) == [], target
    assert len(shown(after, "not_passing")) == 1


def test_an_outcome_tells_every_week_of_the_course_at_once() -> None:
    groups = {"age_band": "0-35"}
    bench = Bench(facts=facts()).send(enrolled(at(-1), groups=groups), viewed(at(30)))
    bench.send(event("course_finished", at(90), outcome="failed"))
    lesson = bench.lessons[-1]
    assert (lesson.outcome, lesson.series, lesson.groups) == (1, "c", groups)
    assert [(e.made_at, e.label) for e in lesson.examples] == [
        (seconds(at(7 * week)), 1) for week in range(1, 10)
    ]
    assert waiting(bench.learner(), "not_passing") == []


def test_who_left_is_no_label_before_the_outcome() -> None:
    bench = untaught().send(viewed(at(8)), event("unenrolled", at(9)))
    assert told(bench, "not_passing") == []
    bench.send(event("course_finished", at(90), outcome="withdrawn"))
    assert [e.label for e in told(bench, "not_passing")] == [1]


def test_the_first_outcome_counts_whatever_comes_later() -> None:
    bench = untaught().send(viewed(at(8)))
    bench.send(event("course_finished", at(80), outcome="passed"))
    bench.send(event("course_finished", at(81), outcome="failed"))
    bench.send(event("course_finished", at(82), outcome="passed"))
    assert [lesson.outcome for lesson in bench.lessons if lesson.outcome is not None] == [0]


def test_an_outcome_of_a_learner_never_seen_counts_and_teaches_nothing() -> None:
    bench = Bench(facts=facts()).send(event("course_finished", at(80), outcome="failed"))
    assert bench.lessons == [
        Lesson(
            user_id="7",
            at=seconds(at(80)),
            course_id="c1",
            series="c",
            outcome=1,
        )
    ]


def test_what_waits_is_bounded_and_counted() -> None:
    known = facts(ends_at=seconds(at(7 * 60)))
    bench = untaught(known).tick(at(7 * 59))
    state = bench.learner()
    assert len(state.courses[0].awaiting) <= AWAITING_MAX
    assert state.overflow.awaiting > 0
    kept = [each.made_at for each in waiting(state, "not_passing")]
    assert kept[0] == seconds(at(7))
    assert kept[-1] == seconds(at(7 * 58))
    assert kept == sorted(kept)


# -- leakage ---------------------------------------------------------------------------------------


def day_by_day() -> list[dict[str, Any]]:
    """Two months of a learner: work, submissions late and in time, grades, silence."""
    found: list[dict[str, Any]] = [
        viewed(at(day, n), f"p{day}") for n, day in enumerate((1, 2, 5, 12, 13, 30))
    ]
    for name, day in DUE.items():
        found += [submitted(at(day + 1), name), graded(at(day + 3), 40 + day, name)]
    return sorted(found, key=lambda each: str(each["occurred_at"]))


def frozen(events: list[dict[str, Any]], until: datetime) -> list[Example]:
    """What was frozen by then, and is known much later."""
    bench = taught().send(*events)
    bench.send(viewed(at(69), "last")).tick(at(90))
    bench.send(event("course_finished", at(95), outcome="passed"))
    return [e for lesson in bench.lessons for e in lesson.examples if e.made_at <= seconds(until)]


@pytest.mark.parametrize("day", [8, 15, 29, 40])
def test_no_feature_changes_when_later_events_are_taken_away(day: int) -> None:
    events = day_by_day()
    earlier = [e for e in events if datetime.fromisoformat(str(e["occurred_at"])) <= at(day)]
    whole, part = (
        {(e.target, e.assessment, e.made_at): (e.features, e.shown) for e in frozen(each, at(day))}
        for each in (events, earlier)
    )
    common = whole.keys() & part.keys()
    assert {target for target, _, _ in common} >= {"not_passing", "inactivity_7", "next_missing"}
    assert {key: whole[key] for key in common} == {key: part[key] for key in common}
