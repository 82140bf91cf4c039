"""Goals: the figure of each metric, when it was reached, and how it stands on the way."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.state.limits import DAYS_MAX
from metrics.goal_figures import figures
from metrics.goals import goals
from metrics.shapes_dashboard import GoalProgress
from metrics.windows import WEEK
from tests.factories import (
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    viewed,
)
from tests.viewing import view


def wish(
    metric: str, target: float, when: datetime | None = None, **fields: Any
) -> dict[str, object]:
    return event("goal_set", when or at(0), goal_id="g", metric=metric, target=target, **fields)


def shown(bench: Bench, day: float) -> GoalProgress:
    (found,) = goals(view(bench, at(day)))
    return found


def told(bench: Bench, *days: float) -> list[tuple[float | None, float | None, str]]:
    found = [shown(bench, day) for day in days]
    return [(each.current, each.progress, each.status) for each in found]


def iso(day: float) -> str:
    return at(day).isoformat()[:19] + "Z"


def due(day: float) -> dict[str, Any]:
    return {"due_at": at(day).isoformat()}


def test_of_what_is_said_of_a_goal_in_one_second_the_later_in_the_log_counts() -> None:
    removal = event("goal_removed", at(1), goal_id="g")
    bench = Bench().send(wish("streak_days", 3, at(1)), wish("streak_days", 4, at(1)))
    assert shown(bench, 2).target == 4
    assert goals(view(bench.send(removal), at(2))) == []
    again = wish("streak_days", 5, at(1))
    assert shown(bench.send(again), 2).target == 5


# -- the five metrics ----------------------------------------------------------------------------


def test_weekly_activities_are_those_of_seven_days() -> None:
    bench = Bench().send(
        wish("weekly_activities", 4), *(viewed(at(day + 0.1)) for day in (0, 2, 4))
    )
    assert told(bench, 1, 5, 6.5, 7) == [
        (1, 25.0, "on_track"),
        (3, 75.0, "on_track"),
        (3, 75.0, "on_track"),
        (2, 50.0, "on_track"),
    ]
    bench.send(viewed(at(6)))
    assert told(bench, 6) == [(4, 100.0, "achieved")]
    assert shown(bench, 6).achieved_at == iso(6)
    assert shown(bench, 6).unit == "activities"
    assert told(bench, 13) == [(0, 0.0, "behind")]
    assert shown(bench, 13).achieved_at == iso(6), "when it was first reached is kept"


def test_weekly_minutes_are_those_of_the_sessions() -> None:
    bench = Bench().send(wish("weekly_minutes", 60), viewed(at(1), duration_seconds=1800))
    assert told(bench, 2) == [(30, 50.0, "on_track")]
    assert shown(bench, 2).unit == "minutes"
    by_day = Bench().send(wish("weekly_minutes", 60), viewed(at(1), precision="day"))
    assert told(by_day, 2)[0][2] == "no_data"


def test_a_week_of_one_course_is_known_only_where_there_is_no_other() -> None:
    goal = wish("weekly_activities", 2, course_id="c1")
    bench = Bench().send(enrolled(at(0)), goal, viewed(at(0.1)))
    assert told(bench, 1) == [(1, 50.0, "on_track")]
    bench.send(enrolled(at(1), course_id="c2"))
    assert told(bench, 1) == [(None, None, "no_data")]


def test_the_average_score_is_the_mean_of_the_goals_course_or_of_all() -> None:
    bench = Bench().send(wish("average_score", 80, course_id="c1"), graded(at(1), 70, "a1"))
    bench.send(graded(at(2), 90, "b1", course_id="c2"))
    assert told(bench, 0.5, 2) == [(None, None, "no_data"), (70.0, 87.5, "on_track")]
    bench.send(graded(at(3), 90, "a2"))
    assert told(bench, 3) == [(80.0, 100.0, "achieved")]
    assert shown(bench, 3).achieved_at == iso(3)
    every = Bench().send(wish("average_score", 80), graded(at(1), 70, "a1"))
    every.send(graded(at(2), 90, "b1", course_id="c2"))
    assert told(every, 2) == [(80.0, 100.0, "achieved")]


def test_the_streak_is_reached_on_its_day_and_lost_when_it_breaks() -> None:
    bench = Bench().send(wish("streak_days", 3), *(viewed(at(day)) for day in (1, 2, 3)))
    assert told(bench, 2, 3) == [(2, 66.7, "on_track"), (3, 100.0, "achieved")]
    assert told(bench, 3, 4) == [(3, 100.0, "achieved"), (3, 100.0, "achieved")]
    assert shown(bench, 3).achieved_at == iso(3)
    assert told(bench, 5.7) == [(0, 0.0, "on_track")]
    assert told(bench, 11) == [(0, 0.0, "behind")]
    assert shown(bench, 3).unit == "days"


def test_progress_is_that_of_the_course_or_of_all() -> None:
    bench = Bench(facts=course(10)).send(enrolled(at(0)), wish("course_progress", 50))
    bench.send(*(completed(at(n + 1), f"m{n}") for n in range(1, 5)), graded(at(3), 70, "a1"))
    assert told(bench, 5) == [(40.0, 80.0, "on_track")]
    bench.send(completed(at(6), "m9"))
    assert told(bench, 6) == [(50.0, 100.0, "achieved")]
    assert shown(bench, 6).achieved_at == iso(6)
    own = Bench(facts=course(10)).send(enrolled(at(0)), enrolled(at(0), course_id="c2"))
    own.send(wish("course_progress", 50, course_id="c1"), completed(at(1), "m1"))
    assert told(own, 1) == [(10.0, 20.0, "on_track")]
    unknown = Bench().send(enrolled(at(0)), wish("course_progress", 50, course_id="c9"))
    assert told(unknown, 1) == [(None, None, "no_data")]


def test_of_a_finished_course_the_last_figures_stand() -> None:
    bench = Bench(facts=course(2)).send(enrolled(at(0)), wish("course_progress", 50))
    bench.send(
        event("goal_set", at(0), goal_id="h", metric="average_score", target=90, course_id="c1")
    )
    bench.send(completed(at(1), "m1"), graded(at(2), 80, "a1"))
    bench.send(event("course_finished", at(3), outcome="passed"))
    progress, average = goals(view(bench, at(9)))
    assert (progress.current, progress.status, progress.achieved_at) == (50.0, "achieved", iso(3))
    assert (average.current, average.status) == (80.0, "on_track")


def test_of_a_finished_course_without_figures_nothing_is_known() -> None:
    bench = Bench().send(enrolled(at(0)), wish("course_progress", 50, course_id="c1"))
    bench.send(
        event("goal_set", at(0), goal_id="h", metric="average_score", target=9, course_id="c1")
    )
    bench.send(event("course_finished", at(3), outcome="passed"))
    assert [each.status for each in goals(view(bench, at(9)))] == ["no_data"] * 2


# -- how it stands -------------------------------------------------------------------------------


def test_what_was_reached_before_it_was_set_is_reached_when_it_is_set() -> None:
    bench = Bench().send(graded(at(0), 90, "a1"), wish("average_score", 80, at(1)))
    assert (shown(bench, 2).status, shown(bench, 2).achieved_at) == ("achieved", iso(1))


def test_a_goal_with_a_due_time_is_achieved_once_and_missed_after_it() -> None:
    bench = Bench().send(wish("streak_days", 2, **due(10)), viewed(at(1)), viewed(at(2)))
    assert [status for *_, status in told(bench, 2, 9, 40)] == ["achieved"] * 3
    late = Bench().send(wish("streak_days", 2, **due(10)), viewed(at(11)), viewed(at(12)))
    assert [(each.current, each.status) for each in (shown(late, 10), shown(late, 12))] == [
        (0, "behind"),
        (0, "missed"),
    ]


def test_on_the_way_it_is_measured_by_the_time_that_has_passed() -> None:
    bench = Bench(facts=course(10)).send(enrolled(at(0)), completed(at(0), "m1"))
    bench.send(wish("course_progress", 50, at(0), **due(20)))
    bench.send(completed(at(4), "m2"), completed(at(5), "m3"))
    assert [status for *_, status in told(bench, 9.9, 10, 10.1)] == [
        "on_track",
        "on_track",
        "behind",
    ]


def test_without_a_due_time_it_is_measured_by_the_week_before() -> None:
    bench = Bench().send(wish("average_score", 90), graded(at(1), 80, "a1"))
    assert told(bench, 2)[0][2] == "on_track"
    bench.send(graded(at(3), 60, "a2"))
    assert [status for *_, status in told(bench, 7.9, 8, 10)] == ["on_track", "behind", "on_track"]


def test_what_the_buckets_do_not_reach_is_not_known() -> None:
    bench = Bench().send(wish("weekly_activities", 1, **due(8)), viewed(at(1)))
    bench.send(*(viewed(at(day)) for day in range(100, 130)))
    assert told(bench, 129) == [(None, None, "no_data")]


@pytest.mark.parametrize("target", [0, -1])
def test_a_target_of_nothing_is_reached(target: float) -> None:
    bench = Bench().send(wish("streak_days", target))
    assert told(bench, 1) == [(0, 100.0, "achieved")]


def test_a_goal_is_shown_beside_others_in_the_order_in_which_it_was_set() -> None:
    bench = Bench().send(
        event("goal_set", at(1), goal_id="b", metric="streak_days", target=3),
        event("goal_set", at(0), goal_id="a", metric="weekly_minutes", target=60),
    )
    assert [each.goal_id for each in goals(view(bench, at(2)))] == ["a", "b"]


def test_a_goal_of_long_ago_costs_no_more_than_the_days_that_are_kept() -> None:
    """Only the days with buckets are gone through, and the week after them."""
    bench = Bench().send(wish("weekly_activities", 5, datetime(1990, 1, 2, tzinfo=UTC)))
    bench.send(viewed(at(0)))
    looked = view(bench, at(366 * 865))
    goal = looked.state.goals[0]
    assert len(figures(looked, goal, "weekly_activities", looked.now)) <= DAYS_MAX + WEEK + 2
    assert told(bench, 0, 1, 8) == [
        (1, 20.0, "on_track"),
        (1, 20.0, "on_track"),
        (0, 0.0, "behind"),
    ]
