"""Who is notified of an alert, and when: preferences, quiet hours in any zone, a cap a day."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.alerts import Rule
from domain.alerts.delivery import (
    Moment,
    count_delivered,
    deferred_until,
    suppressed_reason,
)
from domain.rules import RULES
from domain.state.learner import Learner, Preferences, Severity, new_learner
from tests.factories import USER, at, seconds
from tests.trying import tries

DAY: Final = 86_400
LOW_SCORE: Final = RULES["low_score"]
NOW: Final = seconds(at(1))  # 09:00 UTC


def learner(**wanted: Any) -> Learner:
    state = new_learner(USER)
    state.preferences = replace(Preferences(0, 1, [], [], "low", None, None), **wanted)
    return state


def moment(now: int = NOW, zone: str = "UTC", stale_before: int = 0) -> Moment:
    return Moment(now, now, stale_before, zone)


def reason(state: Learner, severity: Severity = "medium", rule: Rule = LOW_SCORE) -> str | None:
    return suppressed_reason(state, rule, severity, moment())


def until(now: datetime, quiet: tuple[int, int], zone: str = "UTC") -> datetime | None:
    """When what is raised now is delivered, in UTC; None: at once."""
    end = deferred_until(learner(quiet=quiet), LOW_SCORE, moment(int(now.timestamp()), zone))
    return None if end is None else datetime.fromtimestamp(end, UTC)


def hm(hours: int, minutes: int = 0) -> int:
    return hours * 60 + minutes


# -- what is suppressed ----------------------------------------------------------------------------


def test_nothing_is_held_back_without_preferences_and_with_those_that_hold_nothing() -> None:
    assert reason(new_learner(USER), "low") is None
    assert reason(learner(), "low") is None


@pytest.mark.parametrize(
    ("wanted", "muted"),
    [
        ({"muted_types": ["performance"]}, "muted"),
        ({"muted_types": ["achievement"]}, None),
        ({"muted_categories": ["low_score"]}, "muted"),
        ({"muted_categories": ["declining_trend", "a_rule_to_come"]}, None),
    ],
)
def test_muted_types_and_categories_are_suppressed(wanted: Any, muted: str | None) -> None:
    assert reason(learner(**wanted), "high") == muted


@pytest.mark.parametrize(
    ("least", "severity", "held"),
    [
        ("low", "low", None),
        ("medium", "low", "below_severity"),
        ("medium", "medium", None),
        ("high", "medium", "below_severity"),
        ("high", "high", None),
    ],
)
def test_what_is_below_the_least_severity_is_suppressed(
    least: Severity, severity: Severity, held: str | None
) -> None:
    assert reason(learner(min_severity=least), severity) == held


def test_the_first_reason_is_given() -> None:
    full = {"max_per_day": 0, "min_severity": "high", "muted_types": ["performance"]}
    stale = Moment(NOW - 1, NOW, NOW, "UTC")
    assert suppressed_reason(learner(**full), LOW_SCORE, "low", stale) == "stale"
    assert reason(learner(**full), "low") == "muted"
    assert reason(learner(**full | {"muted_types": []}), "low") == "below_severity"
    assert reason(learner(max_per_day=0), "low") == "daily_cap"


def test_preferences_have_no_say_in_what_is_not_for_the_learner() -> None:
    state = learner(muted_types=["performance"], max_per_day=0, quiet=(0, hm(23)))
    assert reason(state, rule=RULES["at_risk"]) is None
    assert deferred_until(state, RULES["at_risk"], moment()) is None
    count_delivered(state, RULES["at_risk"], moment())
    assert state.preferences is not None
    assert state.preferences.delivered == []


# -- the cap ---------------------------------------------------------------------------------------


def deliver(state: Learner, now: int, severity: Severity = "medium") -> str | None:
    held = suppressed_reason(state, LOW_SCORE, severity, moment(now))
    if held is None:
        count_delivered(state, LOW_SCORE, moment(now))
    return held


def test_a_day_has_so_many_alerts_and_high_ones_come_all_the_same() -> None:
    state = learner(max_per_day=2)
    assert [deliver(state, NOW) for _ in range(3)] == [None, None, "daily_cap"]
    assert deliver(state, NOW, "high") is None
    midnight = NOW // DAY * DAY + DAY
    assert deliver(state, midnight - 1) == "daily_cap"
    assert deliver(state, midnight) is None


def test_a_high_alert_is_counted() -> None:
    state = learner(max_per_day=1)
    assert [deliver(state, NOW, "high"), deliver(state, NOW)] == [None, "daily_cap"]


def test_nothing_is_counted_without_a_cap() -> None:
    for state in (learner(), new_learner(USER)):
        deliver(state, NOW)
        assert state.preferences is None or state.preferences.delivered == []


def test_what_waits_counts_for_the_day_on_which_it_is_delivered() -> None:
    state = learner(max_per_day=1, quiet=(hm(22), hm(7)))
    evening = NOW // DAY * DAY + 22 * 3600
    assert deliver(state, evening - 1) is None  # today's
    assert deliver(state, evening) is None  # tomorrow's
    assert deliver(state, evening + 9 * 3600) == "daily_cap"
    assert deliver(state, evening + 24 * 3600) is None


def test_the_two_newest_days_are_counted() -> None:
    state = learner(max_per_day=5)
    for day in range(4):
        deliver(state, NOW + day * DAY)
    assert state.preferences is not None
    today = datetime.fromtimestamp(NOW, UTC).toordinal()
    assert state.preferences.delivered == [(today + 2, 1), (today + 3, 1)]


def test_a_day_is_the_learners() -> None:
    state = learner(max_per_day=1)
    late = datetime(2024, 3, 5, 14, 59, 59, tzinfo=UTC)  # 23:59:59 in Tokyo
    for when, held in ((late, None), (late, "daily_cap"), (late + timedelta(seconds=1), None)):
        now = moment(int(when.timestamp()), "Asia/Tokyo")
        assert suppressed_reason(state, LOW_SCORE, "low", now) == held
        if held is None:
            count_delivered(state, LOW_SCORE, now)


# -- quiet hours -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "second", "waits"),
    [(12, 59, 59, False), (13, 0, 0, True), (14, 29, 59, True), (14, 30, 0, False)],
)
def test_quiet_hours_begin_with_their_first_minute_and_end_before_their_last(
    hour: int, minute: int, second: int, *, waits: bool
) -> None:
    now = datetime(2024, 3, 5, hour, minute, second, tzinfo=UTC)
    end = datetime(2024, 3, 5, 14, 30, tzinfo=UTC)
    assert until(now, (hm(13), hm(14, 30))) == (end if waits else None)


@pytest.mark.parametrize(
    ("day", "hour", "ends"),
    [(5, 21, None), (5, 22, 6), (5, 23, 6), (6, 0, 6), (6, 6, 6), (6, 7, None)],
)
def test_quiet_hours_over_midnight_end_in_the_morning(
    day: int, hour: int, ends: int | None
) -> None:
    end = None if ends is None else datetime(2024, 3, ends, 7, tzinfo=UTC)
    assert until(datetime(2024, 3, day, hour, tzinfo=UTC), (hm(22), hm(7))) == end


def test_quiet_hours_are_those_of_the_learners_zone() -> None:
    now = datetime(2024, 3, 5, 3, 0, tzinfo=UTC)  # 22:00 in New York, 12:00 in Tokyo
    assert until(now, (hm(22), hm(7)), "America/New_York") == datetime(2024, 3, 5, 12, tzinfo=UTC)
    assert until(now, (hm(22), hm(7)), "Asia/Tokyo") is None


def test_quiet_hours_end_as_clocks_show_it_when_these_change() -> None:
    night = (hm(22), hm(7))
    spring = datetime(2024, 3, 30, 23, 0, tzinfo=UTC)  # midnight in Berlin
    assert until(spring, night, "Europe/Berlin") == datetime(2024, 3, 31, 5, tzinfo=UTC)
    autumn = datetime(2024, 10, 26, 22, 0, tzinfo=UTC)
    assert until(autumn, night, "Europe/Berlin") == datetime(2024, 10, 27, 6, tzinfo=UTC)


def test_an_end_that_clocks_leave_out_is_read_by_the_offset_from_before() -> None:
    now = datetime(2024, 3, 30, 23, 0, tzinfo=UTC)  # 02:30 does not exist in Berlin: it is 03:30
    assert until(now, (hm(22), hm(2, 30)), "Europe/Berlin") == datetime(
        2024, 3, 31, 1, 30, tzinfo=UTC
    )


def test_an_end_that_comes_twice_is_the_first_still_to_come() -> None:
    quiet, berlin = (hm(22), hm(2, 30)), "Europe/Berlin"
    first, second = (datetime(2024, 10, 27, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert until(datetime(2024, 10, 27, 0, 29, tzinfo=UTC), quiet, berlin) == first
    assert until(first, quiet, berlin) is None
    assert until(datetime(2024, 10, 27, 1, 15, tzinfo=UTC), quiet, berlin) == second  # 02:15 again


ZONES: Final = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "America/Sao_Paulo",  # changed clocks at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
    "Pacific/Apia",  # left a day out
    "Africa/Casablanca",
]
_minutes = st.integers(0, 24 * 60 - 1)


def is_quiet(now: int, quiet: tuple[int, int], zone: str) -> bool:
    """Whether clocks show a time within the quiet hours: walk on from their beginning."""
    here = datetime.fromtimestamp(now, ZoneInfo(zone))
    begins, ends = quiet
    return (here.hour * 60 + here.minute - begins) % 1440 < (ends - begins) % 1440


@tries(300)
@given(
    st.integers(
        seconds(datetime(2011, 1, 1, tzinfo=UTC)), seconds(datetime(2030, 1, 1, tzinfo=UTC))
    ),
    st.tuples(_minutes, _minutes).filter(lambda quiet: quiet[0] != quiet[1]),
    st.sampled_from(ZONES),
)
@example(seconds(datetime(2011, 12, 30, 9, 0, tzinfo=UTC)), (hm(22), hm(7)), "Pacific/Apia")
@example(seconds(datetime(2018, 11, 4, 2, 0, tzinfo=UTC)), (hm(22), hm(0, 30)), "America/Sao_Paulo")
def test_what_waits_waits_until_clocks_first_show_the_end_of_quiet_hours(
    now: int, quiet: tuple[int, int], zone: str
) -> None:
    end = deferred_until(learner(quiet=quiet), LOW_SCORE, moment(now, zone))
    assert (end is not None) == is_quiet(now, quiet, zone)
    if end is None:
        return
    assert now < end <= now + 2 * DAY
    local = datetime.fromtimestamp(end, ZoneInfo(zone))
    changed = local.utcoffset() != (local - timedelta(days=1)).utcoffset()
    assert changed or (local.hour * 60 + local.minute, local.second) == (quiet[1], 0)
    if not changed:
        assert all(is_quiet(each, quiet, zone) for each in range(now, end, 600))
