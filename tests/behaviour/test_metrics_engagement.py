"""The engagement level, what it is made of, the segment, regularity and patterns."""

from itertools import pairwise

import pytest

from domain.course_facts import WeeklyTargets
from metrics.dashboard import dashboard
from metrics.engagement import compared_level, engagement, level_on
from metrics.shapes_trends import TrendAnalysis, TrendType
from metrics.trends import trend_analysis
from metrics.view import Cohort, CohortCourse
from tests.factories import Bench, at, course, enrolled, event, submitted, viewed
from tests.viewing import view


def cohort(**figures: float | None) -> Cohort:
    unknown: dict[str, float | None] = dict.fromkeys(
        ("active_days", "minutes", "activities", "discussion", "engagement_p70", "engagement_p85")
    )
    return Cohort(courses={"c1": CohortCourse(course_id="c1", **(unknown | figures))}, as_of=7)


def week_of_work() -> Bench:
    """Four days with an hour and eight activities each: 32 of them, 240 minutes."""
    bench = Bench(facts=course(5)).send(enrolled(at(0)))
    for day in range(4):
        bench.send(
            *(
                viewed(at(day, minutes=8 * n), f"page-{n}", duration_seconds=480 if n == 7 else 0)
                for n in range(8)
            )
        )
    return bench


def plain_level(days: int, day: int) -> float:
    """The level of `week_of_work` on a day, by the definition; `days` of it count at most."""
    levels = []
    for on in range(max(0, day - days + 1), day + 1):
        worked = sum(1 for each in range(4) if on - 6 <= each <= on)
        shares = (min(1, worked / 4), min(1, 64 * worked / 180), min(1, 8 * worked / 30))
        levels.append(100 * (0.3 * shares[0] + 0.25 * shares[1] + 0.2 * shares[2]) / 0.75)
    weights = [2 ** (-back / 7) for back in reversed(range(len(levels)))]
    return sum(w * v for w, v in zip(weights, levels, strict=True)) / sum(weights)


def test_the_components_are_of_the_newest_week() -> None:
    found = engagement(view(week_of_work(), at(5)))
    assert [(c.code, c.value, c.target, c.score) for c in found.components] == [
        ("active_days", 4, 4.0, 100.0),
        ("minutes", 256, 180.0, 100.0),
        ("activities", 32, 30.0, 100.0),
        ("discussion", 0, 0.0, None),
        ("punctuality", None, 1.0, None),
    ]
    assert found.basis == "default"
    assert sum(c.weight for c in found.components) == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("day", [0, 3, 5, 9, 12, 21, 22, 27])
def test_the_level_is_smoothed_over_22_days_with_a_half_life_of_seven(day: int) -> None:
    looked = view(week_of_work(), at(day))
    assert engagement(looked).level == round(plain_level(22, day))
    assert compared_level(looked, "c1", looked.today) == pytest.approx(plain_level(22, day))


def test_no_day_moves_the_level_of_a_steady_learner_far() -> None:
    """Four days a week for ten weeks, then nothing: raw, a day that leaves takes 25 points."""
    days = [7 * week + day for week in range(10) for day in range(4)]
    bench = Bench().send(*(viewed(at(day), f"p{n}") for day in days for n in range(3)))
    looked = view(bench, at(90))
    levels = [level_on(looked, looked.today - 90 + day) for day in range(28, 90)]
    moves = [abs((a or 0) - (b or 0)) for a, b in pairwise(levels)]
    assert max(moves) < 10
    assert (levels[-1] or 0) < 5


def test_a_learner_of_long_ago_does_not_begin_anew_after_a_silence() -> None:
    """The oldest days are kept no more: the level rises slowly, as after any silence."""
    old = Bench().send(*(viewed(at(day)) for day in range(5)))
    old.send(*(viewed(at(120), f"p{n}") for n in range(9)))
    new = Bench().send(*(viewed(at(120), f"p{n}") for n in range(9)))
    slow, fast = (engagement(view(bench, at(120))).level for bench in (old, new))
    assert slow is not None
    assert fast is not None
    assert slow < fast / 5


def test_weeks_that_the_buckets_do_not_reach_are_in_no_level() -> None:
    bench = Bench().send(*(viewed(at(day), f"p{n}") for day in range(120) for n in range(3)))
    looked = view(bench, at(119))
    assert {level_on(looked, looked.today - back) for back in range(83)} == {
        level_on(looked, looked.today)
    }


def test_what_the_course_asks_for_comes_before_what_others_do() -> None:
    facts = course(5, weekly_targets=WeeklyTargets(active_days=8))
    bench = week_of_work().adopt("course", facts)
    found = engagement(view(bench, at(5), cohort=cohort(active_days=2, activities=64)))
    targets = {c.code: c.target for c in found.components}
    assert (targets["active_days"], targets["activities"], targets["minutes"]) == (8, 64, 180)
    assert found.basis == "course"


def test_punctuality_is_what_was_in_time_of_what_was_due_in_28_days() -> None:
    facts = course(0, {"a1": at(1), "a2": at(2), "a3": at(3), "a4": at(40)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)), submitted(at(1), "a1"), submitted(at(2, hours=1), "a2")
    )
    component = engagement(view(bench, at(5))).components[-1]
    assert (component.code, component.value) == ("punctuality", 0.333)
    assert engagement(view(bench, at(36))).components[-1].value is None


def test_a_source_without_times_of_day_leaves_minutes_out() -> None:
    bench = Bench().send(*(viewed(at(day), precision="day") for day in range(4)))
    found = engagement(view(bench, at(4)))
    minutes = next(c for c in found.components if c.code == "minutes")
    assert (minutes.value, minutes.score, minutes.weight) == (None, None, 0)
    assert found.level is not None


def test_without_work_or_course_there_is_no_level() -> None:
    assert engagement(view()).level is None
    assert engagement(view(Bench().send(enrolled(at(0))), at(1))).level is None


def test_of_when_the_courses_figures_are_is_said() -> None:
    looked = view(week_of_work(), at(5), cohort=cohort(engagement_p70=20))
    assert dashboard(looked).realtime_metrics.cohort_as_of == "1970-01-01T00:00:07Z"
    others = Cohort(courses={}, as_of=7)
    nothing = dashboard(view(week_of_work(), at(5), cohort=others)).realtime_metrics
    assert (nothing.cohort_as_of, nothing.engagement_basis) == (None, "default")


def test_the_same_weekdays_every_week_are_consistent() -> None:
    days = [7 * week + weekday for week in range(5) for weekday in (0, 2, 4)]
    bench = Bench().send(enrolled(at(0)), *(viewed(at(day)) for day in days))
    shown = trend_analysis(view(bench, at(34)), 35, "engagement").engagement_trends
    assert shown is not None
    assert shown.consistency_score == 100.0
    assert len(shown.weekly) == 5
    early = trend_analysis(view(bench, at(13)), 30, "engagement").engagement_trends
    assert early is not None
    assert early.consistency_score is None


def test_concentration_needs_thirty_events() -> None:
    few = Bench().send(*(viewed(at(day)) for day in range(29)))
    many = Bench().send(*(viewed(at(day), f"p{n}") for day in range(35) for n in range(2)))
    shown = [
        trend_analysis(view(bench, at(34)), 35, "engagement").engagement_trends
        for bench in (few, many)
    ]
    assert [each.weekday_concentration for each in shown if each] == [None, 0.0]
    assert [each.hour_concentration for each in shown if each] == [None, 1.0]


def test_peaks_are_said_only_where_they_stand_out_on_three_days() -> None:
    evening = Bench().send(
        *(viewed(at(day, hours=10 + n, minutes=5), f"p{n}") for day in range(12) for n in range(3))
    )
    shown = trend_analysis(view(evening, at(12)), 30, "patterns").pattern_analysis
    assert shown is not None
    peaks = shown.productivity_peaks
    assert peaks.status == "ok"
    assert [(p.from_hour, p.to_hour) for p in peaks.hours] == [(18, 23)] or [
        (p.from_hour, p.to_hour) for p in peaks.hours
    ] == [(19, 22)]
    assert len(peaks.hour_histogram) == 24
    assert shown.learning_preferences[0].content_kind == "page"
    assert shown.learning_preferences[0].share == 1.0

    untimed = Bench().send(*(viewed(at(day), precision="day") for day in range(12)))
    other = trend_analysis(view(untimed, at(12)), 30, "patterns").pattern_analysis
    assert other is not None
    assert other.productivity_peaks.missing[0].code == "time_of_day"
    assert other.productivity_peaks.hours == []


def test_submission_habits_count_early_last_day_and_late() -> None:
    facts = course(0, {"a1": at(3), "a2": at(5), "a3": at(7)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)),
        submitted(at(1), "a1"),
        submitted(at(4, hours=20), "a2"),
        submitted(at(7, hours=6), "a3"),
    )
    shown = trend_analysis(view(bench, at(8)), 30, "patterns").pattern_analysis
    assert shown is not None
    habits = shown.submission_habits
    assert (habits.early, habits.last_day, habits.late) == (1, 1, 1)
    assert habits.median_hours_before_due == 4.0


def test_minutes_hours_and_sessions_of_day_events_are_not_known() -> None:
    bench = Bench().send(*(viewed(at(day), precision="day") for day in range(20)))
    shown = trend_analysis(view(bench, at(20)), 30, "comprehensive")
    assert shown.learning_trends is not None
    assert shown.session_analysis is not None
    assert shown.engagement_trends is not None
    assert shown.learning_trends.minutes is None
    assert {row.minutes for row in shown.learning_trends.daily} == {None}
    sessions = shown.session_analysis
    assert (sessions.total_minutes, sessions.median_minutes, sessions.per_week) == (None,) * 3
    assert sessions.missing[0].code == "time_of_day"
    assert shown.engagement_trends.hour_concentration is None


def test_a_silent_week_of_somebody_with_times_has_zero_minutes() -> None:
    bench = Bench().send(viewed(at(0), duration_seconds=600))
    shown = trend_analysis(view(bench, at(20)), 7, "learning").learning_trends
    assert shown is not None
    assert (shown.activities, shown.minutes) == (0, 0)


def test_only_what_was_asked_for_is_there() -> None:
    def told(kind: TrendType) -> TrendAnalysis:
        return trend_analysis(view(Bench().send(viewed(at(0))), at(0)), 7, kind)

    kinds: tuple[TrendType, ...] = ("learning", "performance", "engagement", "patterns")
    sections = (
        "learning_trends",
        "performance_trends",
        "engagement_trends",
        "pattern_analysis",
        "session_analysis",
        "forecast",
    )
    shown = {kind: [name for name in sections if getattr(told(kind), name)] for kind in kinds}
    assert shown == {
        "learning": ["learning_trends", "session_analysis"],
        "performance": ["performance_trends", "forecast"],
        "engagement": ["engagement_trends", "session_analysis"],
        "patterns": ["pattern_analysis"],
    }


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (range(28), "daily"),
        ([d for d in range(28) if d % 7 < 5 and d % 2 == 0], "weekdays"),
        ([5, 6, 12, 13, 19, 20], "weekends"),
        ([0, 6, 9, 13, 20, 24], "irregular"),
        ([0, *[5] * 20, *[6] * 20, 9, 13, 20, 24], "weekends"),
        ([0, *[2] * 20, 6, 9, 13, 20, 24], "bursts"),
        ([0, 1], None),
    ],
)
def test_activity_patterns(days: list[int], expected: str | None) -> None:
    views = [viewed(at(day, minutes=n), f"p{n}") for n, day in enumerate(days)]
    bench = Bench().send(enrolled(at(0)), *views)
    shown = trend_analysis(view(bench, at(27)), 28, "learning").learning_trends
    assert shown is not None
    assert shown.activity_pattern == expected


def test_discussion_counts_only_where_the_course_had_a_post_in_28_days() -> None:
    bench = Bench().send(event("discussion_posted", at(0), post_id="p1"), viewed(at(20)))

    def discussion(day: int, known: Cohort | None = None) -> tuple[float, float | None]:
        component = engagement(view(bench, at(day), cohort=known)).components[3]
        return component.target, component.score

    assert discussion(0) == (2.0, 50.0)
    assert [discussion(day) for day in (27, 28)] == [(2.0, 0.0), (0.0, None)]
    assert discussion(28, cohort(discussion=1.5)) == (1.5, 0.0)
