"""The engagement level, what it is made of, the segment, regularity and patterns."""

import pytest

from domain.course_facts import WeeklyTargets
from metrics.dashboard import dashboard
from metrics.engagement import compared_level, engagement, segment
from metrics.shapes_trends import TrendAnalysis, TrendType
from metrics.trends import trend_analysis
from metrics.view import Cohort, CohortCourse
from tests.factories import Bench, at, course, enrolled, event, graded, submitted, viewed
from tests.viewing import view


def cohort(**figures: float | None) -> Cohort:
    unknown: dict[str, float | None] = dict.fromkeys(
        ("active_days", "minutes", "activities", "discussion", "engagement_p15", "engagement_p85")
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


def test_the_level_is_the_weighted_share_of_the_default_targets() -> None:
    found = engagement(view(week_of_work(), at(5)))
    assert [(c.code, c.value, c.target, c.score) for c in found.components] == [
        ("active_days", 4, 4.0, 100.0),
        ("minutes", 256, 180.0, 100.0),
        ("activities", 32, 30.0, 100.0),
        ("discussion", 0, 2.0, 0.0),
        ("punctuality", None, 1.0, None),
    ]
    assert (found.level, found.basis) == (round(100 * 0.75 / 0.85), "default")
    assert sum(c.weight for c in found.components) == pytest.approx(1, abs=0.002)


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
    assert found.level == round(100 * (0.3 + 0.2 * 4 / 30) / 0.6)


def test_without_work_or_course_there_is_no_level() -> None:
    assert engagement(view()).level is None
    assert engagement(view(Bench().send(enrolled(at(0))), at(1))).level is None


def test_segments_say_why() -> None:
    bench = week_of_work()
    known = cohort(engagement_p15=20, engagement_p85=80)

    def where(day: float) -> str | None:
        looked = view(bench, at(day), cohort=known)
        found, why = segment(looked, engagement(looked))
        assert (found is None) == (why is None)
        return found

    assert [where(day) for day in (5, 9, 11, 20)] == [
        "highly_engaged",
        "typical",
        "disengaging",
        "inactive",
    ]
    bench.send(*(graded(at(4), 20, f"a{n}") for n in range(3)))
    assert where(5) == "struggling"


def test_the_level_that_is_compared_leaves_punctuality_out() -> None:
    """Late with everything, the level falls; the course's percentiles know nothing of that."""
    known = cohort(engagement_p15=20, engagement_p85=88)
    bench = week_of_work().adopt("course", course(0, {"a1": at(1), "a2": at(2)}))
    looked = view(bench, at(5), cohort=known)
    assert compared_level(looked, "c1") == pytest.approx(100 * 0.75 / 0.85)
    assert engagement(looked).level == 75
    found, why = segment(looked, engagement(looked))
    assert (found, why and why.params) == ("highly_engaged", {"level": 88.2, "threshold": 88})


def test_in_two_courses_the_lower_standing_counts_and_the_higher_bar() -> None:
    bench = week_of_work().send(enrolled(at(0), course_id="c2"))
    figures = dict.fromkeys(("active_days", "minutes", "activities", "discussion"))

    def where(*bounds: tuple[float, float]) -> str | None:
        rows = {
            name: CohortCourse(course_id=name, engagement_p15=low, engagement_p85=high, **figures)
            for name, (low, high) in zip(("c1", "c2"), bounds, strict=False)
        }
        looked = view(bench, at(5), cohort=Cohort(courses=rows, as_of=1))
        return segment(looked, engagement(looked))[0]

    assert where((10, 80), (10, 85)) == "highly_engaged"
    assert where((10, 80), (10, 95)) == "typical"
    assert where((10, 80), (90, 95)) == "disengaging"
    assert where((10, 80)) == "highly_engaged"


def test_of_when_the_courses_figures_are_is_said() -> None:
    looked = view(week_of_work(), at(5), cohort=cohort(engagement_p15=20))
    assert dashboard(looked).realtime_metrics.cohort_as_of == "1970-01-01T00:00:07Z"
    others = Cohort(courses={}, as_of=7)
    nothing = dashboard(view(week_of_work(), at(5), cohort=others)).realtime_metrics
    assert (nothing.cohort_as_of, nothing.engagement_basis) == (None, "default")


def test_without_a_cohort_only_silence_and_scores_speak() -> None:
    looked = view(week_of_work(), at(5))
    assert segment(looked, engagement(looked)) == (None, None)


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


def test_posts_count_for_discussion() -> None:
    bench = Bench().send(event("discussion_posted", at(0), post_id="p1"))
    component = engagement(view(bench, at(0))).components[3]
    assert (component.code, component.value, component.score) == ("discussion", 1, 50.0)
