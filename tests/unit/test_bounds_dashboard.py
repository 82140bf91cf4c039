"""Sessions, insights, next steps and figures of the dashboard at their bounds (docs/metrics.md)."""

from datetime import datetime

import pytest

from domain.course_facts import WeeklyTargets
from domain.exact import percent
from metrics import recommendations
from metrics.activity import comparison, realtime_metrics, recent_activities
from metrics.engagement import Engagement, engagement
from metrics.figures import minutes, needs, no_trend, prob, trend
from metrics.insights import insights
from metrics.pressing import overdue, silent_days
from metrics.recommendations import learning_recommendations
from metrics.sessions import learning_sessions, session_analysis, session_lengths
from metrics.shapes import Insight
from tests.factories import Bench, at, course, enrolled, event, graded, seconds, submitted, viewed
from tests.viewing import view


def present(*spans: tuple[datetime, int]) -> Bench:
    """Sessions of so many minutes, each of one event with its duration."""
    return Bench().send(
        *(viewed(when, f"p{when}", duration_seconds=60 * length) for when, length in spans)
    )


# -- sessions ------------------------------------------------------------------------------------


def test_lengths_are_of_what_is_over_and_began_in_the_window() -> None:
    bench = present((at(0), 10), (at(1), 20), (at(29), 40), (at(30), 50), (at(30, hours=2), 60))
    looked = view(bench, at(30, hours=5))
    first = looked.today - 30
    assert sorted(session_lengths(looked, first)) == [600, 1200, 2400, 3000, 3600]
    assert sorted(session_lengths(looked, first + 1)) == [1200, 2400, 3000, 3600]
    assert sorted(session_lengths(looked, first + 29)) == [2400, 3000, 3600]
    assert sorted(session_lengths(looked, first + 30)) == [3000, 3600]
    assert session_lengths(looked, first + 31) == []
    assert learning_sessions(looked).median_minutes == 45.0  # of 30 days
    before = view(bench, at(29, hours=5))
    assert sorted(session_lengths(before, first)) == [600, 1200, 2400]
    assert learning_sessions(before).median_minutes == 20.0


def test_lengths_of_sessions_of_long_ago_are_of_the_window_too() -> None:
    bench = present(*((at(day), day + 1) for day in range(60)))
    assert bench.learner().sessions
    looked = view(bench, at(40, hours=5))
    assert sorted(session_lengths(looked, looked.today - 40)) == [60 * n for n in range(1, 42)]
    assert sorted(session_lengths(looked, looked.today - 39)) == [60 * n for n in range(2, 42)]


def test_a_session_goes_on_for_30_minutes_after_its_presence() -> None:
    bench = present((at(0), 10), (at(1), 11))
    for minute, current in ((11, True), (41, True), (41 + 1 / 60, False)):
        looked = view(bench, at(1, minutes=minute))
        shown = learning_sessions(looked)
        assert (shown.current is not None) is current
        assert sorted(session_lengths(looked, 0)) == ([600] if current else [600, 660])
        if shown.current is not None:
            assert (shown.current.minutes, shown.current.activities) == (11, 1)
            assert shown.current.started_at == "2024-03-05T09:00:00Z"
            assert shown.current.session_id is None
    ended = bench.send(event("session_ended", at(1, minutes=12)))
    assert learning_sessions(view(ended, at(1, minutes=13))).current is None


def test_a_session_has_the_id_that_came_with_it_or_after_its_start() -> None:
    old = Bench().send(viewed(at(0), session_id="s1"), viewed(at(1), "p2"))
    shown = learning_sessions(view(old, at(1))).current
    assert shown is not None
    assert shown.session_id is None
    new = Bench().send(viewed(at(0)), viewed(at(1), "p2", session_id="s2"))
    shown = learning_sessions(view(new, at(1))).current
    assert shown is not None
    assert shown.session_id == "s2"


def test_sessions_of_a_period() -> None:
    bench = present(*((at(day), 10 * (day + 1)) for day in range(10)))
    shown = session_analysis(view(bench, at(10, hours=5)), 30)
    assert (shown.count, shown.total_minutes) == (10, 550)
    assert (shown.median_minutes, shown.p90_minutes, shown.longest_minutes) == (55.0, 91.0, 100)
    assert shown.per_week == 6.4  # 70 / 11 days since the first event
    assert session_analysis(view(bench, at(10, hours=5)), 7).per_week == 6.0
    assert session_analysis(view(bench, at(10, hours=5)), 7).count == 6
    half = session_analysis(view(present((at(0), 10), (at(1), 11)), at(2)), 7)
    assert half.median_minutes == 10.5
    nothing = session_analysis(view(), 7)
    assert (nothing.count, nothing.per_week, nothing.longest_minutes) == (0, None, None)
    assert nothing.median_minutes is None


def test_what_is_missing_for_sessions_is_named() -> None:
    def missing(bench: Bench | None) -> list[tuple[str, float, float]]:
        shown = learning_sessions(view(bench, at(1)))
        return [(each.code, each.have, each.need) for each in shown.missing]

    assert missing(None) == [("active_days", 0, 1)]
    assert missing(Bench().send(viewed(at(0), precision="day"))) == [("time_of_day", 0, 1)]
    assert missing(present((at(0), 1))) == []
    nobody = learning_sessions(view())
    assert (nobody.gap_minutes, nobody.today_count, nobody.week_count) == (30, 0, 0)
    by_day = session_analysis(view(Bench().send(viewed(at(0), precision="day")), at(1)), 7)
    assert (by_day.per_week, by_day.trend.n) == (None, 0)


@pytest.mark.parametrize(
    ("weekly", "direction"),
    [
        ((13, 12, 12, 13), "stable"),  # the slope is within +-4.8 % of the mean
        ((11, 11, 12, 11), "unclear"),  # within +-5.3 %
        ((4, 8, 12, 16), "improving"),
    ],
)
def test_weekly_sessions_are_stable_within_5_percent_of_their_mean(
    weekly: tuple[int, ...], direction: str
) -> None:
    spans = [
        (at(7 * week + n % 6, hours=n // 6 * 2), 1)
        for week, count in enumerate(weekly)
        for n in range(count)
    ]
    shown = session_analysis(view(present(*sorted(spans)), at(27)), 28).trend
    assert (shown.n, shown.direction) == (4, direction)


# -- insights ------------------------------------------------------------------------------------


def said(
    bench: Bench, when: datetime, code: str, level: int | None = None
) -> list[tuple[str, Insight]]:
    looked = view(bench, when)
    engaged = engagement(looked)
    if level is not None:
        engaged = Engagement(level, "default", engaged.components)
    return [(each.text, each) for each in insights(looked, engaged) if each.code.endswith(code)]


def test_a_deadline_is_near_from_72_hours_on_and_counted_in_hours() -> None:
    bench = Bench(facts=course(0, {"a1": at(4)})).send(enrolled(at(0)))
    assert said(bench, at(1, minutes=-1), "deadline_near") == []
    for when, hours in ((at(1), 72), (at(3, minutes=1), 23), (at(4, minutes=-61), 1)):
        ((text, shown),) = said(bench, when, "deadline_near")
        assert text.endswith(f"in the next {hours} h")
        (evidence,) = shown.evidence
        left = (seconds(at(4)) - seconds(when)) / 86_400
        assert (evidence.value, evidence.threshold) == (round(left, 2), 3)
        assert (evidence.direction, evidence.baseline, shown.tone) == ("down", None, "neutral")
    ((text, _),) = said(bench, at(4, minutes=-1), "deadline_near")
    assert text.endswith("in the next 1 h")
    three = Bench(facts=course(0, {f"a{n}": at(1, hours=n) for n in range(3)}))
    assert len(said(three.send(enrolled(at(0))), at(0), "deadline_near")) == 1


def test_praise_of_engagement_takes_work_today_and_a_level_of_80() -> None:
    bench = Bench().send(viewed(at(0)))
    assert len(said(bench, at(0), "engagement_high", 80)) == 1
    assert said(bench, at(0), "engagement_high", 79) == []
    assert said(bench, at(1), "engagement_high", 80) == []
    graded_today = Bench().send(viewed(at(0)), graded(at(1), 90))
    assert said(graded_today, at(1), "engagement_high", 80) == []
    (_, shown) = said(bench, at(0), "engagement_high", 80)[0]
    assert (shown.evidence[0].value, shown.evidence[0].threshold) == (80, 80)


def test_praise_of_a_streak_is_from_five_days_on() -> None:
    bench = Bench().send(*(viewed(at(day)) for day in range(5)))
    ((text, shown),) = said(bench, at(4), "streak")
    assert text == "You have worked 5 days in a row"
    assert (shown.evidence[0].value, shown.evidence[0].threshold) == (5, 5)
    assert said(Bench().send(*(viewed(at(day)) for day in range(4))), at(4), "streak") == []


def test_praise_of_scores_takes_the_last_three_over_80() -> None:
    def praised(*scores: float) -> bool:
        bench = Bench().send(*(graded(at(n), p, f"a{n}") for n, p in enumerate(scores)))
        return bool(said(bench, at(len(scores)), "score_high"))

    assert praised(81, 81, 81)
    assert not praised(81, 81)
    assert not praised(81, 80, 81)
    assert praised(70, 81, 82, 83)
    assert not praised(81, 81, 80.5, 79)
    assert praised(80.1, 80.1, 80.1)


def test_of_a_family_one_is_said_and_warnings_first() -> None:
    facts = course(0, {"a0": at(8), "a1": at(8.5), "b0": at(14), "b1": at(14.1)})
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(2)))
    bench.send(*(graded(at(n), 90, f"z{n}") for n in range(3)))
    looked = view(bench, at(12))
    found = insights(looked, engagement(looked))
    assert [each.code.split(".")[1] for each in found] == [
        "deadline_overdue_several",
        "silent",
        "score_high",
    ]
    assert [each.evidence[0].value for each in found] == [3, 10, 90]


# -- what cannot wait, and next steps ------------------------------------------------------------


def test_silence_is_from_seven_days_on_while_a_course_runs() -> None:
    bench = Bench(facts=course(0, ends_at=seconds(at(9)))).send(enrolled(at(0)), viewed(at(0)))
    found = [silent_days(view(bench, when)) for when in (at(6), at(7), at(9, minutes=-1), at(9))]
    assert found == [None, 7, 9, None]
    assert silent_days(view(bench.send(enrolled(at(0), course_id="c2")), at(20))) == 20


def test_overdue_ends_with_its_alert() -> None:
    bench = Bench(facts=course(0, {"a0": at(8)})).send(enrolled(at(0)), viewed(at(8))).tick(at(11))
    (raised,) = (each for each in bench.published if each.category == "missed_deadline")
    last = raised.expires_at
    assert [len(overdue(view(bench, datetime.fromtimestamp(t, at().tzinfo)))) for t in
            (last - 1, last)] == [1, 0]  # fmt: skip


def steps(bench: Bench, when: datetime) -> list[tuple[str, dict[str, object]]]:
    found = learning_recommendations(view(bench, when))
    assert [each.rank for each in found] == list(range(1, len(found) + 1))
    return [
        (each.reason.code.removeprefix("recommendation."), dict(each.reason.params))
        for each in found
    ]


def test_a_deadline_is_a_step_within_seven_days_and_two_at_most() -> None:
    bench = Bench(facts=course(0, {"a0": at(7)})).send(enrolled(at(0)))
    assert [code for code, _ in steps(bench, at(0))] == []
    assert [code for code, _ in steps(bench, at(0, minutes=1))] == ["deadline"]
    three = Bench(facts=course(0, {f"a{n}": at(n + 1) for n in range(3)})).send(enrolled(at(0)))
    assert len(steps(three, at(0))) == 2


def test_behind_is_ten_points_or_more_under_the_schedule() -> None:
    facts = course(3, title="Algebra", starts_at=seconds(at(0)), ends_at=seconds(at(100)))
    bench = Bench(facts=facts).send(
        enrolled(at(0)), event("module_completed", at(1), module_id="m1")
    )
    assert "behind" not in [code for code, _ in steps(bench, at(100 / 3 + 9.9))]
    (_, params) = next(each for each in steps(bench, at(43.36)) if each[0] == "behind")
    assert params == {"course": "Algebra", "progress": 33.3, "expected": 43.4}
    exact = course(10, starts_at=seconds(at(0)), ends_at=seconds(at(100)))
    untitled = Bench(facts=exact).send(enrolled(at(0)))
    assert steps(untitled, at(10))[-1] == (
        "behind",
        {"course": "Your course", "progress": 0, "expected": 10},
    )
    assert "behind" not in [code for code, _ in steps(untitled, at(10, minutes=-1))]


def test_a_score_that_does_not_pass_is_named_with_one_decimal() -> None:
    facts = course(0, pass_mark=50.55)
    bench = Bench(facts=facts).send(viewed(at(0)), graded(at(0), 1, max_score=3))
    ((code, params),) = steps(bench, at(0))
    assert (code, params["score"], params["pass_mark"]) == ("low_score", 33.3, 50.5)
    failed = Bench(facts=facts).send(viewed(at(0)), graded(at(0), 2, max_score=3, passed=False))
    ((code, params),) = steps(failed, at(0))
    assert (code, params["score"]) == ("not_passed", 66.7)
    newest = Bench(facts=facts).send(viewed(at(0)), graded(at(0), 9), graded(at(0.1), 90, "a2"))
    assert steps(newest, at(0.2)) == []


def test_a_proven_decline_is_told_with_one_decimal() -> None:
    marks = (99, 94.7, 90.6, 86.3)
    bench = Bench().send(*(graded(at(n), p, f"a{n}") for n, p in enumerate(marks)))
    bench.send(viewed(at(4)))
    assert steps(bench, at(4)) == [("declining", {"points": 4.2})]
    ((text, shown),) = said(bench, at(4), "trend_declining")
    assert "12.7 points" in text
    assert (shown.evidence[0].value, shown.evidence[0].threshold) == (-12.66, 0)


def test_at_most_five_steps_are_shown() -> None:
    assert recommendations.RECOMMENDATIONS_MAX == 5
    facts = course(0, {"a0": at(8), "a1": at(8.5), "b0": at(12), "b1": at(12.1)}, pass_mark=50)
    bench = Bench(facts=facts).send(enrolled(at(0)), viewed(at(3)), graded(at(3), 9, "z"))
    assert [code for code, _ in steps(bench.tick(at(11)), at(11))] == [
        "overdue",
        "overdue",
        "inactive",
        "deadline",
        "deadline",
    ]


# -- figures -------------------------------------------------------------------------------------


def test_the_week_is_compared_with_the_one_before_where_the_learner_was_there() -> None:
    bench = Bench().send(*(viewed(at(day), f"p{day}") for day in (6, 7, 13, 14)))
    shown = comparison(view(bench, at(14)))
    assert (shown.activities.this_week, shown.activities.last_week) == (2, 2)
    assert (shown.minutes.this_week, shown.minutes.last_week) == (0, 0)
    first = comparison(view(bench, at(12)))
    assert (first.activities.this_week, first.activities.last_week) == (2, None)
    assert first.minutes.last_week is None
    marks = Bench().send(*(graded(at(day), 50 + day, f"a{day}") for day in (0, 1, 7, 8, 14)))
    scores = comparison(view(marks, at(14))).average_score
    assert (scores.this_week, scores.last_week) == (61, 54)


def test_today_and_the_week_are_numbers() -> None:
    bench = Bench().send(
        enrolled(at(0)), viewed(at(0)), submitted(at(6), "a1"), submitted(at(6), "a2")
    )
    looked = view(bench, at(6))
    shown = realtime_metrics(looked, engagement(looked))
    assert (shown.daily_activities, shown.daily_assessments) == (2, 2)
    assert (shown.weekly_activities, shown.weekly_assessments) == (3, 2)
    assert shown.days_inactive == 0
    nothing = realtime_metrics(view(bench, at(9)), engagement(looked))
    assert (nothing.daily_activities, nothing.daily_assessments, nothing.days_inactive) == (0, 0, 3)


def test_an_event_is_recent_up_to_today() -> None:
    bench = Bench().send(viewed(at(0)), viewed(at(0.1), "p2"), viewed(at(1), "p3"))
    assert [each.object.id for each in recent_activities(view(bench, at(0.2)))] == [
        "p2",
        "page-1",
    ]
    (kind,) = {(each.by, each.object.kind) for each in recent_activities(view(bench, at(2)))}
    assert kind == ("learner", "content")


def test_figures_keep_within_their_bounds() -> None:
    assert [percent(x) for x in (-0.4, 0.26, 0.94, 99.96, 100.4)] == [0, 0.3, 0.9, 100, 100]
    assert [prob(x) for x in (-0.5, 0.0004, 0.0126, 0.98765, 1.5)] == [0, 0, 0.013, 0.988, 1]
    assert [minutes(n) for n in (29, 31, 89, 91)] == [0, 1, 1, 2]


def test_what_is_short_is_named_and_what_suffices_is_not() -> None:
    shown = needs(("scores", 2, 3), ("weeks", 4, 4))
    assert shown.status == "insufficient_data"
    assert [(each.code, each.have, each.need) for each in shown.missing] == [("scores", 2, 3)]
    assert needs(("scores", 3, 3)) == ("ok", [])


def test_a_weekly_trend_takes_four_values() -> None:
    three = trend([1, 2, 3], unit="points", stable_within=2)
    assert three == no_trend(3, 4, per="week", unit="points")
    assert (three.direction, three.level) == ("insufficient_data", 0.95)
    four = trend([1, 2.006, 3, 4], unit="points", stable_within=2)
    assert (four.direction, four.slope, four.n, four.needed) == ("improving", 1.0, 4, 4)
    assert (four.level, four.probability) == (0.95, None)
    steep = trend([0, 1.018, 2.024, 3.036], unit="points", stable_within=2)
    assert steep.slope == 1.01


def test_the_80_percent_interval_decides_and_the_95_percent_one_is_shown() -> None:
    shown = trend([0, 3, 2, 5], unit="points", stable_within=2)  # slope 1.4, s / sqrt(Sxx) .566
    assert (shown.direction, shown.slope) == ("improving", 1.4)
    assert (shown.low, shown.high) == (-1.03, 3.83)  # t = 4.303 at 2 degrees of freedom


def test_the_courses_targets_are_taken_where_it_names_them() -> None:
    facts = course(0, weekly_targets=WeeklyTargets(minutes=90, activities=10))
    other = course(0, course_id="c2", weekly_targets=WeeklyTargets(minutes=30, activities=5))
    bench = Bench(facts=facts).adopt("course", other)
    bench.send(enrolled(at(0)), enrolled(at(0), course_id="c2"), viewed(at(0)))
    found = {each.code: each.target for each in engagement(view(bench, at(0))).components}
    assert (found["minutes"], found["activities"], found["active_days"]) == (120, 15, 4)
