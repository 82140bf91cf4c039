"""The edges of the metrics: days without times, recommendations one by one, percentiles at zero."""

import re
from dataclasses import replace
from datetime import date, timedelta

from domain.course_facts import Assessment, CourseFacts
from metrics.assessments import completion
from metrics.completion import completion_predictions
from metrics.dashboard import dashboard
from metrics.engagement import engagement
from metrics.insights import insights
from metrics.patterns import submission_habits
from metrics.progress_summary import progress_summary
from metrics.recommendations import learning_recommendations
from metrics.trends import trend_analysis
from metrics.windows import reaches
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
from tests.schemas import ROOT
from tests.viewing import view


def reasons(bench: Bench, day: float) -> list[str]:
    return [each.reason.code for each in learning_recommendations(view(bench, at(day)))]


def test_by_date_is_in_time_where_no_time_of_day_is_known() -> None:
    facts = course(0, {"a1": at(2), "a2": at(3), "a3": at(5), "a4": at(9)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)),
        submitted(at(1), "a1", precision="day"),
        submitted(at(3, hours=3), "a2", precision="day"),  # after the due hour, on the due date
        submitted(at(6), "a3", precision="day"),
    )
    looked = view(bench, at(8))
    found = completion(looked, looked.today - 30, looked.today)
    assert (found.due, found.done, found.in_time) == (3, 3, 2)
    habits = submission_habits(looked, looked.today - 30)
    assert (habits.early, habits.last_day, habits.late) == (1, 1, 1)
    assert habits.median_hours_before_due is None


def test_a_second_late_is_no_negative_nothing() -> None:
    bench = Bench(facts=course(0, {"a1": at(2), "a2": at(3), "a3": at(4), "a9": at(9)})).send(
        enrolled(at(0)),
        *(submitted(at(2 + n) + timedelta(seconds=1), f"a{n + 1}") for n in range(3)),
    )
    looked = view(bench, at(5))
    habits = submission_habits(looked, looked.today - 30)
    assert (habits.late, str(habits.median_hours_before_due)) == (3, "0.0")


def test_figures_are_rounded_by_one_helper() -> None:
    """`round(x, digits)` leaves -0.0, which is no number that a reader knows."""
    own = re.compile(r"(?<![a-z_.])round\([^\n]*, ?(?:\w*DIGITS|\d)\)")
    written = {path.name: path.read_text() for path in sorted((ROOT / "metrics").glob("*.py"))}
    assert {name for name, text in written.items() if own.search(text)} == set()


def test_an_event_that_is_a_little_ahead_does_not_make_tomorrow_today() -> None:
    """One is accepted up to ten minutes ahead: at 23:55 it may be tomorrow's."""
    ahead = at(1, hours=15, minutes=5)  # 00:05 of the next day
    bench = Bench(facts=course(0, {"b1": at(9)})).send(
        enrolled(at(0)), viewed(at(1)), viewed(ahead), submitted(ahead, "b1"), graded(ahead, 80)
    )
    looked = view(bench, ahead - timedelta(minutes=10))
    shown, trends = dashboard(looked), trend_analysis(looked, 7, "comprehensive")
    assert shown.realtime_metrics.daily_activities == 1
    assert shown.learning_sessions.current is None
    assert {each.occurred_at[:10] for each in shown.recent_activities} == {
        "2024-03-04",
        "2024-03-05",
    }
    assert trends.learning_trends is not None
    assert trends.pattern_analysis is not None
    assert trends.performance_trends is not None
    assert trends.learning_trends.activities == 1
    assert trends.pattern_analysis.submission_habits.missing[0].have == 0
    assert trends.performance_trends.by_course[0].score_count == 0


def test_a_date_that_was_written_is_seen_west_of_where_it_was() -> None:
    """At 00:00 UTC of 5 March it is the evening of 4 March in Los Angeles."""
    zone, midnight = "America/Los_Angeles", at(0, hours=15)
    timed = Bench().send(viewed(midnight, timezone=zone))
    assert view(timed, midnight).today == date(2024, 3, 4).toordinal()
    worked = Bench().send(viewed(midnight, timezone=zone, precision="day"))
    shown = dashboard(view(worked, midnight))
    assert shown.realtime_metrics.daily_activities == 1
    assert (shown.progress_summary.streak_days, shown.progress_summary.active_today) == (1, True)
    assert shown.performance_trends.daily[-1].date == "2024-03-05"
    graded_only = Bench().send(graded(midnight, 80, timezone=zone, precision="day"))
    assert dashboard(view(graded_only, midnight)).performance_trends.daily[-1].average_score == 80


def test_a_date_that_was_written_a_little_ahead_does_not_make_tomorrow_today() -> None:
    midnight = at(0, hours=15)
    bench = Bench().send(
        viewed(midnight, precision="day"), graded(midnight, 80, precision="day"), viewed(at(0))
    )
    assert view(bench, midnight - timedelta(seconds=1)).today == date(2024, 3, 4).toordinal()
    assert view(bench, midnight).today == date(2024, 3, 5).toordinal()


def test_what_was_due_before_the_enrolment_or_was_banked_was_never_asked_for() -> None:
    facts = course(0, {"a1": at(1), "a2": at(6), "a3": at(7)})
    bench = Bench(facts=facts).send(enrolled(at(5)), graded(at(5), 80, "a2", banked=True))
    looked = view(bench, at(8))
    found = completion(looked, looked.today - 30, looked.today)
    assert (found.due, found.done) == (1, 0)


def test_a_course_without_facts_has_no_dues_and_no_schedule() -> None:
    looked = view(Bench().send(enrolled(at(0)), viewed(at(0))), at(1))
    assert completion(looked, looked.today - 30, looked.today).rate is None
    assert progress_summary(looked).courses[0].expected_progress is None


def test_a_required_assessment_without_a_due_time_leaves_the_schedule_unknown() -> None:
    facts = CourseFacts(
        course_id="c1", assessments=(Assessment(id="a1", due_at=seconds(at(1))), Assessment(id="x"))
    )
    looked = view(Bench(facts=facts).send(enrolled(at(0))), at(2))
    assert progress_summary(looked).courses[0].expected_progress is None


def test_a_proven_decline_and_silence_each_bring_a_step() -> None:
    falling = Bench().send(*(graded(at(n), p, f"a{n}") for n, p in enumerate((96, 89, 83, 75))))
    assert reasons(falling, 4) == ["recommendation.declining"]
    steady = Bench().send(*(viewed(at(day)) for day in range(8)))
    assert [reasons(steady, day) for day in (7, 13, 14)] == [[], [], ["recommendation.inactive"]]


def test_a_level_that_fell_against_what_is_expected_brings_a_step_of_its_own() -> None:
    grades = {"a0": 96, "a1": 84, "a2": 70, "a3": 60}
    bench = Bench().send(*(graded(at(n), p, a) for n, (a, p) in enumerate(grades.items())))
    state = bench.learner()
    for work in state.courses[0].work:
        work.grades[0].expected = 70
    found = learning_recommendations(replace(view(bench, at(4)), state=state))
    assert [each.reason.code for each in found] == ["recommendation.level_declining"]
    assert found[0].reason.params["scores"] == len(grades)


def test_a_week_long_streak_and_a_near_deadline_are_insights() -> None:
    bench = Bench(facts=course(3, {"a1": at(8), "a2": at(8.5), "a3": at(9)}))
    looked = view(bench.send(*(viewed(at(day)) for day in range(8))), at(7))
    found = insights(looked, engagement(looked))
    assert [each.text for each in found] == [
        "Submit A1 (due 12 March) in the next 24 h",
        "You have worked 8 days in a row",
    ]
    assert [each.tone for each in found] == ["neutral", "praise"]


def test_a_course_that_is_over_has_no_needed_pace() -> None:
    bench = Bench(facts=course(9, ends_at=seconds(at(5)))).send(
        enrolled(at(0)), *(completed(at(n), f"m{n + 1}") for n in range(4))
    )
    one = completion_predictions(view(bench, at(6)), 30)[0]
    assert (one.probability_by_course_end, one.needed_pace_per_week) == (0.0, None)
    assert one.schedule == "unknown"


def test_a_pace_that_died_gives_no_date() -> None:
    bench = Bench(facts=course(90)).send(
        enrolled(at(0)), *(completed(at(n), f"m{n + 1}") for n in range(4))
    )
    one = completion_predictions(view(bench, at(200)), 30)[0]
    assert (one.status, one.expected_date, one.latest_date) == ("ok", None, None)
    assert one.probability_by_horizon == 0.0


def test_trimmed_buckets_reach_only_as_far_as_they_stand() -> None:
    bench = Bench().send(*(viewed(at(day)) for day in range(40)))
    state = bench.learner()
    first = state.days[0].day
    looked = view(bench, at(39))
    assert reaches(looked, first - 5, first + 5)  # nothing was there before the first event
    assert not reaches(looked, first - 10, first - 1)
    del looked.state.days[:20]
    looked.state.overflow.days = 20
    assert not reaches(looked, first, first + 25)
    assert reaches(looked, first + 20, first + 30)


def test_nothing_seen_is_forecast_as_at_most_a_little() -> None:
    bench = Bench().send(enrolled(at(0)), event("session_started", at(0)))
    shown = trend_analysis(view(bench, at(40)), 30, "performance").forecast
    assert shown is not None
    point = shown.activities.points[0]
    assert (point.value, point.low, point.high) == (0.0, 0.0, 0.1)


def test_somebody_unknown_has_no_pattern() -> None:
    shown = trend_analysis(view(), 90, "comprehensive")
    assert shown.learning_trends is not None
    assert shown.learning_trends.activity_pattern is None
    assert shown.learning_trends.previous.activities is None
    assert shown.engagement_trends is not None
    assert shown.engagement_trends.segment is None
