"""How a learner stands in a course, which courses run, and what there is before any model."""

from typing import Any

import pytest

from domain.course_facts import Assessment, CourseFacts
from domain.engaged import FORGOTTEN_AFTER
from domain.examples import Example, Lesson, shuffled
from domain.keepers.standing import standing
from domain.predicting.running import open_courses
from domain.predictions import Figure
from domain.rules.speaking import how_it_ended, risk_evidence
from domain.scoring import NoModels, Scorer, Slot, no_snapshots
from domain.state.course import Course
from domain.state.limits import NEVER
from tests.factories import START, Bench, at, enrolled, event, graded, seconds, submitted, viewed

FACTS = CourseFacts(
    course_id="c1",
    starts_at=seconds(START),
    ends_at=seconds(at(70)),
    assessments=(
        Assessment(id="late", due_at=seconds(at(20)), weight=30.0),
        Assessment(id="soon", due_at=seconds(at(10)), weight=70.0),
        Assessment(id="open", weight=100.0),
        Assessment(id="light", due_at=seconds(at(5)), weight=0.0),
    ),
)


def course(*events: dict[str, Any]) -> Course:
    (found,) = Bench(facts=FACTS).send(enrolled(at(-1)), *events).learner().courses
    return found


def heavy(*events: dict[str, Any]) -> list[str]:
    return [each.assessment.id for each in standing(course(*events), FACTS).heavy]


def excused(name: str) -> dict[str, Any]:
    return event("assessment_excused", at(2), assessment_id=name, excused=True)


def extended(name: str, day: float) -> dict[str, Any]:
    return event("deadline_extended", at(2), assessment_id=name, due_at=at(day).isoformat())


# -- standing --------------------------------------------------------------------------------------


def test_what_weighs_and_has_a_due_time_stands_in_order_of_that() -> None:
    assert heavy() == ["soon", "late"]
    shares = [each.share for each in standing(course(), FACTS).heavy]
    assert shares[0] > shares[1] > 0


def test_what_is_excused_is_not_asked_and_what_is_extended_is_due_at_the_learners_own_time() -> (
    None
):
    assert heavy(excused("soon")) == ["late"]
    assert heavy(extended("soon", 30)) == ["late", "soon"]
    assert heavy(extended("open", 15)) == ["soon", "open", "late"]
    assert heavy(extended("light", 15)) == ["soon", "late"]


def test_only_a_first_submission_by_then_counts_and_open_work_is_next_until_its_due_time() -> None:
    (soon, _) = standing(course(submitted(at(8), "soon"), submitted(at(9), "soon")), FACTS).heavy
    assert soon.submitted_at == seconds(at(8))
    assert [soon.submitted_by(seconds(at(day))) for day in (7, 8, 9)] == [False, True, True]
    assert [soon.is_next(seconds(at(day))) for day in (7, 8)] == [True, False]
    (soon, _) = standing(course(), FACTS).heavy
    assert [soon.is_next(seconds(at(10)) + late) for late in (0, 1)] == [True, False]


def test_lateness_is_known_of_what_was_submitted_here_and_had_a_due_time() -> None:
    made = standing(
        course(
            submitted(at(12), "soon"),
            submitted(at(4), "late"),
            submitted(at(5), "open"),
            submitted(at(6), "unknown"),
            extended("unknown", 30),
        ),
        FACTS,
    )
    lates = [(each.at, each.due_at) for each in made.lateness]
    assert lates == [
        (seconds(at(4)), seconds(at(20))),
        (seconds(at(6)), seconds(at(30))),
        (seconds(at(12)), seconds(at(10))),
    ]
    assert made.submitted_at == seconds(at(12))


def test_work_that_was_carried_over_is_submitted_but_neither_late_nor_early() -> None:
    made = standing(course(graded(at(3), 60, "soon", banked=True)), FACTS)
    assert made.lateness == []
    assert standing(course(), FACTS).submitted_at == NEVER


# -- courses that run ------------------------------------------------------------------------------


def test_a_course_runs_until_its_end_and_without_one_until_its_learner_is_forgotten() -> None:
    state = Bench(facts=FACTS).send(enrolled(at(-1)), viewed(at(1))).learner()
    end, forgotten = seconds(at(70)), seconds(at(1)) + FORGOTTEN_AFTER
    for known, over_at in (({"c1": FACTS}, end), ({}, forgotten)):
        (running,) = open_courses(state, known, over_at - 1)
        assert running.over_at == over_at
        assert open_courses(state, known, over_at) == []
    (unknown,) = open_courses(state, {}, seconds(at(2)))
    assert (unknown.begins_at, unknown.standing.heavy) == (seconds(at(-1)), [])


def test_who_left_is_in_no_course_that_runs_and_the_first_to_begin_is_first() -> None:
    bench = Bench(facts=FACTS).send(
        enrolled(at(3), course_id="c3"), enrolled(at(2), course_id="c2"), enrolled(at(4))
    )
    state, now = bench.learner(), seconds(at(5))
    order = [each.course.course_id for each in open_courses(state, {"c1": FACTS}, now)]
    assert order == ["c1", "c2", "c3"]
    state = bench.send(event("unenrolled", at(6), course_id="c2")).learner()
    order = [each.course.course_id for each in open_courses(state, {}, now)]
    assert order == ["c3", "c1"]


# -- before any model, and in words ----------------------------------------------------------------


def test_before_anything_is_learned_every_answer_is_that_nothing_is_known() -> None:
    scorer: Scorer = no_snapshots(0)
    slot = Slot("c1", "a1", "c1", None, 0)
    assert (scorer.number, scorer.expected_score(slot), scorer.base_rate("c1", "c1")) == (
        0,
        None,
        None,
    )
    assert (scorer.score_prior(slot), scorer.submission_prior(slot)) == (70.0, 0.0)
    assert scorer.probability("not_passing", []) is None
    assert scorer.contributions("not_passing", []) == []
    assert scorer.amount("score", [], "c1", None) is None
    assert isinstance(scorer, NoModels)


def test_a_snapshot_that_was_never_loaded_is_a_defect() -> None:
    with pytest.raises(KeyError):
        no_snapshots(1)


def test_an_alert_about_a_course_that_is_not_kept_any_more_was_a_mistake() -> None:
    assert how_it_ended(None) == "corrected"
    assert how_it_ended(course()) == "cleared"
    assert how_it_ended(course(event("unenrolled", at(3)))) == "unenrolled"
    finished = event("course_finished", at(3), outcome="passed")
    assert how_it_ended(course(finished)) == "course_finished"


def test_evidence_stands_beside_what_is_usual_where_that_is_known() -> None:
    for naive, baseline in ((None, None), (412, 41.2)):
        made = risk_evidence("probability_missing", Figure(731, naive), 0.5)
        assert (made.value, made.baseline, made.threshold) == (73.1, baseline, 50.0)


def test_examples_are_shuffled_within_a_day_and_by_nothing_but_what_they_are() -> None:
    def place(user: str, at: int, course_id: str | None = "c1") -> tuple[object, ...]:
        example = Example("score", "a1", None, 0, 5, 0, [], 0)
        return shuffled(Lesson(user_id=user, at=at, course_id=course_id), example)

    assert place("7", 100) == place("7", 200)
    assert place("7", 86_399) < place("1", 86_400)
    users = [str(number) for number in range(20)]
    assert sorted(users, key=lambda user: place(user, 0)) != users
    assert place("7", 0, None) != place("7", 0)
