"""Progress, level, streak and course list at the moment somebody looks."""

from datetime import timedelta

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from metrics.dashboard import dashboard
from metrics.levels import level
from metrics.progress_summary import progress_summary
from tests.factories import (
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
from tests.viewing import view


def test_somebody_without_any_event_reads_zeros_and_nulls() -> None:
    shown = dashboard(view())
    progress, metrics = shown.progress_summary, shown.realtime_metrics
    assert (progress.overall_progress, progress.current_level, progress.basis) == (
        None,
        None,
        "none",
    )
    assert (progress.streak_days, progress.longest_streak_days, progress.active_today) == (
        0,
        0,
        False,
    )
    assert (metrics.daily_activities, metrics.weekly_assessments, metrics.score_count) == (0, 0, 0)
    assert (metrics.average_score, metrics.engagement_level, metrics.days_inactive) == (
        None,
        None,
        None,
    )
    assert metrics.performance_trend == "insufficient_data"
    assert shown.recent_activities == []
    assert shown.goals == []
    assert shown.insights == []
    assert len(shown.performance_trends.daily) == 30


def test_fifteen_of_twenty_equal_modules_are_seventy_five_percent() -> None:
    bench = Bench(facts=course(20)).send(*(completed(at(0), f"m{n + 1}") for n in range(15)))
    shown = progress_summary(view(bench, at(0)))
    assert (shown.overall_progress, shown.basis) == (75.0, "modules")
    assert shown.courses[0].progress == 75.0


def test_without_modules_progress_is_the_weight_of_what_is_handed_in() -> None:
    facts = course(0, {"a1": at(1), "a2": at(2), "a3": at(3), "a4": at(9)})
    bench = Bench(facts=facts).send(submitted(at(0), "a1"))
    shown = progress_summary(view(bench, at(2, hours=1)))
    assert (shown.overall_progress, shown.basis) == (25.0, "assessments")
    assert shown.courses[0].expected_progress == 50.0


def test_without_facts_nothing_is_made_up() -> None:
    shown = progress_summary(view(Bench().send(completed(at(0))), at(0)))
    assert (shown.overall_progress, shown.total_modules, shown.modules_completed) == (None, None, 1)
    assert shown.courses[0].basis == "none"


def test_two_courses_are_pooled_by_weight() -> None:
    bench = Bench(facts=course(10)).adopt("course", course(30, course_id="c2"))
    bench.send(completed(at(0), "m1"), completed(at(0), "m2", course_id="c2"))
    shown = progress_summary(view(bench, at(0)))
    assert (shown.overall_progress, shown.modules_completed, shown.total_modules) == (5.0, 2, 40)


def test_modules_and_assessments_have_no_common_weight() -> None:
    bench = Bench(facts=course(10)).adopt("course", course(0, {"x": at(3)}, course_id="c2"))
    bench.send(completed(at(0), "m1"), submitted(at(0), "x", course_id="c2"))
    shown = progress_summary(view(bench, at(0)))
    assert (shown.overall_progress, shown.basis) == (55.0, "mixed")
    assert shown.total_modules == 10


def test_a_course_that_is_left_counts_no_more_and_comes_back() -> None:
    bench = Bench(facts=course(10)).send(
        enrolled(at(0)), completed(at(0)), event("unenrolled", at(1))
    )
    gone = progress_summary(view(bench, at(1)))
    assert (gone.overall_progress, gone.courses) == (None, [])
    back = progress_summary(view(bench.send(enrolled(at(2))), at(2)))
    assert back.overall_progress == 10.0


def test_only_finished_courses_leave_the_last_one_frozen() -> None:
    bench = Bench(facts=course(10)).send(
        completed(at(0)), graded(at(0), 70), event("course_finished", at(1), outcome="passed")
    )
    shown = dashboard(view(bench, at(20)))
    assert shown.progress_summary.overall_progress == 10.0
    assert shown.realtime_metrics.average_score == 70.0
    finished = shown.progress_summary.courses[0]
    assert (finished.course_status, finished.outcome) == ("finished", "passed")


def test_a_course_has_not_started_before_its_first_day() -> None:
    bench = Bench(facts=course(10, starts_at=seconds(at(5)))).send(enrolled(at(0)))
    assert progress_summary(view(bench, at(1))).courses[0].course_status == "not_started"
    assert progress_summary(view(bench, at(6))).courses[0].course_status == "active"


def test_the_schedule_expects_the_share_of_time_without_breaks() -> None:
    facts = CourseFacts(
        course_id="c1",
        starts_at=seconds(at(0)),
        ends_at=seconds(at(30)),
        breaks=((seconds(at(10)), seconds(at(20))),),
        modules=(Module(id="m1"),),
        assessments=(Assessment(id="a1"),),
    )
    bench = Bench(facts=facts).send(enrolled(at(0)))
    expected = [
        progress_summary(view(bench, at(d))).courses[0].expected_progress for d in (5, 15, 25)
    ]
    assert expected == [25.0, 50.0, 75.0]


@pytest.mark.parametrize(
    ("progress", "average", "expected"),
    [
        (80, 80, "Advanced"),
        (79.9, 80, "Intermediate"),
        (80, 79.9, "Intermediate"),
        (30, 60, "Intermediate"),
        (30, 59.9, "Beginner"),
        (29, 95, "Beginner"),
        (95, None, "Intermediate"),
        (10, None, "Beginner"),
        (None, 90, None),
    ],
)
def test_levels(progress: float | None, average: float | None, expected: str | None) -> None:
    assert level(progress, average, None) == expected


def test_a_streak_counts_to_yesterday_while_today_is_empty() -> None:
    bench = Bench().send(*(viewed(at(day)) for day in range(3)))
    shown = progress_summary(view(bench, at(3)))
    assert (shown.streak_days, shown.active_today) == (3, False)
    assert shown.streak_ends_at == "2024-03-08T00:00:00Z"
    gone = progress_summary(view(bench, at(4)))
    assert (gone.streak_days, gone.longest_streak_days, gone.streak_ends_at) == (0, 3, None)


def test_work_just_before_a_streak_ends_keeps_it_and_later_work_does_not() -> None:
    bench = Bench().send(viewed(at(0, hours=14)), viewed(at(1, hours=14)))  # until 23:00
    ends = at(3, hours=2) + timedelta(seconds=1)  # 36 hours later: 11:00 on the day after tomorrow
    assert progress_summary(view(bench, at(1, hours=14))).streak_ends_at == ends.strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    kept = Bench().send(viewed(at(0, hours=14)), viewed(at(1, hours=14)), viewed(at(3, hours=2)))
    lost = Bench().send(viewed(at(0, hours=14)), viewed(at(1, hours=14)), viewed(at(3, hours=3)))
    assert kept.learner().streak.length == 3
    assert lost.learner().streak.length == 1


def test_the_next_due_is_the_first_open_required_one() -> None:
    facts = course(3, {"a1": at(1), "a2": at(3), "a3": at(5)})
    bench = Bench(facts=facts).send(enrolled(at(0)), submitted(at(0), "a2"))
    due = progress_summary(view(bench, at(2))).courses[0].next_due
    assert due is not None
    assert (due.assessment_id, due.title, due.due_at) == ("a3", "A3", "2024-03-09T09:00:00Z")


def test_the_newest_events_come_first_with_their_titles() -> None:
    facts = course(3, {"a1": at(1)}, title="Statistics")
    bench = Bench(facts=facts).send(
        enrolled(at(0)), viewed(at(0, hours=1), count=4), graded(at(0, hours=2), 87.25, "a1")
    )
    shown = dashboard(view(bench, at(1))).recent_activities
    assert [(each.type, each.by) for each in shown] == [
        ("assessment_graded", "system"),
        ("content_viewed", "learner"),
        ("enrolled", "system"),
    ]
    assert (shown[0].object.kind, shown[0].object.title, shown[0].score) == (
        "assessment",
        "A1",
        87.2,
    )
    assert (shown[1].count, shown[2].object.id, shown[2].course_title) == (4, "c1", "Statistics")


def test_goals_are_listed_and_not_measured_yet() -> None:
    goal = event("goal_set", at(0), goal_id="g1", metric="weekly_minutes", target=120)
    shown = dashboard(view(Bench().send(goal), at(1))).goals
    assert [(g.goal_id, g.unit, g.target, g.current, g.status) for g in shown] == [
        ("g1", "minutes", 120, None, "no_data")
    ]


def test_a_level_is_left_only_five_points_under_its_bar() -> None:
    assert level(76, 76, "Advanced") == "Advanced"
    assert level(74, 90, "Advanced") == "Intermediate"
    assert level(26, 56, "Intermediate") == "Intermediate"
    assert level(26, 56, "Beginner") == "Beginner"
    assert level(24, 90, "Intermediate") == "Beginner"
    assert level(26, None, "Intermediate") == "Intermediate"


def test_a_level_rests_on_those_before_it_whatever_the_order_of_arrival() -> None:
    modules = [completed(at(n), f"m{n + 1}") for n in range(8)]
    grades = [graded(at(8), 81), graded(at(9), 71, "a2"), graded(at(10), 40, "a3")]
    for count, expected in ((1, "Advanced"), (2, "Advanced"), (3, "Intermediate")):
        for arriving in ([*modules, *grades[:count]], [*reversed(grades[:count]), *modules]):
            bench = Bench(facts=course(modules=10)).send(*arriving)
            assert progress_summary(view(bench, at(11))).current_level == expected
