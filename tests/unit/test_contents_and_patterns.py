"""What is remembered of contents, repeated events, hours and kinds, and how far."""

import math
from random import Random

import pytest

from domain.keepers import patterns
from domain.keepers.contents import first_in_hour
from domain.keepers.deduplication import remember, seen_content
from domain.keepers.recent import newest
from domain.state.learner import (
    Kind,
    Learner,
    new_learner,
)
from tests.factories import COURSE, USER, Bench, at, event, graded, seconds, viewed

HOUR = 3600
DAY = 86_400


# -- a content counts once in a course and hour ----------------------------------------------------


def view(state: Learner, content: int | str, hour: float, course_id: str = COURSE) -> bool:
    return first_in_hour(state, course_id, f"p{content}", int(hour * HOUR), timed=True)


def kept(state: Learner) -> int:
    return len(state.contents) // 8


def test_a_content_counts_once_in_a_course_and_an_hour_of_utc() -> None:
    state = new_learner(USER)
    assert view(state, 1, 100)
    assert not view(state, 1, 100.999)
    assert view(state, 1, 101)
    assert view(state, 1, 99.999)
    assert view(state, 2, 100)
    assert view(state, 1, 100, course_id="c2")
    assert not view(state, 1, 99)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_remembered_is_the_same_in_any_order(seed: int) -> None:
    random = Random(seed)
    views = [(random.randrange(4), 1000 + random.randrange(12)) for _ in range(60)]
    state, seen = new_learner(USER), set[tuple[int, int]]()
    for content, hour in views:
        assert view(state, content, hour) == ((content, hour) not in seen)
        seen.add((content, hour))
        hours = [state.contents[n : n + 4] for n in range(0, len(state.contents), 8)]
        assert hours == sorted(hours)
        assert len(hours) == len(seen)


def test_an_entry_is_found_only_where_an_entry_stands() -> None:
    state = new_learner(USER)
    view(state, 1, 100)
    state.contents = bytes(4) + state.contents + bytes([255] * 4)
    assert view(state, 1, 100)
    assert not view(state, 1, 100)


def test_sixteen_entries_are_kept_however_old_and_more_for_72_hours() -> None:
    state = new_learner(USER)
    for n in range(16):
        view(state, n, 0)
    view(state, "new", 1000)
    assert kept(state) == 16
    for n in range(5):
        view(state, n, 1072)
    assert kept(state) == 16
    view(state, "newer", 1073)
    assert kept(state) == 16
    assert state.overflow.contents == 0


def test_what_is_72_hours_old_is_remembered_and_73_is_not() -> None:
    state = new_learner(USER)
    for n in range(17):
        view(state, n, 100)
    view(state, "new", 172)
    assert kept(state) == 18
    view(state, "new", 173)
    assert kept(state) == 16
    assert not view(state, "new", 172)
    assert state.overflow.contents == 0


def test_256_young_entries_are_kept_and_the_others_counted() -> None:
    state = new_learner(USER)
    for n in range(256):
        view(state, n, 100 + n // 200)
    assert (kept(state), state.overflow.contents) == (256, 0)
    view(state, "one more", 101)
    assert (kept(state), state.overflow.contents) == (256, 1)
    assert view(state, 0, 100)
    assert (kept(state), state.overflow.contents) == (256, 2)


def test_a_late_view_has_its_place_before_the_later_ones() -> None:
    state = new_learner(USER)
    for hour in (105, 103, 104, 101):
        view(state, 1, hour)
    hours = [int.from_bytes(state.contents[n : n + 4], "big") for n in range(0, 32, 8)]
    assert hours == [101, 103, 104, 105]


# -- repeated events -----------------------------------------------------------------------------


def identity(n: int) -> bytes:
    return n.to_bytes(6, "big")


def test_the_last_64_events_are_remembered() -> None:
    state = new_learner(USER)
    for n in range(64):
        remember(state, identity(n), b"abc", 0)
    assert seen_content(state, identity(0)) == b"abc"
    remember(state, identity(64), b"xyz", 0)
    assert seen_content(state, identity(0)) is None
    assert seen_content(state, identity(1)) == b"abc"
    assert seen_content(state, identity(64)) == b"xyz"


def test_an_id_is_found_only_where_an_id_stands() -> None:
    """The six bytes may stand in an entry by chance, across its content or into the next one."""
    state = new_learner(USER)
    remember(state, b"abcdef", b"ghi", 0)
    remember(state, b"uvwxyz", b"123", 0)
    assert seen_content(state, b"bcdefg") is None
    remember(state, b"bcdefg", b"456", 0)
    assert seen_content(state, b"bcdefg") == b"456"


def test_one_older_than_a_day_and_than_all_that_is_remembered_is_counted() -> None:
    def after_64(late: int, newest: int = 100 * DAY, others: int = 100 * DAY) -> int:
        state = new_learner(USER)
        state.last_event_at = newest
        for n in range(64):
            remember(state, identity(n), b"abc", others)
        remember(state, identity(99), b"abc", late)
        return state.overflow.late_unchecked

    assert after_64(99 * DAY - 1) == 1
    assert after_64(99 * DAY, 100 * DAY + 1) == 1
    assert after_64(99 * DAY, 100 * DAY) == 0  # not a day older than the newest
    assert after_64(100 * DAY, 102 * DAY) == 0  # of a day that is remembered
    assert after_64(90 * DAY, others=90 * DAY) == 0


def test_the_oldest_day_that_is_remembered_bounds_what_may_be_forgotten() -> None:
    def counted(day: int) -> int:
        state = new_learner(USER)
        state.last_event_at = 100 * DAY
        for n in range(64):
            remember(state, identity(n), b"abc", (90 if n == 32 else 100) * DAY)
        remember(state, identity(99), b"abc", day * DAY)
        return state.overflow.late_unchecked

    assert [counted(day) for day in (89, 90, 91)] == [1, 0, 0]


def test_an_entry_is_eleven_bytes_in_any_century() -> None:
    state = Bench().send(viewed()).learner()
    assert len(state.seen) == 11
    remember(state, identity(1), b"abc", 10**10)
    assert len(state.seen) == 22


def test_before_64_events_are_remembered_none_is_forgotten() -> None:
    state = new_learner(USER)
    state.last_event_at = 100 * DAY
    for n in range(64):
        remember(state, identity(n), b"abc", (100 if n else 90) * DAY)
    assert state.overflow.late_unchecked == 0
    remember(state, identity(64), b"abc", 90 * DAY)
    assert state.overflow.late_unchecked == 0  # the day of the first one, which goes only now
    remember(state, identity(65), b"abc", 91 * DAY)
    assert state.overflow.late_unchecked == 0


# -- hours and kinds -----------------------------------------------------------------------------


def left_after(days: int, weight: int = 1_000_000) -> int:
    state = new_learner(USER)
    state.patterns_day = 1000
    patterns.count_kind(state, "page", weight, weight)
    patterns.decay(state, 1000 + days)
    (kind,) = state.kinds
    assert kind.activities == kind.seconds
    return kind.activities


def test_what_is_older_weighs_less_by_e_in_90_days() -> None:
    for days in (0, 1, 30, 90, 200):
        exact = 1_000_000 * math.exp(-days / 90)
        assert left_after(days) == pytest.approx(exact, rel=0.002 + days / 50_000)
    a_day = 65_536_000_000 * math.exp(-1 / 90)  # to a whole number of 65536th
    assert left_after(1, 65_536_000_000) == pytest.approx(a_day, rel=1 / 131_072)
    assert left_after(500, 10**9) > left_after(720, 10**9) == left_after(10_000, 10**9) == 0


def test_decay_moves_with_the_newest_day_and_never_back() -> None:
    state = new_learner(USER)
    patterns.decay(state, 1000)
    patterns.count_hour(state, 9, 1000)
    patterns.count_kind(state, "page", 100, 60)
    patterns.decay(state, 1000)
    patterns.decay(state, 999)
    assert (state.hours[9], state.kinds, state.patterns_day) == (100, [Kind("page", 100, 60)], 1000)
    patterns.decay(state, 1001)
    assert (state.hours[9], state.kinds, state.patterns_day) == (98, [Kind("page", 98, 59)], 1001)


def test_work_of_an_earlier_day_counts_what_is_left_of_it_by_now() -> None:
    state = new_learner(USER)
    state.patterns_day = 1000
    for day in (1000, 1001, 910, 999):
        patterns.count_hour(state, 9, day)
    assert patterns.faded(state, 100, 910) == int(100 * math.exp(-1))
    assert patterns.faded(state, 100, 999) == 98
    assert state.hours == [0] * 9 + [100 + 100 + 36 + 98] + [0] * 14
    assert patterns.faded(state, 10**6, 1000 - 720) == patterns.faded(state, 10**6, 1)


def test_beyond_sixteen_kinds_the_rest_is_other() -> None:
    state = new_learner(USER)
    for n in range(17):
        patterns.count_kind(state, f"kind {n}", 100, 10)
    patterns.count_kind(state, "kind 0", 100, 10)
    assert [kind.kind for kind in state.kinds] == [*(f"kind {n}" for n in range(15)), "other"]
    assert state.kinds[0] == Kind("kind 0", 200, 20)
    assert state.kinds[-1] == Kind("other", 200, 20)


# -- the newest ten events -------------------------------------------------------------------------


def listed(bench: Bench) -> list[int]:
    return [(each.at - seconds(at())) // 60 for each in newest(bench.learner())]


def test_the_newest_ten_events_are_listed_in_order_of_time() -> None:
    bench = Bench().send(*[viewed(at(minutes=n), f"p{n}") for n in (*range(10), 10)])
    assert listed(bench) == list(range(1, 11))
    bench.send(viewed(at(minutes=0), "late"))
    assert listed(bench) == list(range(1, 11))
    bench.send(viewed(at(minutes=5), "also late"))
    assert listed(bench) == [2, 3, 4, 5, 5, 6, 7, 8, 9, 10]
    assert [each.object_id for each in newest(bench.learner())][3:5] == ["p5", "also late"]


def test_of_two_events_of_the_time_of_the_oldest_the_later_in_the_log_is_listed() -> None:
    bench = Bench().send(*[viewed(at(minutes=n), f"p{n}") for n in range(10)])
    bench.send(viewed(at(), "another"))
    assert newest(bench.learner())[0].object_id == "another"


def test_an_event_is_listed_with_what_it_says() -> None:
    bench = Bench().send(
        viewed(at(), "p1", count=3, duration_seconds=61.9),
        viewed(at(1), "p2", precision="day"),
        graded(at(2), 30, max_score=40),
        graded(at(3), None),
        graded(at(4), 5, max_score=0),
        event("session_started", at(5), session_id="s1"),
        event("enrolled", at(6)),
    )
    shown = [
        (r.type, r.object_id, r.score, r.count, r.seconds, r.timed) for r in newest(bench.learner())
    ]
    assert shown == [
        ("content_viewed", "p1", None, 3, 61, True),
        ("content_viewed", "p2", None, None, None, False),
        ("assessment_graded", "a1", 75, None, None, True),
        ("assessment_graded", "a1", None, None, None, True),
        ("assessment_graded", "a1", None, None, None, True),
        ("session_started", "s1", None, None, None, True),
        ("enrolled", None, None, None, None, True),
    ]
