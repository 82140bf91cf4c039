"""Local dates, zones and runs of days, by definition."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from domain.keepers import days
from domain.keepers.days import Change
from domain.state.learner import (
    Day,
    Learner,
    ZoneStay,
    new_learner,
)
from tests.factories import USER

DAY = 86_400
FIRST = date(2024, 3, 4).toordinal()
EPOCH = date(1970, 1, 1).toordinal()
ZONES = ("UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia")


def moments() -> Iterable[int]:
    """Some hundred of 1990 to 2037, among them those beside changes of the clock."""
    random = Random(1)
    yield from (random.randrange(631_152_000, 2_130_000_000) for _ in range(300))
    for change in (1_325_246_400, 1_711_846_800, 1_712_415_600, 1_289_097_060):
        yield from range(change - 1800, change + 1801, 300)
        yield from (change - 1, change + 1)


@pytest.mark.parametrize("name", ZONES)
def test_the_local_date_and_hour_are_those_of_a_calendar(name: str) -> None:
    for moment in moments():
        local = datetime.fromtimestamp(moment, ZoneInfo(name))
        assert days.local_day(moment, name) == local.toordinal()
        assert days.local_hour(moment, name) == local.hour
        wall = local.replace(tzinfo=UTC)
        assert days.local_seconds(moment, name) == int(wall.timestamp())


def test_a_day_starts_with_the_first_instant_of_its_date() -> None:
    for name in ZONES:
        start = days.day_start(FIRST, name)
        assert (days.local_day(start - 1, name), days.local_day(start, name)) == (FIRST - 1, FIRST)
    assert days.day_start(FIRST, "UTC") == (FIRST - EPOCH) * DAY


def test_a_day_is_said_as_a_calendar_says_it() -> None:
    for day in range(FIRST - 60, FIRST + 366):
        known = date.fromordinal(day)
        assert days.iso_date(day) == known.isoformat()
        assert days.day_and_month(day) == f"{known.day} {known:%B}"
        assert days.weekday(day) == known.isoweekday()
        assert days.day_month((day - EPOCH) * DAY, "UTC") == f"{known.day} {known:%B}"


# -- zones ---------------------------------------------------------------------------------------


def in_zones(*noted: tuple[str, int]) -> Learner:
    state = new_learner(USER)
    for name, at in noted:
        days.note_zone(state, name, at)
    return state


def in_force(state: Learner, *moments: int) -> list[str]:
    return [days.zone_in_force(state, at, "-") for at in moments]


def test_the_zone_in_force_is_that_of_the_newest_event_up_to_then() -> None:
    state = in_zones(("A", 10), ("B", 20))
    assert in_force(state, 9, 10, 19, 20, 21) == ["-", "A", "A", "B", "B"]


def test_a_late_zone_is_in_force_from_its_time_to_the_next_event_with_one() -> None:
    state = in_zones(("A", 10), ("A", 20), ("B", 15))
    assert in_force(state, 14, 15, 19, 20, 25) == ["A", "B", "B", "A", "A"]
    assert state.zones == [ZoneStay(10, 10, "A"), ZoneStay(15, 15, "B"), ZoneStay(20, 20, "A")]


def test_one_zone_is_one_stay_from_its_first_event_to_its_last() -> None:
    assert in_zones(("A", 10), ("A", 20), ("A", 15)).zones == [ZoneStay(10, 20, "A")]
    assert in_zones(("A", 10), ("A", 5)).zones == [ZoneStay(5, 10, "A")]
    known = in_zones(("B", 1), ("A", 10), ("A", 5)).zones
    assert known == [ZoneStay(1, 1, "B"), ZoneStay(5, 10, "A")]
    assert in_zones(("A", 10), ("B", 5)).zones == [ZoneStay(5, 5, "B"), ZoneStay(10, 10, "A")]


def test_of_two_zones_at_one_time_the_later_in_the_log_counts() -> None:
    assert in_force(in_zones(("A", 10), ("B", 10)), 10) == ["B"]
    assert in_force(in_zones(("A", 5), ("A", 10), ("B", 10)), 9, 10, 11) == ["A", "B", "B"]
    assert in_force(in_zones(("A", 10), ("A", 20), ("B", 10)), 10, 20) == ["B", "A"]


def test_eight_changes_of_zone_are_kept_and_others_counted() -> None:
    state = in_zones(*((f"Z{n}", n) for n in range(8)))
    assert (len(state.zones), state.overflow.zones) == (8, 0)
    days.note_zone(state, "Z8", 8)
    assert (len(state.zones), state.overflow.zones) == (8, 1)
    assert in_force(state, 0, 1, 8) == ["-", "Z1", "Z8"]


# -- buckets -------------------------------------------------------------------------------------


def test_buckets_are_of_ninety_days_and_in_order() -> None:
    state = new_learner(USER)
    for day in (100, 50, 70, 50, 100):
        bucket = days.bucket(state, day)
        assert bucket is not None
        bucket.clicks += 1
    assert [(day.day, day.clicks) for day in state.days] == [(50, 2), (70, 1), (100, 2)]
    assert days.bucket(state, 10) is None
    assert days.bucket(state, 11) is state.days[0]
    days.bucket(state, 139)
    assert [day.day for day in state.days] == [50, 70, 100, 139]
    days.bucket(state, 140)
    assert [day.day for day in state.days] == [70, 100, 139, 140]


def test_a_day_of_which_nothing_is_known_has_no_bucket() -> None:
    state = new_learner(USER)
    state.days += [Day(5), Day(7)]
    found = [days.find(state, day) for day in (4, 5, 6, 7, 8)]
    assert [each and each.day for each in found] == [None, 5, None, 7, None]


# -- runs of days ----------------------------------------------------------------------------------


def work(state: Learner, day: int, second: int) -> Change | None:
    """An activity of a local day, so many seconds after 00:00 UTC of that date."""
    bucket = days.bucket(state, day)
    if bucket is None:
        return None
    bucket.activities += 1
    at = (day - EPOCH) * DAY + second
    return days.note_work(state, bucket, at, added=bucket.activities == 1)


def recounted(done: dict[int, list[int]]) -> list[list[int]]:
    """Runs of days: consecutive dates, or no more than 36 hours apart."""
    found: list[list[int]] = []
    for day in sorted(done):
        before = found[-1][-1] if found else None
        if before is not None:
            apart = (day - before) * DAY + min(done[day]) - max(done[before])
            if day - before == 1 or apart <= 36 * 3600:
                found[-1].append(day)
                continue
        found.append([day])
    return found


@pytest.mark.parametrize("seed", range(30))
def test_runs_are_those_of_a_plain_recount_in_any_order(seed: int) -> None:
    random = Random(seed)
    events = [
        (FIRST + random.randrange(60), random.randrange(-14 * 3600, 36 * 3600)) for _ in range(45)
    ]
    state, done = new_learner(USER), dict[int, list[int]]()
    for day, second in events:
        work(state, day, second)
        done.setdefault(day, []).append(second)
        expected, streak = recounted(done), state.streak
        lengths = [len(run) for run in expected]
        assert [(run.first_day, run.length) for run in days.runs(state)] == [
            (run[0], len(run)) for run in expected
        ]
        assert (streak.first_day, streak.last_day) == (expected[-1][0], expected[-1][-1])
        assert (streak.length, streak.longest) == (lengths[-1], max(lengths))
        assert streak.last_at == max((d - EPOCH) * DAY + max(s) for d, s in done.items())


@pytest.mark.parametrize("seed", range(8))
def test_runs_go_on_behind_the_ninety_days_that_are_kept(seed: int) -> None:
    random = Random(seed)
    often = random.choice([0.5, 0.9, 0.97, 1.0])
    dates = [FIRST + n for n in range(260) if random.random() < often]
    state, done = new_learner(USER), dict[int, list[int]]()
    for day in dates:
        second = random.randrange(-14 * 3600, 36 * 3600)
        work(state, day, second)
        done[day] = [second]
        expected, oldest = recounted(done), state.days[0].day
        reached = [run for run in expected if run[-1] >= oldest]
        for run, found in zip(reached, days.runs(state), strict=True):
            held = [each.day for each in found.days]
            assert (found.first_day, found.length) == (run[0], len(run))
            assert held == [day for day in run if day >= oldest]
            before = [len(other) for other in expected if other[0] < run[0]]
            assert found.longest_before == max([*before, len(run) - len(held)])
        assert state.streak.length == len(expected[-1])
        assert state.streak.longest == max(map(len, expected))


def test_days_without_work_are_in_no_run() -> None:
    state = new_learner(USER)
    for day in (0, 1, 3, 4):
        work(state, FIRST + day, 9 * 3600)
    days.bucket(state, FIRST + 2)
    days.bucket(state, FIRST + 5)
    assert [run.length for run in days.runs(state)] == [2, 2]
    for _ in range(6):
        days.forget_first_day(state)
    assert (state.streak.gone_length, state.streak.gone_longest) == (2, 2)
    assert (state.streak.gone_first_day, state.streak.gone_day) == (FIRST + 3, FIRST + 4)
    assert state.streak.gone_at == 9 * 3600


def test_runs_up_to_a_day_leave_out_what_is_dated_later() -> None:
    state = new_learner(USER)
    for day in (0, 1, 2, 4):
        work(state, FIRST + day, 9 * 3600)
    assert [run.length for run in days.runs(state, FIRST + 4)] == [3, 1]
    assert [run.length for run in days.runs(state, FIRST + 3)] == [3]
    assert [run.length for run in days.runs(state, FIRST + 1)] == [2]
    assert days.runs(state, FIRST - 1) == []


def test_work_says_whether_a_run_may_be_another_now() -> None:
    state = new_learner(USER)
    assert work(state, FIRST, 3600) == "extended"
    assert work(state, FIRST, 7200) == "unchanged"  # later on the newest day
    assert work(state, FIRST, 7200) == "unchanged"
    assert work(state, FIRST, 3600) == "unchanged"
    assert work(state, FIRST, 3599) == "joined"  # earlier: it may follow on another day now
    assert work(state, FIRST + 3, 3600) == "extended"
    assert work(state, FIRST, 7201) == "joined"  # later on an earlier day
    assert work(state, FIRST, 7201) == "unchanged"
    assert work(state, FIRST + 1, 0) == "joined"


def test_dates_two_apart_follow_within_36_hours_exactly() -> None:
    for seconds, length in ((36 * 3600, 2), (36 * 3600 + 1, 1)):
        state = new_learner(USER)
        work(state, FIRST, 20 * 3600)
        work(state, FIRST + 2, 20 * 3600 + seconds - 2 * DAY)
        assert state.streak.length == length


def test_the_first_and_last_work_of_a_day_are_kept() -> None:
    state = new_learner(USER)
    for second in (5000, 100, 9000, 700):
        work(state, FIRST, second)
    (day,) = state.days
    start = (FIRST - EPOCH) * DAY
    assert (days.day_began_at(day), days.day_ended_at(day)) == (start + 100, start + 9000)
