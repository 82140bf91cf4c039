"""When each rule speaks, and when it takes it back."""

from datetime import timedelta

import pytest

from domain.alerts import alert_id
from domain.configuration import Configuration, Rules
from domain.course_facts import Assessment, CourseFacts
from domain.keepers.scores import counted_scores
from domain.rules.low_score import LowScore
from tests.factories import (
    COURSE,
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


def only(bench: Bench, category: str) -> list[tuple[str, str]]:
    return [(t.kind, t.severity) for t in bench.published if t.category == category]


def test_a_grade_under_the_pass_mark_is_medium_and_twenty_under_it_high() -> None:
    bench = Bench(facts=course(pass_mark=50)).send(
        graded(at(1), 45, "a1"), graded(at(2), 29, "a2"), graded(at(3), 50, "a3")
    )
    assert only(bench, "low_score") == [("raised", "medium"), ("raised", "high")]


def test_without_a_pass_mark_forty_and_twenty_are_the_bars() -> None:
    bench = Bench().send(
        graded(at(1), 39, "a1"),
        graded(at(2), 19, "a2"),
        graded(at(3), 40, "a3"),
        graded(at(4), 20, "a4"),
    )
    low = [t for t in bench.published if t.category == "low_score"]
    assert [(t.subject.id, t.severity) for t in low] == [
        ("a1", "medium"),
        ("a2", "high"),
        ("a4", "medium"),
    ]
    assert low[0].message_code == "alert.low_score.low"
    assert (low[0].params["bar"], low[0].evidence[0].threshold) == (40, 40)


def test_a_default_pass_mark_that_is_set_is_the_mark_where_a_course_names_none() -> None:
    set_so = Configuration(rules=Rules(low_score=LowScore(default_pass_mark=50)))
    bench = Bench(configuration=set_so).send(graded(at(1), 49), graded(at(2), 29, "a2"))
    assert only(bench, "low_score") == [("raised", "medium"), ("raised", "high")]
    assert bench.published[0].params["pass_mark"] == 50


def test_without_a_pass_mark_passed_decides_where_it_is_given() -> None:
    bench = Bench().send(graded(at(1), 10, passed=True), graded(at(2), 90, "a2", passed=False))
    low = [t for t in bench.published if t.category == "low_score"]
    assert [(t.subject.id, t.message_code) for t in low] == [("a2", "alert.low_score.not_passed")]
    assert "pass_mark" not in low[0].params


def test_a_low_score_has_one_alert_an_assessment_that_says_what_is_so_now() -> None:
    bench = Bench().send(graded(at(1), 35), graded(at(2), 30), graded(at(3), 15))
    low = [t for t in bench.published if t.category == "low_score"]
    assert [(t.kind, t.severity, t.params["score"]) for t in low] == [
        ("raised", "medium", 35),
        ("updated", "medium", 30),
        ("updated", "high", 15),
    ]
    assert len({t.alert_id for t in low}) == 1
    assert [t.revision for t in low] == [1, 2, 3]
    assert [t.raised_at for t in low] == [seconds(at(1))] * 3


def test_a_grade_of_the_same_attempt_that_passes_corrects_its_alert() -> None:
    bench = Bench().send(graded(at(1), 30, attempt=1), graded(at(2), 61, attempt=1))
    assert bench.published[1].resolution == "corrected"
    bench.send(graded(at(3), 19, attempt=2))
    assert only(bench, "low_score")[-1] == ("raised", "high")


def test_passed_decides_in_every_rule_where_it_is_given() -> None:
    bench = Bench().send(graded(at(1), 45, passed=True), graded(at(2), 90, "a2", passed=False))
    assert [(t.category, t.message_code) for t in bench.published] == [
        ("progress_milestone", "alert.progress_milestone.first_pass"),
        ("low_score", "alert.low_score.not_passed"),
    ]


def test_a_later_attempt_well_over_the_mark_resolves_a_low_score() -> None:
    bench = Bench().send(graded(at(1), 35, attempt=1), graded(at(2), 42, attempt=2))
    assert only(bench, "low_score") == [("raised", "medium")]
    bench.send(graded(at(3), 45, attempt=3))
    assert only(bench, "low_score")[-1] == ("resolved", "medium")
    assert (
        bench.published[-1].resolution == "cleared" or bench.published[-2].resolution == "cleared"
    )


def test_a_withdrawn_grade_corrects_its_alert() -> None:
    bench = Bench().send(graded(at(1), 30), graded(at(2), None))
    assert only(bench, "low_score") == [("raised", "medium"), ("resolved", "medium")]
    assert bench.published[-1].resolution == "corrected"
    (course,) = bench.learner().courses
    assert counted_scores(course, None) == []


def test_banked_and_zero_maximum_grades_tell_nothing() -> None:
    bench = Bench().send(graded(at(1), 10, banked=True), graded(at(2), 0, "a2", max_score=0))
    assert bench.published == []


def test_three_falling_scores_of_fifteen_points_are_a_decline() -> None:
    bench = Bench().send(graded(at(1), 90, "a1"), graded(at(2), 82, "a2"), graded(at(3), 75, "a3"))
    (raised,) = [t for t in bench.published if t.category == "declining_trend"]
    assert raised.severity == "medium"
    assert raised.evidence[0].value == -15
    cause = f"{COURSE}:{seconds(at(3))}"
    assert raised.alert_id == str(alert_id(USER, "declining_trend", None, cause))


def test_fourteen_points_or_a_rise_between_are_no_decline() -> None:
    bench = Bench().send(graded(at(1), 90, "a1"), graded(at(2), 82, "a2"), graded(at(3), 76, "a3"))
    bench.send(graded(at(4), 80, "a4"), graded(at(5), 60, "a5"))
    assert only(bench, "declining_trend") == []


def test_a_decline_is_over_with_a_score_above_their_mean_and_cools_down() -> None:
    bench = Bench().send(
        graded(at(1), 95, "a1"),
        graded(at(2), 85, "a2"),
        graded(at(3), 75, "a3"),
        graded(at(4), 86, "a4"),
    )
    assert only(bench, "declining_trend") == [("raised", "medium"), ("resolved", "medium")]
    bench.send(graded(at(5), 75, "a5"), graded(at(6), 65, "a6"))
    assert only(bench, "declining_trend")[-1] == ("resolved", "medium")
    bench.send(graded(at(18), 50, "a7"))
    assert only(bench, "declining_trend")[-1] == ("raised", "medium")


def test_a_streak_of_three_is_told_the_first_time_only() -> None:
    bench = Bench().send(*[viewed(at(day)) for day in range(3)])
    bench.send(*[viewed(at(day)) for day in range(10, 13)])
    assert only(bench, "streak_milestone") == [("raised", "low")]


def test_a_streak_of_seven_is_told_once_every_streak() -> None:
    bench = Bench().send(*[viewed(at(day)) for day in range(8)])
    bench.send(*[viewed(at(day)) for day in range(20, 28)])
    days = [t.params["days"] for t in bench.published if t.category == "streak_milestone"]
    assert days == [3, 7, 7]
    assert len({t.alert_id for t in bench.published}) == 3


def test_quarters_of_a_course_are_told_once() -> None:
    bench = Bench(facts=course(modules=4)).send(completed(at(0), "m1"), completed(at(1), "m2"))
    bench.send(event("module_reopened", at(2), module_id="m2"), completed(at(3), "m2"))
    raised = [t for t in bench.published if t.kind == "raised"]
    assert [t.params["percent"] for t in raised] == [25, 50]


def test_the_first_pass_and_a_personal_best_are_told() -> None:
    scores = [50, 62, 61, 63, 64, 69]
    bench = Bench().send(*[graded(at(n), s, f"a{n}") for n, s in enumerate(scores)])
    codes = [t.message_code for t in bench.published if t.category == "progress_milestone"]
    assert codes == ["alert.progress_milestone.first_pass", "alert.progress_milestone.best"]


def test_a_deadline_is_missed_after_48_hours_and_graver_after_7_days_on_ticks() -> None:
    bench = Bench(facts=course(assessments={"a1": at(5)})).send(enrolled(at(0)))
    bench.tick(at(6, 23))
    assert bench.published == []
    bench.tick(at(7, 1))
    bench.tick(at(12, 1))
    assert only(bench, "missed_deadline") == [("raised", "low"), ("updated", "medium")]
    missed = [t for t in bench.published if t.category == "missed_deadline"]
    assert [t.at for t in missed] == [seconds(at(7)), seconds(at(12))]


def test_a_timer_tells_the_same_before_an_event_and_on_a_tick() -> None:
    facts = course(assessments={"a1": at(5)})
    by_tick = Bench(facts=facts).send(enrolled(at(0))).tick(at(7, 0.5))
    by_event = Bench(facts=facts).send(enrolled(at(0)), viewed(at(7, 1)))
    by_stream = Bench(clock="stream", facts=facts).send(enrolled(at(0)), viewed(at(7, 2), user=8))
    assert by_tick.published == by_event.published == by_stream.published
    assert len(by_tick.published) == 1


def weighing(weights: dict[str, float], days: dict[str, float]) -> CourseFacts:
    """A course whose assessments weigh so much and are due on these days."""
    return CourseFacts(
        course_id=COURSE,
        assessments=tuple(
            Assessment(id=name, title=name.upper(), weight=weight, due_at=seconds(at(days[name])))
            for name, weight in weights.items()
        ),
    )


def test_a_light_assessment_raises_no_missed_deadline() -> None:
    facts = weighing({"a1": 1, "a2": 50, "a3": 49}, {"a1": 5, "a2": 6, "a3": 80})
    bench = Bench(facts=facts).send(enrolled(at(0))).tick(at(20))
    assert {t.subject.id for t in bench.published if t.category == "missed_deadline"} == {"a2"}


def test_a_missed_deadline_is_the_learners_until_it_is_medium() -> None:
    bench = Bench(facts=course(assessments={"a1": at(5)})).send(enrolled(at(0)))
    bench.tick(at(8)).tick(at(13)).send(submitted(at(14)))
    told = [t for t in bench.published if t.category == "missed_deadline"]
    assert [(t.kind, t.audience) for t in told] == [
        ("raised", ("learner",)),
        ("updated", ("learner", "instructor")),
        ("resolved", ("learner", "instructor")),
    ]


def test_the_second_in_a_row_that_is_open_is_high_at_48_hours_and_keeps_its_id() -> None:
    facts = course(assessments={"a1": at(8), "a2": at(15), "a3": at(22)})
    bench = Bench(facts=facts).send(enrolled(at(0)))
    bench.tick(at(10, 1)).tick(at(15, 1)).tick(at(17)).tick(at(17, 1))

    def said(name: str) -> list[tuple[str, str]]:
        of = (t for t in bench.published if t.category == "missed_deadline")
        return [(t.kind, t.severity) for t in of if t.subject.id == name]

    assert said("a1") == [("raised", "low"), ("updated", "medium")]
    assert said("a2") == [("raised", "high")]
    assert bench.published[-1].message_code == "alert.missed_deadline.in_a_row"
    bench.send(submitted(at(18), "a1"))
    assert said("a1")[-1] == ("resolved", "medium")
    assert said("a2") == [("raised", "high"), ("updated", "low")]
    bench.tick(at(23))
    assert said("a2")[-1] == ("updated", "medium")
    bench.tick(at(24, 1))
    assert said("a3") == [("raised", "high")]
    missed = [t for t in bench.published if t.category == "missed_deadline"]
    second = {t.alert_id for t in missed if t.subject.id == "a2"}
    assert len(second) == 1


def test_two_that_share_a_due_time_are_not_in_a_row() -> None:
    facts = course(assessments={"a1": at(8), "a2": at(8), "a3": at(12)})
    bench = Bench(facts=facts).send(enrolled(at(0)), submitted(at(7), "a2"))
    bench.tick(at(11)).tick(at(14, 1))
    missed = [t for t in bench.published if t.category == "missed_deadline"]
    assert [(t.subject.id, t.kind, t.severity) for t in missed] == [
        ("a1", "raised", "low"),
        ("a3", "raised", "low"),
    ]


def test_a_submission_resolves_a_missed_deadline() -> None:
    bench = Bench(facts=course(assessments={"a1": at(5)})).send(
        enrolled(at(0)), viewed(at(8)), submitted(at(9))
    )
    assert only(bench, "missed_deadline") == [("raised", "low"), ("resolved", "low")]
    bench.tick(at(30))
    assert len(only(bench, "missed_deadline")) == 2


def test_an_extension_resolves_a_missed_deadline_and_sets_a_new_one() -> None:
    bench = Bench(facts=course(assessments={"a1": at(5)})).send(enrolled(at(0)), viewed(at(8)))
    bench.adopt("course", course(assessments={"a1": at(20)}))
    assert only(bench, "missed_deadline") == [("raised", "low"), ("resolved", "low")]
    bench.tick(at(23))
    assert only(bench, "missed_deadline")[-1] == ("raised", "low")
    assert len({t.alert_id for t in bench.published if t.category == "missed_deadline"}) == 2


def test_facts_that_come_later_set_the_timers() -> None:
    bench = Bench().send(enrolled(at(0)))
    bench.adopt("course", course(assessments={"a1": at(5)}))
    bench.tick(at(8))
    assert only(bench, "missed_deadline") == [("raised", "low")]


def test_who_left_or_came_after_the_due_time_missed_nothing() -> None:
    facts = course(assessments={"a1": at(5)})
    left = Bench(facts=facts).send(enrolled(at(0)), event("unenrolled", at(4))).tick(at(30))
    late = Bench(facts=facts).send(enrolled(at(6))).tick(at(30))
    assert left.published == late.published == []


def test_leaving_or_finishing_a_course_ends_its_alerts() -> None:
    left = Bench().send(graded(at(1), 30), event("unenrolled", at(2)))
    assert left.published[-1].resolution == "unenrolled"
    done = Bench().send(graded(at(1), 30), event("course_finished", at(2), outcome="failed"))
    assert done.published[-1].resolution == "course_finished"
    assert done.learner().open_courses == []
    assert done.learner().finished[0].average_score == 30


def test_a_backfill_does_not_notify() -> None:
    now = at(100)
    bench = Bench().send(record(graded(at(1), 30), arrived=now))
    (told,) = bench.published
    assert (told.kind, told.suppressed_reason, told.delivered) == ("suppressed", "stale", False)


def test_under_the_stream_clock_a_replay_notifies() -> None:
    bench = Bench(clock="stream").send(record(graded(at(1), 30), arrived=at(1) + timedelta(365)))
    assert only(bench, "low_score") == [("raised", "medium")]


def test_an_alert_names_its_course_and_subject() -> None:
    told = Bench().send(graded(at(1), 30)).published[0]
    assert (told.course_id, told.subject.kind, told.subject.id) == (COURSE, "assessment", "a1")


def test_a_course_with_more_deadlines_than_are_kept_tells_those_that_are() -> None:
    facts = course(assessments={f"a{n}": at(5) for n in range(80)})
    bench = Bench(facts=facts).send(enrolled(at(0))).tick(at(30))
    assert len({t.alert_id for t in bench.published}) == 64


def test_a_course_that_an_event_names_has_deadlines_too() -> None:
    bench = Bench(facts=course(assessments={"a1": at(1)})).send(viewed(at(0)))
    bench.tick(at(8))
    assert ("missed_deadline", "raised", "low") in bench.alerts()


def test_both_levels_of_a_deadline_may_be_due_at_once() -> None:
    bench = Bench(facts=course(assessments={"a1": at(0)})).send(enrolled(at(0)))
    bench.tick(at(7))
    assert bench.alerts() == []
    bench.tick(at(7, minutes=1))
    assert bench.alerts() == [("missed_deadline", "raised", "medium")]


def test_a_course_added_after_others_wakes_for_its_own_deadlines() -> None:
    other = course(course_id="c2", assessments={"b1": at(39)})
    bench = Bench(facts=course(assessments={"a1": at(1)})).adopt("course", other)
    bench.send(enrolled(at(0), course_id="c2"), viewed(at(0)), viewed(at(50), "p2"))
    assert bench.fold.checkpoint.counters.defects == 0
    assert len([kind for kind, *_ in bench.alerts() if kind == "missed_deadline"]) == 4


@pytest.mark.long
def test_more_missed_deadlines_than_a_state_holds_are_no_defect() -> None:
    facts = course(assessments={f"a{n}": at(n / 10) for n in range(80)})
    bench = Bench(facts=facts).send(enrolled(at(-1))).tick(at(30))
    assert bench.fold.checkpoint.counters.defects == 0


def test_a_due_time_that_comes_back_is_the_same_alert_again() -> None:
    first, second = (course(assessments={"a1": at(day)}) for day in (5, 20))
    bench = Bench(facts=first).send(enrolled(at(0)), viewed(at(8)))
    bench.adopt("course", second).adopt("course", first).tick(at(40))
    missed = [t for t in bench.published if t.category == "missed_deadline"]
    assert [(t.kind, t.revision) for t in missed] == [
        ("raised", 1),
        ("resolved", 2),
        ("raised", 3),
        ("updated", 4),
    ]
    assert len({t.alert_id for t in missed}) == 1


def test_who_comes_back_is_not_told_the_same_deadline_again() -> None:
    bench = Bench(facts=course(assessments={"a1": at(5)})).send(enrolled(at(0)), viewed(at(8)))
    bench.send(event("unenrolled", at(9)), enrolled(at(4)))
    bench.tick(at(30))
    assert only(bench, "missed_deadline") == [("raised", "low"), ("resolved", "low")]


def test_a_course_taken_again_repeats_no_milestone() -> None:
    bench = Bench(facts=course(modules=4)).send(completed(at(0)))
    bench.send(event("course_finished", at(1), outcome="failed"), enrolled(at(2)))
    bench.send(completed(at(3)), completed(at(4), "m2"))
    raised = [t for t in bench.published if t.kind == "raised"]
    assert [t.params["percent"] for t in raised] == [25, 50]
