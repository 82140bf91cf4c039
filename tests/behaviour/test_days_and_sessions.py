"""Streaks, local dates and sessions as product.md defines them."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from tests.factories import Bench, at, event, seconds, viewed


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_event_belongs_to_the_local_date() -> None:
    bench = Bench().send(viewed(moment("2024-03-04T23:30:00+00:00"), timezone="Asia/Tokyo"))
    assert bench.learner().days[0].day == datetime(2024, 3, 5, tzinfo=UTC).toordinal()


def test_the_newest_event_with_a_zone_sets_it() -> None:
    bench = Bench().send(
        viewed(at(1), timezone="Asia/Tokyo"), viewed(at(0), "p2", timezone="Europe/Berlin")
    )
    assert bench.learner().zone == "Asia/Tokyo"


def test_a_streak_counts_consecutive_local_days() -> None:
    bench = Bench().send(*[viewed(at(day)) for day in (0, 1, 2, 4, 5)])
    streak = bench.learner().streak
    assert (streak.length, streak.longest) == (2, 3)


def test_a_late_event_joins_two_streaks() -> None:
    bench = Bench().send(*[viewed(at(day)) for day in (0, 1, 3, 4)], viewed(at(2), "late"))
    assert (bench.learner().streak.length, bench.learner().streak.longest) == (5, 5)


def test_a_flight_over_the_date_line_breaks_no_streak() -> None:
    bench = Bench().send(
        viewed(moment("2024-03-04T20:00:00-10:00"), timezone="Pacific/Honolulu"),
        viewed(moment("2024-03-06T08:00:00+13:00"), "p2", timezone="Pacific/Auckland"),
    )
    assert bench.learner().streak.length == 2


def test_late_work_on_a_date_that_was_bridged_counts() -> None:
    bench = Bench().send(viewed(at(0, 14)), viewed(at(2, 1), "p2"))
    assert bench.learner().streak.length == 2
    bench.send(viewed(at(1, 3), "p3"))
    assert (bench.learner().streak.length, bench.learner().streak.longest) == (3, 3)


def test_earlier_work_of_a_day_that_comes_late_bridges_to_the_day_before() -> None:
    bench = Bench().send(viewed(at(0, 14)), viewed(at(2, 10), "p2"), viewed(at(3), "p3"))
    assert bench.learner().streak.length == 2
    bench.send(viewed(at(2, 1), "p4"))
    assert (bench.learner().streak.length, bench.learner().streak.longest) == (3, 3)


def test_late_work_extends_a_streak_that_is_older_than_the_days_that_are_kept() -> None:
    bench = Bench().send(*[viewed(at(day, 10), f"p{day}") for day in range(120)])
    assert (len(bench.learner().days), bench.learner().streak.length) == (90, 120)
    bench.send(viewed(at(100, 1), "late"))
    assert (bench.learner().streak.length, bench.learner().streak.longest) == (120, 120)


def test_two_days_off_break_a_streak() -> None:
    bench = Bench().send(viewed(at(0)), viewed(at(2), "p2"))
    assert bench.learner().streak.length == 1


@pytest.mark.parametrize(
    "kind", ["session_started", "session_ended", "enrolled", "unenrolled", "goal_removed"]
)
def test_what_is_not_work_lengthens_no_streak(kind: str) -> None:
    fields = {"goal_id": "g"} if kind == "goal_removed" else {}
    bench = Bench().send(event(kind, at(0), **fields))
    assert bench.learner().streak.length == 0
    assert sum(day.activities for day in bench.learner().days) == 0


def test_gaps_up_to_thirty_minutes_belong_to_a_session() -> None:
    bench = Bench().send(viewed(at(0)), viewed(at(0, minutes=30), "p2"), viewed(at(0, 2), "p3"))
    first, second = bench.learner().spans
    assert (first.end - first.start, second.end - second.start) == (1800, 0)
    assert bench.learner().days[0].sessions == 2


def test_a_gap_counts_from_the_end_of_the_last_event() -> None:
    bench = Bench().send(
        viewed(at(0), duration_seconds=3600), viewed(at(0, 1, 25), "p2", duration_seconds=60)
    )
    (span,) = bench.learner().spans
    assert span.end - span.start == 86 * 60


def test_a_duration_counts_two_hours_at_most() -> None:
    bench = Bench().send(viewed(at(0), duration_seconds=86_400))
    assert bench.learner().days[0].seconds == 7200


def test_an_explicit_end_wins() -> None:
    bench = Bench().send(
        viewed(at(0), duration_seconds=7200),
        event("session_ended", at(0, minutes=20)),
        viewed(at(0, minutes=25), "p2"),
    )
    first, second = bench.learner().spans
    assert (first.end - first.start, second.start - first.start) == (1200, 1500)
    assert bench.learner().days[0].seconds == 1200


def test_minutes_are_split_at_local_midnight() -> None:
    bench = Bench().send(
        viewed(moment("2024-03-04T23:50:00+01:00"), duration_seconds=1800, timezone="Europe/Berlin")
    )
    assert [day.seconds for day in bench.learner().days] == [600, 1200]


def test_a_late_event_closes_the_gap_between_two_sessions() -> None:
    bench = Bench().send(
        viewed(at(0)), viewed(at(0, minutes=50), "p2"), viewed(at(0, minutes=25), "p3")
    )
    (span,) = bench.learner().spans
    assert span.end - span.start == 50 * 60
    assert bench.learner().days[0].seconds == 50 * 60
    assert bench.learner().days[0].sessions == 1


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]])
def test_sessions_do_not_depend_on_the_order_of_arrival(order: list[int]) -> None:
    events = [viewed(at(0, minutes=20 * n), f"p{n}", duration_seconds=300) for n in range(4)]
    bench = Bench().send(*[events[n] for n in order])
    (span,) = bench.learner().spans
    assert span.end - span.start == 65 * 60
    assert bench.learner().days[0].seconds == 65 * 60


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_a_start_cuts_a_session_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    """Also where what came first lies hours later than all of them."""
    events = [
        viewed(at(0)),
        event("session_started", at(0, minutes=3)),
        event("session_ended", at(0, minutes=9)),
        viewed(at(0, 11), "p2", duration_seconds=60),
    ]
    state = Bench().send(*[events[n] for n in order]).learner()
    spans = [(span.start - seconds(at(0)), span.end - span.start) for span in state.spans]
    assert spans == [(0, 0), (3 * 60, 6 * 60), (11 * 3600, 60)]
    assert (state.days[0].sessions, state.days[0].seconds) == (3, 7 * 60)


def test_the_same_content_counts_once_an_hour() -> None:
    bench = Bench().send(viewed(at(0)), viewed(at(0, minutes=20)), viewed(at(0, 1)))
    assert bench.learner().days[0].activities == 2
    assert bench.learner().days[0].clicks == 3


def test_day_precision_claims_no_hours_and_no_minutes() -> None:
    bench = Bench().send(viewed(at(0), precision="day", duration_seconds=600))
    state = bench.learner()
    assert (state.spans, state.hours, state.days[0].seconds, state.days[0].timed) == ([], [], 0, 0)
    assert state.days[0].activities == 1
