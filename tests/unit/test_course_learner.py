"""One learner in one course, for instructors: the learner's own figures, and nothing of others."""

import re
from dataclasses import replace
from typing import Any

import msgspec

from domain.course_facts import Assessment, CourseFacts
from domain.keepers.courses import find_course
from metrics.course_learner import (
    course_work,
    daily_activities,
    expected_progress,
    in_third_person,
    learner_forecast,
    learner_progress,
    only,
)
from metrics.figures import sentence
from metrics.predictions import predictive_analytics
from metrics.progress_summary import progress_summary
from metrics.view import View
from tests.factories import Bench, at, course, enrolled, event, graded, seconds, submitted, viewed
from tests.modelling import adopting, models_of, served, serving
from tests.viewing import view

NUMBER = 3
STATISTICS = CourseFacts(
    course_id="c1",
    title="Statistics",
    starts_at=seconds(at(0)),
    ends_at=seconds(at(90)),
    pass_mark=50,
    assessments=tuple(
        Assessment(id=f"a{n}", title=f"Essay {n}", kind="essay", due_at=seconds(at(10 * n)))
        for n in range(1, 6)
    ),
)
SECOND_PERSON = re.compile(r"\b(you|your|yours)\b", re.IGNORECASE)


def learner(*more: dict[str, Any], facts: CourseFacts | None = STATISTICS) -> Bench:
    """Who has submitted the first of five essays, is in another course too, and is predicted."""
    bench = Bench(facts=facts, snapshots=serving(served(NUMBER)))
    adopting(bench, NUMBER).send(enrolled(at(0)), viewed(at(0)))
    elsewhere = {"course_id": "c2"}
    bench.send(enrolled(at(0), **elsewhere), graded(at(9), 99, "b1", **elsewhere))
    bench.send(event("goal_set", at(1), goal_id="g", metric="weekly_minutes", target=9))
    return bench.send(submitted(at(9), "a1"), graded(at(10), 45, "a1"), viewed(at(12)), *more)


def shown(bench: Bench, day: float = 13) -> View:
    """The view of the first course alone."""
    looked = view(bench, at(day), models=models_of(served(NUMBER), adopted=NUMBER))
    found = find_course(looked.state, "c1")
    assert found is not None
    return replace(looked, state=only(looked.state, found))


def test_nothing_of_another_course_is_left() -> None:
    alone = shown(learner()).state
    data = msgspec.json.encode(msgspec.to_builtins((alone.courses, alone.alerts)))
    assert b'"c2"' not in data
    assert {each.course_id for each in alone.predictions} == {"c1"}
    assert (alone.course_ids, alone.finished, alone.goals, alone.recent) == (["c1"], [], [], [])


def test_progress_is_that_of_the_learners_own_page() -> None:
    bench = learner()
    mine = {each.course_id: each for each in progress_summary(view(bench, at(13))).courses}["c1"]
    told = learner_progress(shown(bench))
    assert (told.progress, told.average_score, told.expected_progress) == (20, 45, 20)
    for name in type(told).__dataclass_fields__:
        assert getattr(told, name) == getattr(mine, name), name


def test_work_stands_in_order_of_its_due_time_with_the_learners_own_terms() -> None:
    later = event("deadline_extended", at(11), assessment_id="a2", due_at=at(60).isoformat())
    excused = event("assessment_excused", at(11), assessment_id="a3", excused=True)
    found = course_work(shown(learner(later, excused, submitted(at(12), "extra"))))
    assert [each.assessment_id for each in found] == ["a1", "a3", "a4", "a5", "a2", "extra"]
    first, third, *_, second, extra = found
    assert (first.title, first.score, first.submitted_at) == ("Essay 1", 45, "2024-03-13T09:00:00Z")
    assert (third.excused, second.due_at) == (True, "2024-05-03T09:00:00Z")
    assert (extra.title, extra.kind, extra.due_at, extra.heavy) == (None, None, None, False)
    assert extra.submitted_at is not None


def test_without_facts_only_what_was_done_is_known() -> None:
    found = course_work(shown(learner(facts=None)))
    assert [(each.assessment_id, each.required) for each in found] == [("a1", True)]


def test_the_days_end_with_today_and_are_gap_filled() -> None:
    assert daily_activities(shown(learner())) == [*[0] * 14, 1, *[0] * 8, 1, 0, 0, 1, 0]


def test_the_forecast_is_the_learners_own_in_the_third_person() -> None:
    bench = learner()
    models = models_of(served(NUMBER), adopted=NUMBER)
    mine = predictive_analytics(view(bench, at(13), models=models), 30)
    told = learner_forecast(shown(bench))
    assert told.not_passing.probability == mine.predictions.not_passing[0].probability
    assert told.risk_factors
    assert {each.course_id for each in told.risk_factors} == {"c1"}
    explained = [each for each in mine.risk_explanations if each.course_id == "c1"]
    assert told.risk_explanations == explained
    assert not SECOND_PERSON.search(msgspec.json.encode(told).decode())


def test_why_nothing_is_said_is_said_in_the_third_person() -> None:
    told = learner_forecast(shown(learner(), day=200))
    assert told.not_passing.note is not None
    assert not SECOND_PERSON.search(told.not_passing.note.text)


def test_a_sentence_that_addresses_nobody_stays_as_it_is() -> None:
    said = sentence("model.score", {})
    assert in_third_person(said) is said
    other = in_third_person(sentence("prediction.next_event", {}))
    assert other.code == "prediction.next_event.third"


def test_a_schedule_expects_by_due_times_and_nothing_without_facts() -> None:
    now = seconds(at(25))
    assert expected_progress(STATISTICS, now, "UTC") == 40
    assert expected_progress(None, now, "UTC") is None
    assert expected_progress(course(0), now, "UTC") is None
