"""The rules at their bounds, by docs/alerts.md: when each speaks, what it says, when it leaves."""

from typing import Any, Final

import pytest

from domain.alerts import Transition
from domain.configuration import Configuration, Rules
from domain.course_facts import Assessment, CourseFacts
from domain.rules.declining_trend import DecliningTrend
from tests.factories import (
    COURSE,
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)

DAY: Final = 86_400


def of(bench: Bench, category: str) -> list[Transition]:
    return [each for each in bench.published if each.category == category]


def kinds(bench: Bench, category: str) -> list[tuple[str, str | None]]:
    return [(each.kind, each.resolution) for each in of(bench, category)]


# -- low_score -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "score", "shown", "said"),
    [
        (50, 45.55, 45.5, "message"),
        (50, 45.58, 45.6, "message"),
        (50, 49.96, 49.9, "message"),  # one decimal would lift it to the mark
        (50, 49.94, 49.9, "message"),
        (50, 30, 30, "message"),
    ],
)
def test_a_low_score_is_said_as_it_is(mark: int, score: float, shown: float, said: str) -> None:
    (told,) = Bench(facts=course(pass_mark=mark)).send(graded(at(1), score)).published
    assert told.message_code == f"alert.low_score.{said}"
    assert (told.params["score"], told.params["pass_mark"]) == (shown, mark)
    assert (told.params["title"], told.params["date"]) == ("assessment a1", "5 March")
    (evidence,) = told.evidence
    assert (evidence.value, evidence.threshold, evidence.unit) == (shown, mark, "percent")
    assert told.expires_at - told.raised_at == 14 * DAY
    assert told.suggested_actions[0].code == "ask_for_help"


def test_a_failed_grade_at_the_mark_or_above_is_said_as_not_passed() -> None:
    for score, shown in ((50, 50), (90, 90), (60.16, 60.2)):
        (told,) = (
            Bench(facts=course(pass_mark=50)).send(graded(at(1), score, passed=False)).published
        )
        assert (told.message_code, told.severity) == ("alert.low_score.not_passed", "medium")
        assert told.params["score"] == shown


def resolving(score: float, mark: float, **fields: Any) -> list[tuple[str, str | None]]:
    bench = Bench(facts=course(pass_mark=mark)).send(graded(at(1), 10, attempt=1))
    return kinds(bench.send(graded(at(2), score, attempt=2, **fields)), "low_score")


def test_another_attempt_clears_it_five_over_the_mark() -> None:
    raised = ("raised", None)
    assert resolving(55, 50) == [raised, ("resolved", "cleared")]
    assert resolving(54.9, 50) == [raised]
    assert resolving(100, 98) == [raised, ("resolved", "cleared")]
    assert resolving(99, 98) == [raised]
    assert resolving(12, 50, passed=True) == [raised, ("resolved", "cleared")]
    assert resolving(49, 50) == [raised, ("updated", None)]


def test_after_it_was_cleared_none_comes_about_the_assessment() -> None:
    bench = Bench(facts=course(pass_mark=50)).send(
        graded(at(1), 10, attempt=1), graded(at(2), 90, attempt=2), graded(at(3), 10, attempt=3)
    )
    assert kinds(bench, "low_score") == [("raised", None), ("resolved", "cleared")]


def test_after_a_correction_another_may_come() -> None:
    bench = Bench(facts=course(pass_mark=50)).send(
        graded(at(1), 10, attempt=1), graded(at(2), None, attempt=1), graded(at(3), 10, attempt=2)
    )
    raised = ("raised", None)
    assert kinds(bench, "low_score") == [raised, ("resolved", "corrected"), raised]
    causes = {each.alert_id for each in of(bench, "low_score")}
    assert len(causes) == 2


def test_a_low_score_expires_after_fourteen_days() -> None:
    bench = Bench().send(graded(at(1), 10)).tick(at(15))
    bench.adopt("course", course(pass_mark=5))
    assert kinds(bench, "low_score") == [("raised", None)]
    bench = Bench().send(graded(at(1), 10)).tick(at(14.9))
    bench.adopt("course", course(pass_mark=5))
    assert kinds(bench, "low_score") == [("raised", None), ("resolved", "corrected")]


def test_what_was_graded_before_a_return_raises_nothing() -> None:
    def returned(hours: float) -> Bench:
        bench = Bench().send(enrolled(at(0)), event("unenrolled", at(2)), enrolled(at(4)))
        return bench.send(graded(at(4, hours), 10))

    assert kinds(returned(0), "low_score") == [("raised", None)]
    assert kinds(returned(-1), "low_score") == []


def test_a_score_is_named_by_its_title_and_told_apart_by_the_course() -> None:
    def facts(course_id: str, title: str | None) -> CourseFacts:
        essay = Assessment(id="a1", title="Essay")
        return CourseFacts(course_id=course_id, title=title, assessments=(essay,))

    bench = Bench(facts=facts("c1", "Algebra")).send(graded(at(1), 10))
    assert bench.published[0].params["title"] == "Essay"
    bench.adopt("course", facts("c2", None)).send(enrolled(at(1), course_id="c2"))
    bench.send(graded(at(2), 11))
    assert of(bench, "low_score")[-1].params["title"] == "Essay (Algebra)"


# -- declining_trend -------------------------------------------------------------------------------


def falling(*scores: float) -> Bench:
    return Bench().send(*[graded(at(n), score, f"a{n}") for n, score in enumerate(scores)])


def test_a_fall_is_of_the_last_three_and_of_each_of_them() -> None:
    assert kinds(falling(90, 80, 75), "declining_trend") == [("raised", None)]
    assert kinds(falling(90, 80, 80), "declining_trend") == []
    assert kinds(falling(90, 90, 75), "declining_trend") == []
    assert kinds(falling(90, 74), "declining_trend") == []
    assert kinds(falling(95, 89, 82, 75), "declining_trend") == []
    assert kinds(falling(95, 90, 82, 75), "declining_trend") == [("raised", None)]


def test_a_fall_says_how_many_scores_and_by_how_much() -> None:
    (told,) = of(falling(90.26, 82.26, 70.14), "declining_trend")
    assert told.params == {"scores": 3}
    (evidence,) = told.evidence
    assert (evidence.value, evidence.baseline, evidence.threshold) == (-20.1, 90.3, -15)
    assert (told.at, told.expires_at) == (seconds(at(2)), seconds(at(16)))
    assert (told.course_id, told.subject.kind) == (None, "none")


def test_a_rising_trend_of_all_scores_contradicts_a_fall() -> None:
    """Three quizzes fall while the eight newest scores together rise."""
    kinds_of = {f"a{n}": "quiz" for n in (5, 6, 7)} | {f"a{n}": "essay" for n in range(5)}
    facts = CourseFacts(
        course_id=COURSE, assessments=tuple(Assessment(id=a, kind=k) for a, k in kinds_of.items())
    )
    scores = (10, 30, 50, 70, 90, 90, 82, 75)
    events = [graded(at(n), s, f"a{n}") for n, s in enumerate(scores)]
    assert kinds(Bench(facts=facts).send(*events), "declining_trend") == []
    alone = [graded(at(n), s, f"a{n}") for n, s in enumerate(scores) if n >= 5]
    assert kinds(Bench(facts=facts).send(*alone), "declining_trend") == [("raised", None)]


def test_a_fall_is_over_above_the_mean_of_its_three() -> None:
    raised = ("raised", None)
    assert kinds(falling(90, 80, 70, 80), "declining_trend") == [raised]
    cleared = [raised, ("resolved", "cleared")]
    assert kinds(falling(90, 80, 70, 80.1), "declining_trend") == cleared
    assert kinds(falling(90, 80, 70, 60, 70), "declining_trend") == [raised]
    assert kinds(falling(90, 80, 70, 60, 70.1), "declining_trend") == cleared


def test_the_next_fall_is_told_fourteen_days_after_the_one_before() -> None:
    def again(days: float) -> int:
        bench = falling(90, 80, 70, 95)
        bench.send(graded(at(5), 80, "b1"), graded(at(2 + days), 60, "b2"))
        return sum(t.kind == "raised" for t in of(bench, "declining_trend"))

    assert again(14) == 2
    assert again(13.99) == 1


def test_a_second_fall_that_is_over_is_cleared_too() -> None:
    bench = falling(90, 80, 70, 95).send(graded(at(5), 80, "b1"), graded(at(16), 60, "b2"))
    bench.send(graded(at(17), 99, "b3"))
    over = ("resolved", "cleared")
    assert kinds(bench, "declining_trend") == [("raised", None), over, ("raised", None), over]


def test_a_correction_takes_a_fall_away() -> None:
    bench = falling(90, 80, 70)
    bench.send(graded(at(3), 95, "a2"))
    assert kinds(bench, "declining_trend")[-1] == ("resolved", "corrected")
    left = falling(90, 80, 70).send(event("unenrolled", at(3)))
    assert kinds(left, "declining_trend")[-1] == ("resolved", "unenrolled")


def test_a_fall_that_is_over_at_its_own_instant_never_was() -> None:
    bench = falling(90, 80, 70).send(graded(at(2), 95, "b1"))
    assert kinds(bench, "declining_trend")[-1] == ("resolved", "corrected")


def test_scores_of_another_course_or_kind_end_no_fall() -> None:
    for before in ((), (10,)):
        bench = falling(*before, 90, 80, 70)
        bench.send(graded(at(len(before) + 3), 100, "b1", course_id="c2"))
        assert kinds(bench, "declining_trend") == [("raised", None)]


def test_scores_of_another_course_begin_no_fall() -> None:
    """The second fall came too early to be told, and nothing new is known of it."""
    bench = falling(90, 80, 70, 95, 85, 75).send(graded(at(17), 100, "b1", course_id="c2"))
    assert kinds(bench, "declining_trend") == [("raised", None), ("resolved", "cleared")]


def test_a_fall_is_over_where_all_scores_together_rise() -> None:
    rising = (10, 30, 50, 70, 90)
    essays = [graded(at(3 + n), s, f"b{n}", course_id="c2") for n, s in enumerate(rising)]
    bench = falling(90, 82, 75).send(*essays)
    assert kinds(bench, "declining_trend") == [("raised", None), ("resolved", "cleared")]


def test_a_fall_of_before_a_return_is_none() -> None:
    def returned(hours: float) -> Bench:
        scores = [graded(at(n), s, f"a{n}") for n, s in enumerate((90, 80))]
        bench = Bench().send(*scores, event("unenrolled", at(2)), enrolled(at(4)))
        return bench.send(graded(at(4, hours), 70, "a2"))

    assert kinds(returned(0), "declining_trend") == [("raised", None)]
    assert kinds(returned(-1), "declining_trend") == []


def test_the_number_of_scores_is_a_setting() -> None:
    rules = Rules(declining_trend=DecliningTrend(scores=2, points=5.0, cooldown_days=0))
    bench = Bench(configuration=Configuration(rules=rules))
    bench.send(graded(at(0), 80, "a0"), graded(at(1), 75, "a1"))
    (told,) = of(bench, "declining_trend")
    assert (told.params["scores"], told.evidence[0].threshold) == (2, -5)


# -- streak_milestone ------------------------------------------------------------------------------


def streak(*days: int) -> list[tuple[Any, ...]]:
    bench = Bench().send(*[viewed(at(day), f"p{day}") for day in days])
    return [
        (t.params["days"], t.params["from"], t.params["to"], t.evidence[0].baseline)
        for t in of(bench, "streak_milestone")
    ]


def test_a_streak_is_told_at_its_milestones_with_its_dates() -> None:
    assert streak(*range(7)) == [
        (3, "4 March", "6 March", 2),
        (7, "4 March", "10 March", 6),
    ]
    assert streak(0, 1) == []
    assert [days for days, *_ in streak(*range(101))] == [3, 7, 14, 30, 50, 100]


def test_three_days_are_told_only_where_no_streak_was_as_long() -> None:
    assert [days for days, *_ in streak(0, 1, 3, 4, 5)] == [3]
    assert [days for days, *_ in streak(0, 1, 2, 4, 5, 6)] == [3]
    told = streak(*range(9), *range(10, 17))
    assert [(days, baseline) for days, _, _, baseline in told] == [(3, 2), (7, 6), (7, 9)]


def test_a_streak_milestone_expires_after_seven_days() -> None:
    bench = Bench().send(*[viewed(at(day), f"p{day}") for day in range(3)])
    (told,) = bench.published
    assert (told.at, told.expires_at) == (seconds(at(2)), seconds(at(9)))
    late = [viewed(at(day), f"p{day}") for day in (0, 1, 9, 2)]
    assert of(Bench().send(*late), "streak_milestone") == []
    just = [viewed(at(day), f"p{day}") for day in (0, 1, 8.99, 2)]
    assert len(of(Bench().send(*just), "streak_milestone")) == 1


def test_a_streak_begins_with_the_first_work_of_its_last_day() -> None:
    days = [viewed(at(day), f"p{day}") for day in (0, 1)]
    bench = Bench().send(*days, viewed(at(2, 5), "p2"))
    assert bench.published[0].raised_at == seconds(at(2, 5))


# -- progress_milestone ----------------------------------------------------------------------------


def test_a_percent_is_told_with_the_course_and_the_date() -> None:
    bench = Bench(facts=course(8, title="Algebra")).send(completed(at(0)), completed(at(1), "m2"))
    (told,) = bench.published
    assert told.params == {"percent": 25, "title": "Algebra", "date": "5 March"}
    (evidence,) = told.evidence
    assert (evidence.value, evidence.threshold) == (25.0, 25)
    assert told.expires_at - told.raised_at == 14 * DAY
    assert (told.subject.kind, told.subject.id) == ("course", COURSE)


def test_what_is_submitted_is_no_percent_of_a_course_by_modules() -> None:
    bench = Bench(facts=course(4, {"a1": at(9)})).send(submitted(at(0)), completed(at(1)))
    assert [t.params["percent"] for t in of(bench, "progress_milestone")] == [25]


def test_several_percents_may_come_with_one_unit() -> None:
    bench = Bench(facts=course(3)).send(completed(at(0)), completed(at(1), "m2"))
    assert [(t.params["percent"], t.evidence[0].value) for t in bench.published] == [
        (25, 33.3),
        (50, 66.7),
    ]


def test_by_assessments_a_percent_is_of_what_was_submitted() -> None:
    facts = course(0, {"a1": at(9), "a2": at(9), "a3": at(9), "a4": at(9)})
    bench = Bench(facts=facts).send(completed(at(0)), submitted(at(1), "a1"))
    assert [t.params["percent"] for t in of(bench, "progress_milestone")] == [25]


def test_a_milestone_is_told_up_to_fourteen_days_late() -> None:
    for late, told in ((13.99, 1), (14, 0), (14.01, 0)):
        bench = Bench(facts=course(4)).send(viewed(at(late)), completed(at(0)))
        assert len(of(bench, "progress_milestone")) == told, late


def test_a_milestone_from_before_the_learner_came_back_is_not_told() -> None:
    left, back = event("unenrolled", at(1)), enrolled(at(2))
    bench = Bench(facts=course(4)).send(left, back, completed(at(2)), completed(at(0), "m2"))
    assert [(t.kind, t.params.get("percent")) for t in of(bench, "progress_milestone")] == [
        ("raised", 25),
        ("resolved", None),
        ("raised", 50),
    ]


def test_a_milestone_of_the_moment_of_coming_back_is_told() -> None:
    bench = Bench(facts=course(4)).send(
        event("unenrolled", at(1)), enrolled(at(2)), completed(at(2))
    )
    assert [t.kind for t in of(bench, "progress_milestone")] == ["raised"]


def test_the_first_pass_is_the_earliest_that_stands() -> None:
    bench = Bench(facts=course(pass_mark=50)).send(graded(at(2), 50.04, "b1"))
    (told,) = of(bench, "progress_milestone")
    assert told.params == {"title": "an assessment", "date": "6 March", "score": 50.0}
    assert told.evidence[0].threshold == 50
    bench.send(graded(at(1), 120, "b2"))
    updated = of(bench, "progress_milestone")[-1]
    assert (updated.kind, updated.params["score"], updated.params["date"]) == (
        "updated",
        100,
        "5 March",
    )


def test_a_pass_that_a_newer_grade_of_its_attempt_replaced_is_none() -> None:
    bench = Bench(facts=course(pass_mark=50)).send(
        graded(at(1), 60, attempt=1), graded(at(2), 40, attempt=1)
    )
    assert kinds(bench, "progress_milestone") == [("raised", None), ("resolved", "corrected")]


def test_a_pass_at_the_time_of_a_return_is_told() -> None:
    bench = Bench().send(enrolled(at(0)), event("unenrolled", at(2)), enrolled(at(4)))
    assert kinds(bench.send(graded(at(4), 90)), "progress_milestone") == [("raised", None)]


def best(*scores: float) -> list[tuple[Any, ...]]:
    events = [graded(at(n), score, f"a{n}") for n, score in enumerate(scores)]
    return [
        (t.params["score"], t.params["best"], t.evidence[0].threshold, t.evidence[0].baseline)
        for t in of(Bench(facts=course(pass_mark=100)).send(*events), "progress_milestone")
        if t.message_code == "alert.progress_milestone.best"
    ]


def test_a_personal_best_comes_after_five_scores_by_five_points() -> None:
    assert best(50, 50, 50, 50, 50, 55) == [(55, 50, 55, 50)]
    assert best(50, 50, 50, 50, 50, 54.9) == []
    assert best(50, 50, 50, 50, 55) == []
    assert best(50, 60, 50, 50, 50, 55) == []
    assert best(50, 40, 50, 50, 50, 57, 61, 66) == [(57, 50, 55, 50), (66, 61, 66, 61)]
    assert best(50.06, 50, 50, 50, 50, 57.16) == [(57.2, 50.1, 55.1, 50.1)]
    assert best(0, 0, 0, 0, 0, 5) == [(5, 0, 5, 0)]
    assert best(96, 96, 96, 96, 96, 120) == []


def test_a_best_is_told_late_and_ends_with_its_course() -> None:
    scores = [graded(at(n), 50, f"a{n}") for n in range(5)]
    bench = Bench(clock="stream", facts=course(pass_mark=100)).send(*scores, viewed(at(18)))
    assert kinds(bench.send(graded(at(6), 60, "a6")), "progress_milestone") == [("raised", None)]
    bench.send(event("unenrolled", at(18, 1)))
    assert kinds(bench, "progress_milestone")[-1] == ("resolved", "unenrolled")


def test_a_best_at_the_time_of_a_return_is_told() -> None:
    bench = Bench(facts=course(pass_mark=100))
    bench.send(*[graded(at(n), 80, f"a{n}", course_id="c2") for n in range(5)])
    bench.send(enrolled(at(5)), event("unenrolled", at(6)), enrolled(at(7)))
    bench.send(graded(at(7), 90, "b1"))
    found = [t.params["best"] for t in of(bench, "progress_milestone") if "best" in t.params]
    assert found == [80]


def test_a_best_of_a_course_that_was_left_counts_before_others() -> None:
    bench = Bench(facts=course(pass_mark=100))
    bench.send(*[graded(at(n), 80, f"a{n}", course_id="c2") for n in range(5)])
    bench.send(event("unenrolled", at(6), course_id="c2"))
    bench.send(graded(at(7), 84, "b1"), graded(at(8), 89, "b2"))
    found = [t.params["score"] for t in of(bench, "progress_milestone") if "best" in t.params]
    assert found == [89]


# -- missed_deadline -------------------------------------------------------------------------------


def test_a_deadline_is_missed_after_48_hours_and_graver_after_168() -> None:
    facts = course(assessments={"a1": at(7)})
    bench = Bench(facts=facts).send(enrolled(at(0)))
    bench.tick(at(9))
    assert bench.published == []
    bench.tick(at(9) + (at(0, 1 / 3600) - at(0)))
    (low,) = bench.published
    assert (low.severity, low.at, low.raised_at) == ("low", seconds(at(9)), seconds(at(9)))
    (evidence,) = low.evidence
    assert (evidence.value, evidence.threshold, evidence.unit) == (2, 2.0, "days")
    assert (low.params["title"], low.params["date"]) == ("A1", "11 March")
    assert low.expires_at - low.raised_at == 30 * DAY
    assert low.suggested_actions[0].code == "submit_assessment"
    assert bench.fold.due_at() == seconds(at(10)), "ten days of silence"
    bench.tick(at(14, 1))
    medium = of(bench, "missed_deadline")[-1]
    assert (medium.severity, medium.at, medium.evidence[0].value) == ("medium", seconds(at(14)), 7)
    assert (medium.evidence[0].threshold, medium.expires_at) == (7.0, low.expires_at)
    assert bench.fold.due_at() == seconds(at(20.625))  # a Monday


def missed(*events: Any, facts: CourseFacts | None = None, until: float = 30) -> list[Any]:
    bench = Bench(facts=facts or course(assessments={"a1": at(7)}))
    bench.send(*events).tick(at(until))
    return kinds(bench, "missed_deadline")


def test_who_came_at_the_due_time_or_before_missed_it() -> None:
    assert missed(enrolled(at(7))) != []
    assert missed(enrolled(at(7, 1))) == []
    assert missed(viewed(at(7, 1))) == []
    assert missed(viewed(at(7))) != []


def test_a_submission_at_the_very_moment_of_the_timer_is_in_time() -> None:
    assert missed(enrolled(at(0)), submitted(at(9))) == []
    found = missed(enrolled(at(0)), submitted(at(9, 1)))
    assert found == [("raised", None), ("resolved", "cleared")]
    assert missed(enrolled(at(0)), graded(at(9, 1), 90))[-1] == ("resolved", "cleared")


def test_only_what_is_required_and_due_is_missed() -> None:
    def of_one(**fields: Any) -> CourseFacts:
        return CourseFacts(course_id=COURSE, assessments=(Assessment(id="a1", **fields),))

    due = seconds(at(7))
    assert missed(enrolled(at(0)), facts=of_one(due_at=due)) != []
    assert missed(enrolled(at(0)), facts=of_one(due_at=due, required=False)) == []
    assert missed(enrolled(at(0)), facts=of_one()) == []
    extended = event("deadline_extended", at(1), assessment_id="a1", due_at=at(8).isoformat())
    other = submitted(at(1), "another")
    assert missed(enrolled(at(0)), other, extended, facts=of_one()) != []
    assert missed(enrolled(at(0)), extended, facts=of_one(due_at=due), until=9.9) == []


def test_each_deadline_is_looked_at_for_itself() -> None:
    facts = CourseFacts(
        course_id=COURSE,
        assessments=(
            Assessment(id="undated"),
            Assessment(id="done", due_at=seconds(at(7))),
            Assessment(id="missed", due_at=seconds(at(7))),
        ),
    )
    assert len(missed(enrolled(at(0)), submitted(at(1), "done"), facts=facts, until=10)) == 1


def test_what_was_open_about_a_course_that_is_no_longer_kept_is_corrected() -> None:
    bench = Bench(facts=course(assessments={"a1": at(7)})).send(enrolled(at(0))).tick(at(10))
    bench.send(*(enrolled(at(11), course_id=f"other {n}") for n in range(8)))
    assert kinds(bench, "missed_deadline") == [("raised", None), ("resolved", "corrected")]


def test_an_excuse_or_another_due_time_corrects_it() -> None:
    excused = event("assessment_excused", at(10), assessment_id="a1", excused=True)
    assert missed(enrolled(at(0)), viewed(at(9, 1)), excused)[-1] == ("resolved", "corrected")
    bench = Bench(facts=course(assessments={"a1": at(7)})).send(enrolled(at(0))).tick(at(10))
    bench.adopt("course", course(assessments={"a1": at(20)}))
    assert kinds(bench, "missed_deadline")[-1] == ("resolved", "corrected")


def test_leaving_ends_a_missed_deadline_of_that_course_only() -> None:
    other = course(course_id="c2", assessments={"b1": at(7)})
    bench = Bench(facts=course(assessments={"a1": at(7)})).adopt("course", other)
    bench.send(enrolled(at(0)), enrolled(at(0), course_id="c2")).tick(at(10))
    bench.send(event("unenrolled", at(11)))
    assert kinds(bench, "missed_deadline") == [
        ("raised", None),
        ("raised", None),
        ("resolved", "unenrolled"),
    ]


def test_a_deadline_is_told_only_while_the_course_runs() -> None:
    for until, told in ((9, 1), (8.9, 0)):
        facts = course(assessments={"a1": at(7)}, ends_at=seconds(at(until)))
        assert len(missed(enrolled(at(0)), facts=facts)) == told
    breaks = ((seconds(at(8)), seconds(at(20))),)
    facts = course(assessments={"a1": at(7)}, breaks=breaks)
    bench = Bench(facts=facts).send(enrolled(at(0))).tick(at(21))
    (only,) = of(bench, "missed_deadline")
    assert (only.at, only.severity) == (seconds(at(20)), "medium")
