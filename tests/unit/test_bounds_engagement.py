"""Engagement, regularity and patterns at their bounds, by the definitions of docs/metrics.md."""

from collections.abc import Mapping

import pytest

from domain.course_facts import Assessment, CourseFacts, Module
from metrics.activity import recent_activities
from metrics.engagement import engagement, level_on
from metrics.engagement_trends import (
    consistency_score,
    engagement_trends,
    hour_concentration,
    weekday_concentration,
    weekday_pattern,
)
from metrics.goals import goals
from metrics.learning import activity_trend, learning_trends
from metrics.patterns import learning_preferences, pattern_analysis, submission_habits
from metrics.trends import trend_analysis
from metrics.view import Cohort, CohortCourse, View
from tests.factories import Bench, at, course, enrolled, event, submitted, viewed
from tests.viewing import view

UNKNOWN = ("active_days", "minutes", "activities", "discussion", "engagement_p70", "engagement_p85")


def cohort(**figures: float | None) -> Cohort:
    known: dict[str, float | None] = {**dict.fromkeys(UNKNOWN), **figures}
    return Cohort(courses={"c1": CohortCourse(course_id="c1", **known)}, as_of=7)


def worked(counts: Mapping[int, int], until: int) -> View:
    """So many activities on these days after a Monday, looked at on the day `until`."""
    return view(Bench().send(*views(counts)), at(until))


def views(counts: Mapping[int, int]) -> list[dict[str, object]]:
    return [
        viewed(at(day, minutes=n), f"p{day}-{n}")
        for day, count in counts.items()
        for n in range(count)
    ]


# -- the level ---------------------------------------------------------------------------------


def test_the_level_is_of_seven_days_and_its_figures_have_three_decimals() -> None:
    looked = worked({0: 9, 1: 1, 7: 1, 8: 99}, 7)
    known = {each.code: each for each in engagement(looked).components}
    assert (known["active_days"].value, known["activities"].value) == (2, 2)
    the_day_before = worked({0: 9, 1: 1, 7: 1, 8: 99}, 6)
    earlier = {each.code: each for each in engagement(the_day_before).components}
    assert (earlier["active_days"].value, earlier["activities"].value) == (2, 10)
    assert [known[code].weight for code in ("active_days", "minutes", "activities")] == [
        0.4,
        0.333,
        0.267,
    ]
    assert known["activities"].score == 6.7
    asked = view(Bench().send(*views({0: 1})), at(0), cohort=cohort(activities=2.34567))
    component = {each.code: each for each in engagement(asked).components}["activities"]
    assert (component.target, component.score) == (2.346, 42.6)


def test_a_target_of_nothing_is_left_out() -> None:
    looked = view(Bench().send(*views({0: 40})), at(0), cohort=cohort(discussion=0))
    known = {each.code: each for each in engagement(looked).components}
    assert (known["discussion"].score, known["discussion"].weight) == (None, 0)
    assert known["activities"].score == 100


def test_punctuality_is_of_28_days() -> None:
    facts = course(0, {"a1": at(1)})
    bench = Bench(facts=facts).send(enrolled(at(0)), submitted(at(1), "a1"))
    values = [engagement(view(bench, at(day))).components[-1].value for day in (28, 29)]
    assert values == [1, None]


# -- regularity ----------------------------------------------------------------------------------


def test_consistency_is_share_of_weeks_times_likeness() -> None:
    """Weeks of {Mon, Tue}, {Tue}, none, {Sun}: likeness 1/2, 0, 0."""
    looked = worked({0: 1, 1: 1, 8: 1, 27: 1}, 27)
    assert consistency_score(looked, 28) == pytest.approx(100 * 3 / 4 * (1 / 2) / 3, abs=0.05)
    silent = worked({0: 1, 1: 1}, 35)
    assert consistency_score(silent, 28) == 0
    assert consistency_score(worked({0: 1, 13: 1}, 13), 28) is None
    assert consistency_score(worked({0: 1, 7: 1, 14: 1}, 20), 28) == 100
    both = worked({0: 1, 6: 1, 7: 1, 13: 1, 14: 1, 20: 1}, 20)
    assert consistency_score(both, 28) == 100
    last = worked({0: 1, 6: 1, 7: 1, 14: 1}, 20)
    assert consistency_score(last, 28) == 75  # (1/2 + 1) / 2


def test_concentration_takes_thirty_events() -> None:
    for count, enough in ((29, False), (30, True)):
        looked = worked({0: count}, 6)
        assert (hour_concentration(looked) is not None) is enough
        assert (weekday_concentration(looked, 7) is not None) is enough
    found = weekday_concentration(worked({0: 60, 7: 30}, 13), 14)
    assert found == 1.0
    assert weekday_concentration(worked({1: 40, 14: 30}, 20), 7) == 1.0


def test_weekdays_are_of_the_periods_days_and_their_concentration_of_its_whole_weeks() -> None:
    looked = worked({0: 20, 1: 40, 7: 30, 8: 1}, 8)
    assert [each.activities for each in weekday_pattern(looked, 8)] == [30, 41, 0, 0, 0, 0, 0]
    assert [each.activities for each in weekday_pattern(looked, 7)] == [30, 1, 0, 0, 0, 0, 0]
    assert [each.weekday for each in weekday_pattern(looked, 7)] == [1, 2, 3, 4, 5, 6, 7]
    assert weekday_concentration(looked, 8) == weekday_concentration(looked, 7)
    minutes = [each.minutes for each in weekday_pattern(looked, 8)]
    assert minutes[0] == 29


@pytest.mark.parametrize(
    ("weekly", "levels", "direction"),
    [
        ((10, 5, 5, 5, 17), (21, 17, 16, 15, 22), "stable"),  # the slope is within +-1.86
        ((11, 5, 5, 5, 18), (22, 17, 16, 15, 23), "unclear"),  # within +-2.18
    ],
)
def test_levels_within_two_points_a_week_are_stable(
    weekly: tuple[int, ...], levels: tuple[int, ...], direction: str
) -> None:
    """A day of c activities: 100 x (.3 / 4 + .25 x (c - 1) / 180 + .2 c / 30) / .75, smoothed."""
    looked = worked({7 * week: count for week, count in enumerate(weekly)}, 34)
    found = [level_on(looked, looked.today - 7 * back) for back in range(4, -1, -1)]
    assert tuple(found) == levels
    assert engagement_trends(looked, 35).trend.direction == direction
    assert engagement_trends(looked, 35).trend.n == 5


def test_a_section_of_engagement_takes_one_active_day_of_the_period() -> None:
    for counts, status in (({0: 1}, "insufficient_data"), ({1: 1}, "ok")):
        shown = engagement_trends(worked(counts, 7), 7)
        assert shown.status == status
    assert [(each.have, each.need) for each in engagement_trends(view(), 7).missing] == [(0, 1)]


@pytest.mark.parametrize(
    ("weekly", "direction"),
    [
        ((100, 100, 100, 100), "stable"),
        ((54, 58, 56, 59), "stable"),  # within +-4.93 % of the mean
        ((53, 49, 54, 53), "unclear"),  # within +-5.15 %
        ((20, 40, 60, 80), "improving"),
    ],
)
def test_weekly_sums_are_stable_within_5_percent_of_their_mean(
    weekly: tuple[int, ...], direction: str
) -> None:
    counts = {
        7 * week + day: count // 5 + (day < count % 5)
        for week, count in enumerate(weekly)
        for day in range(5)
    }
    shown = activity_trend(worked(counts, 27), 28)
    assert (shown.direction, shown.n) == (direction, 4)


def test_what_was_due_in_the_period_is_counted_by_its_days() -> None:
    facts = course(0, {f"a{n}": at(n) for n in range(10)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)), submitted(at(3), "a3"), submitted(at(5), "a4"), viewed(at(9))
    )
    shown = learning_trends(view(bench, at(9)), 7)
    assert (shown.due, shown.done) == (7, 2)
    assert (shown.completion_rate, shown.on_time_rate) == (28.6, 14.3)
    assert [each.date for each in shown.daily][:1] == ["2024-03-07"]
    assert [each.assessments for each in shown.daily] == [1, 0, 1, 0, 0, 0, 0]


# -- patterns ------------------------------------------------------------------------------------


def test_habits_are_of_what_was_submitted_in_the_period_and_today() -> None:
    facts = course(0, {f"a{n}": at(20) for n in range(3)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)), *(submitted(at(day), f"a{n}") for n, day in enumerate((3, 4, 10)))
    )
    looked = view(bench, at(10))
    shown = submission_habits(looked, looked.today - 6)
    assert (shown.early, shown.status) == (2, "ok")
    assert shown.median_hours_before_due == 24 * 13
    later = submission_habits(looked, looked.today + 1)
    assert (later.early, later.status, later.median_hours_before_due) == (
        0,
        "insufficient_data",
        None,
    )
    assert [(each.have, each.need) for each in later.missing] == [(0, 1)]


def test_a_date_before_the_due_date_is_early_where_no_time_is_known() -> None:
    facts = course(0, {f"a{n}": at(5) for n in range(3)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)),
        *(submitted(at(day), f"a{n}", precision="day") for n, day in enumerate((4, 5, 6))),
    )
    looked = view(bench, at(6))
    shown = submission_habits(looked, looked.today - 9)
    assert (shown.early, shown.last_day, shown.late) == (1, 1, 1)
    assert shown.median_hours_before_due is None


def test_patterns_take_three_active_days_and_preferences_their_minutes() -> None:
    for days, status in ((2, "insufficient_data"), (3, "ok")):
        looked = worked(dict.fromkeys(range(days), 1), days - 1)
        assert pattern_analysis(looked, 30).status == status
    by_day = view(Bench().send(viewed(at(0), precision="day")), at(0))
    assert [each.minutes for each in learning_preferences(by_day)] == [None]
    timed = view(Bench().send(viewed(at(0), duration_seconds=600)), at(0))
    assert [each.minutes for each in learning_preferences(timed)] == [10]


# -- titles, goals, dates ------------------------------------------------------------------------


def test_recent_events_have_the_titles_that_are_known() -> None:
    facts = CourseFacts(
        course_id="c1",
        title="Algebra",
        modules=(Module(id="m1", title="Sets"),),
        assessments=(Assessment(id="a1", title="Quiz"),),
    )
    kinds = [
        enrolled(at(0)),
        event("module_completed", at(0.1), module_id="m1"),
        event("module_completed", at(0.2), module_id="m2"),
        submitted(at(0.3), "a1"),
        submitted(at(0.4), "a2"),
        viewed(at(0.45)),
    ]
    found = [
        (each.object.kind, each.object.id, each.object.title)
        for each in recent_activities(view(Bench(facts=facts).send(*kinds), at(0.5)))
    ]
    assert found[::-1] == [
        ("course", "c1", "Algebra"),
        ("module", "m1", "Sets"),
        ("module", "m2", None),
        ("assessment", "a1", "Quiz"),
        ("assessment", "a2", None),
        ("content", "page-1", None),
    ]


def test_a_goal_that_was_removed_is_not_shown() -> None:
    def goal(name: str) -> dict[str, object]:
        return event("goal_set", at(0), goal_id=name, metric="weekly_minutes", target=60)

    bench = Bench().send(goal("g1"), goal("g2"), event("goal_removed", at(1), goal_id="g1"))
    (shown,) = goals(view(bench, at(1)))
    assert (shown.goal_id, shown.unit, shown.status) == ("g2", "minutes", "no_data")
    assert (shown.set_at, shown.due_at) == ("2024-03-04T09:00:00Z", None)


def test_the_periods_are_next_to_each_other() -> None:
    shown = trend_analysis(worked({0: 1}, 20), 7, "learning")
    assert (shown.from_, shown.to) == ("2024-03-18", "2024-03-24")
    assert (shown.previous.from_, shown.previous.to) == ("2024-03-11", "2024-03-17")
