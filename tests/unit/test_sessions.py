"""Sessions against a plain recount: marks in order of time, gaps of 30 minutes, days of a zone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import pytest

from domain.keepers.days import day_start, forget_first_day, local_day
from domain.keepers.sessions import (
    DURATION_SECONDS_MAX,
    ENDED,
    GAP_SECONDS,
    PRESENT,
    STARTED,
    WORKED,
    Mark,
    note_session,
    observe,
    presence,
)
from domain.state.learner import (
    Learner,
    Session,
    new_learner,
)
from domain.state.limits import MARKS_MAX
from tests.factories import USER

HOUR: Final = 3600
DAY: Final = 86_400
MINUTE: Final = 60
ZONE: Final = "America/New_York"
START: Final = 1_709_542_800  # 2024-03-04T09:00:00Z


@dataclass
class Stretch:
    """What a session is; `closed` where its end was explicit."""

    start: int
    end: int
    last_at: int
    activities: int = 0
    closed: bool = field(default=False, compare=False)


def recounted(marks: Iterable[Mark]) -> list[Stretch]:
    found: list[Stretch] = []
    for at, seconds, what in sorted(marks, key=lambda mark: mark.at):
        last = found[-1] if found else None
        if what == ENDED:
            if last is not None and not last.closed and at <= last.end + 30 * MINUTE:
                last.end, last.closed = at, True
            elif last is not None and at > last.end:
                last.closed = True
            continue
        if last is not None and what == STARTED and at >= last.end:
            last.closed = True
        gap = 0 if last is None or last.closed else 30 * MINUTE
        over = last is not None and last.closed and what == STARTED
        if last is None or over or at > last.end + gap:
            last = Stretch(at, at, at)
            found.append(last)
        last.last_at = at
        last.activities += what == WORKED
        if not last.closed:
            last.end = max(last.end, at + seconds)
    return found


def by_day(stretches: Iterable[Stretch], zone: str) -> Counter[int]:
    """Seconds by local day."""
    found: Counter[int] = Counter()
    for each in stretches:
        day = local_day(each.start, zone)
        while day_start(day, zone) < each.end:
            since, until = day_start(day, zone), day_start(day + 1, zone)
            found[day] += min(each.end, until) - max(each.start, since)
            day += 1
    return +found


def taken(marks: Sequence[Mark], zone: str = "UTC") -> Learner:
    state = new_learner(USER)
    for mark in marks:
        observe(state, mark, zone)
    return state


def shown(state: Learner) -> list[Stretch]:
    return [Stretch(s.start, s.end, s.last_at, s.activities, s.closed) for s in state.spans]


def holds(state: Learner, marks: Sequence[Mark], zone: str) -> None:
    """The state's spans and days are those of the recount."""
    expected = recounted(marks)
    assert shown(state) == expected
    assert [span.day for span in state.spans] == [local_day(s.start, zone) for s in expected]
    seconds = Counter({day.day: day.seconds for day in state.days})
    assert +seconds == by_day(expected, zone)
    sessions = Counter({day.day: day.sessions for day in state.days})
    assert +sessions == Counter(local_day(s.start, zone) for s in expected)
    assert min([*seconds.values(), *sessions.values()], default=0) >= 0


@pytest.mark.parametrize("seed", range(60))
def test_marks_of_two_days_come_to_the_same_sessions_in_any_order(seed: int) -> None:
    random = Random(seed)
    whats = random.choice([(WORKED, PRESENT), (WORKED, PRESENT, STARTED, ENDED), (WORKED, ENDED)])
    moments = random.sample(range(0, 49 * 60, random.choice([1, 5, 15])), 24)
    marks = []
    for minute in moments:
        what = random.choice(whats)
        lasts = random.choice([0, 60, 900, 1800, 7200]) if what in {WORKED, PRESENT} else 0
        marks.append(Mark(START + minute * MINUTE, lasts, what))
    state = new_learner(USER)
    for count, mark in enumerate(marks, 1):
        observe(state, mark, ZONE)
        holds(state, marks[:count], ZONE)


@pytest.mark.parametrize("seed", range(60))
def test_presence_that_comes_days_late_joins_the_session_it_belongs_to(seed: int) -> None:
    """Without explicit ends a session is a union of intervals: however late, it is the same."""
    random = Random(seed)
    marks = []
    for _ in range(random.randrange(2, 8)):
        base = START + random.randrange(6 * 24 * 60) * MINUTE
        for _ in range(random.randrange(1, 5)):
            at = base + random.choice([0, 10, 29, 30, 31, 45, 60, 61, 100]) * MINUTE
            lasts = random.choice([0, 60, 900, 1800, 3600, 7200])
            marks.append(Mark(at, lasts, random.choice([WORKED, PRESENT])))
    random.shuffle(marks)
    state = new_learner(USER)
    for count, mark in enumerate(marks, 1):
        observe(state, mark, ZONE)
        if len(recounted(marks[:count])) > 8:
            break
        holds(state, marks[:count], ZONE)


def test_a_gap_of_thirty_minutes_is_one_session_and_a_second_more_are_two() -> None:
    for gap, sessions in ((30 * MINUTE, 1), (30 * MINUTE + 1, 2)):
        for late in (False, True):
            marks = [Mark(START, 60, WORKED), Mark(START + 60 + gap, 0, WORKED)]
            state = taken(marks[::-1] if late else marks)
            assert len(state.spans) == sessions
    assert GAP_SECONDS == 30 * MINUTE


def test_a_duration_counts_two_hours_at_most() -> None:
    assert presence(5, 7199.9, work=True) == Mark(5, 7199, WORKED)
    assert presence(5, 10**6, work=False) == Mark(5, 2 * HOUR, PRESENT)
    assert DURATION_SECONDS_MAX == 2 * HOUR


def test_presence_is_no_activity() -> None:
    (span,) = taken([presence(START, 60, work=False)]).spans
    assert (span.activities, span.end - span.start) == (0, 60)
    assert taken([presence(START, 60, work=True)]).spans[0].activities == 1


def test_the_newest_session_id_is_remembered() -> None:
    state = new_learner(USER)
    for name, at in (("s1", 5), ("s0", 4), (None, 9), ("s2", 5)):
        note_session(state, name, at)
    assert (state.session_id, state.session_at) == ("s2", 5)


# -- explicit starts and ends ----------------------------------------------------------------------


def test_an_end_behind_the_gap_ends_nothing_but_lets_nothing_join() -> None:
    late_end = Mark(START + 31 * MINUTE, 0, ENDED)
    state = taken([Mark(START, 0, WORKED), late_end])
    assert shown(state) == [Stretch(START, START, START, 1, closed=True)]
    on_the_gap = taken([Mark(START, 0, WORKED), Mark(START + 30 * MINUTE, 0, ENDED)])
    assert on_the_gap.spans[0].end == START + 30 * MINUTE


def test_a_second_end_changes_nothing() -> None:
    state = taken(
        [
            Mark(START, 600, WORKED),
            Mark(START + 300, 0, ENDED),
            Mark(START + 400, 0, ENDED),
        ]
    )
    assert shown(state) == [Stretch(START, START + 300, START, 1, closed=True)]


def test_an_end_without_a_session_is_nothing() -> None:
    state = taken([Mark(START, 0, ENDED)])
    assert (state.spans, state.days) == ([], [])


def test_a_start_within_a_session_begins_no_other_unless_it_was_over() -> None:
    inside = taken([Mark(START, 600, WORKED), Mark(START + 599, 0, STARTED)])
    assert [(s.start, s.closed) for s in inside.spans] == [(START, False)]
    behind = taken([Mark(START, 600, WORKED), Mark(START + 600, 0, STARTED)])
    assert [(s.start, s.closed) for s in behind.spans] == [(START, True), (START + 600, False)]


def test_a_session_that_comes_late_is_not_joined_to_an_explicit_start() -> None:
    late = Mark(START - 2 * HOUR, 7200, WORKED)
    state = taken([Mark(START, 0, STARTED), late])
    assert [(s.start, s.end) for s in state.spans] == [(START - 2 * HOUR, START), (START, START)]


def test_an_end_that_comes_before_what_it_ends_is_not_forgotten() -> None:
    marks = (
        Mark(START, 0, WORKED),
        Mark(START - 2 * HOUR, 0, ENDED),
        Mark(START - 3 * HOUR, 7200, WORKED),
    )
    assert taken(marks).spans[0].end == START - 2 * HOUR


def test_an_end_of_fifty_hours_ago_is_put_in_its_place_and_an_older_one_is_not() -> None:
    for later, end in ((50 * HOUR, START + 300), (50 * HOUR + 1, START + 600)):
        now = Mark(START + 300 + later, 0, WORKED)
        state = taken([Mark(START, 600, WORKED), now, Mark(START + 300, 0, ENDED)])
        assert state.spans[0].end == end


def test_the_second_that_begins_a_day_is_taken_back_from_that_day() -> None:
    midnight = day_start(local_day(START, "UTC") + 1, "UTC")
    work = Mark(midnight - 600, 601, WORKED)
    state = taken([work, Mark(midnight - 60, 0, ENDED)])
    assert [day.seconds for day in state.days] == [540, 0]


def test_where_the_clock_is_set_back_over_midnight_each_second_has_its_date() -> None:
    """In St. John's at 00:01 it was 23:01 again until 2011: two midnights in one night."""
    zone, second = "America/St_Johns", 1_289_097_060
    assert local_day(second - 1, zone) == local_day(second, zone) + 1
    midnight = second + 59 * MINUTE
    begun = Mark(midnight - 1801, 3601, WORKED)
    state = taken([begun], zone)
    assert [day.seconds for day in state.days] == [1801, 1800]
    observe(state, Mark(midnight - 901, 0, ENDED), zone)
    assert [day.seconds for day in state.days] == [900, 0]


def test_minutes_taken_back_by_an_end_leave_their_days() -> None:
    midnight = day_start(local_day(START, "UTC") + 1, "UTC")
    work = Mark(midnight - 600, 7200, WORKED)
    state = taken([work, Mark(midnight + 600, 0, ENDED)])
    assert [day.seconds for day in state.days] == [600, 600]
    state = taken([work, Mark(midnight - 300, 0, ENDED)])
    assert [day.seconds for day in state.days] == [300, 0]
    state = taken([work, Mark(midnight, 0, ENDED)])
    assert [day.seconds for day in state.days] == [600, 0]


# -- what is older than two days -----------------------------------------------------------------

LATER: Final = START + 6 * DAY


def aged(*marks: Mark) -> Learner:
    """A learner with sessions whose marks are no longer kept."""
    return taken([*marks, Mark(LATER, 0, WORKED)])


def test_marks_of_fifty_hours_are_kept() -> None:
    for hours, kept in ((50, 2), (51, 1)):
        state = taken([Mark(START, 0, WORKED), Mark(START + hours * HOUR, 0, WORKED)])
        assert len(state.marks) // 8 == kept
    state = taken([Mark(START, 60, WORKED), Mark(START + 60 + 50 * HOUR, 0, WORKED)])
    assert len(state.marks) // 8 == 2


def test_a_session_that_was_ended_is_joined_only_by_what_lies_in_it() -> None:
    old = (Mark(START, 600, WORKED), Mark(START + 600, 0, ENDED))
    behind = aged(*old)
    observe(behind, Mark(START + 601, 0, WORKED), "UTC")
    assert [s.start for s in behind.spans] == [START, START + 601, LATER]
    inside = aged(*old)
    observe(inside, Mark(START + 600, 900, WORKED), "UTC")
    joined = inside.spans[0]
    assert (joined.start, joined.end, joined.activities) == (START, START + 600, 2)
    before = aged(*old)
    observe(before, Mark(START - GAP_SECONDS, 0, WORKED), "UTC")
    assert [s.start for s in before.spans] == [START - GAP_SECONDS, LATER]
    apart = aged(*old)
    observe(apart, Mark(START - GAP_SECONDS - 1, 0, WORKED), "UTC")
    assert [s.start for s in apart.spans] == [START - GAP_SECONDS - 1, START, LATER]


def test_an_end_that_comes_too_late_says_nothing() -> None:
    state = aged(Mark(START, 600, WORKED))
    observe(state, Mark(START + 300, 0, ENDED), "UTC")
    assert (state.spans[0].end, state.spans[0].closed) == (START + 600, False)


def test_what_two_old_sessions_touch_makes_one_of_them() -> None:
    for gap, starts in ((30, [START, LATER]), (31, [START, START + 41 * MINUTE, LATER])):
        at = START + (10 + gap) * MINUTE
        state = aged(Mark(START, 0, WORKED), Mark(at, 60, WORKED))
        observe(state, Mark(START + 10 * MINUTE - 1, 1, WORKED), "UTC")
        assert [s.start for s in state.spans] == starts
    (joined, _) = aged(Mark(START, 0, WORKED), Mark(START + 40 * MINUTE, 60, WORKED)).spans[:2]
    assert joined.end == START


def test_an_old_session_that_was_ended_stays_apart_from_the_next() -> None:
    ended = (Mark(START, 600, WORKED), Mark(START + 600, 0, ENDED), Mark(START + 1200, 60, WORKED))
    state = aged(*ended)
    observe(state, Mark(START + 1100, 0, WORKED), "UTC")
    assert [(s.start, s.closed) for s in state.spans] == [
        (START, True),
        (START + 1100, False),
        (LATER, False),
    ]


def test_of_two_that_become_one_the_later_end_says_whether_it_was_explicit() -> None:
    open_first = aged(
        Mark(START, 60, WORKED),
        Mark(START + 40 * MINUTE, 600, WORKED),
        Mark(START + 50 * MINUTE, 0, ENDED),
    )
    observe(open_first, Mark(START + 20 * MINUTE, 0, WORKED), "UTC")
    first = open_first.spans[0]
    assert (first.start, first.end, first.closed) == (START, START + 50 * MINUTE, True)
    assert (first.activities, first.last_at) == (3, START + 40 * MINUTE)
    assert open_first.days[0].seconds == 50 * MINUTE
    assert [day.sessions for day in open_first.days] == [1, 1]


def test_late_presence_on_the_day_before_moves_the_session_there() -> None:
    midnight = day_start(local_day(START, "UTC") + 1, "UTC")
    state = aged(Mark(midnight + 600, 0, WORKED))
    observe(state, Mark(midnight - 600, 60, WORKED), "UTC")
    assert [(day.sessions, day.seconds) for day in state.days] == [(1, 600), (0, 600), (1, 0)]
    assert (state.spans[0].start, state.spans[0].day) == (midnight - 600, state.days[0].day)


def test_eight_sessions_without_marks_are_kept_and_of_the_others_their_lengths() -> None:
    state = taken([Mark(START + n * 3 * DAY, 60 + n, WORKED) for n in range(9)])
    assert (len(state.spans), state.sessions) == (9, [])
    observe(state, Mark(START + 27 * DAY, 0, WORKED), "UTC")
    assert state.sessions == [Session(local_day(START, "UTC"), 60)]
    assert [span.end - span.start for span in state.spans] == [*range(61, 69), 0]


def test_the_lengths_of_64_sessions_are_kept() -> None:
    state = taken([Mark(START + n * 3 * DAY, n, WORKED) for n in range(74)])
    assert [each.seconds for each in state.sessions] == list(range(1, 65))


def test_a_session_moves_from_a_day_that_is_forgotten_without_a_trace() -> None:
    midnight = day_start(local_day(START, "UTC") + 1, "UTC")
    state = aged(Mark(midnight + 600, 0, WORKED))
    forget_first_day(state)
    observe(state, Mark(midnight - 600, 60, WORKED), "UTC")
    assert [(day.sessions, day.seconds) for day in state.days] == [(1, 600), (0, 600), (1, 0)]


def test_of_a_day_that_was_forgotten_nothing_is_taken_back() -> None:
    ended = taken([Mark(START, 7200, WORKED)])
    forget_first_day(ended)
    observe(ended, Mark(START + 7000, 0, ENDED), "UTC")
    assert [(day.sessions, day.seconds) for day in ended.days] == [(0, 0)]
    late = Mark(START + 60, 0, WORKED)
    marks = [Mark(START + n * 2 * HOUR, 600, WORKED) for n in range(3)]
    again = taken(marks[:2])
    forget_first_day(again)
    observe(again, marks[2], "UTC")
    observe(again, late, "UTC")
    assert [(day.sessions, day.seconds) for day in again.days] == [(3, 1800)]


def test_a_day_that_was_forgotten_does_not_come_back_for_nothing() -> None:
    midnight = day_start(local_day(START, "UTC") + 1, "UTC")
    state = aged(Mark(midnight, 0, WORKED))
    forget_first_day(state)
    observe(state, Mark(midnight - 600, 600, WORKED), "UTC")
    assert [(day.sessions, day.seconds) for day in state.days] == [(1, 600), (1, 0)]


def test_sessions_of_a_day_that_no_bucket_reaches_join_and_count_for_no_day() -> None:
    state = taken([Mark(START, 600, WORKED)])
    old = START - 100 * DAY
    for minute in (0, 50, 25):  # the third joins the first two
        observe(state, Mark(old + minute * MINUTE, 600, WORKED), "UTC")
    assert [(span.start, span.end) for span in state.spans] == [
        (old, old + 60 * MINUTE),
        (START, START + 600),
    ]
    assert [(day.sessions, day.seconds) for day in state.days] == [(1, 600)]


# -- at most 96 marks ------------------------------------------------------------------------------


def test_beyond_96_marks_the_oldest_sessions_go_whole() -> None:
    early = [Mark(START + n, 0, WORKED) for n in range(10)]
    later = [Mark(START + HOUR + n, 0, WORKED) for n in range(MARKS_MAX - 10)]
    state = taken([*early, *later])
    assert len(state.marks) // 8 == MARKS_MAX
    observe(state, Mark(START + 2 * HOUR, 0, WORKED), "UTC")
    assert (len(state.marks) // 8, state.overflow.marks) == (MARKS_MAX - 9, 0)
    assert [span.activities for span in state.spans] == [10, MARKS_MAX - 10, 1]


def test_of_one_long_session_the_oldest_marks_go_and_are_counted() -> None:
    marks = [Mark(START + n * MINUTE, 0, WORKED) for n in range(MARKS_MAX + 3)]
    state = taken(marks)
    assert (len(state.marks) // 8, state.overflow.marks) == (MARKS_MAX, 3)
    assert [span.activities for span in state.spans] == [MARKS_MAX + 3]
    late = Mark(START + 10 * MINUTE + 5, 0, WORKED)
    observe(state, late, "UTC")
    holds(state, [*marks, late], "UTC")
    assert (len(state.marks) // 8, state.overflow.marks) == (MARKS_MAX, 3)


def beyond_96(*late: Mark) -> Learner:
    """Ten marks of one session are forgotten, though they are not two days old."""
    early = [Mark(START + n, 0, WORKED) for n in range(10)]
    later = [Mark(START + HOUR + n, 0, WORKED) for n in range(MARKS_MAX - 9)]
    state = taken([*early, *later])
    assert len(state.marks) // 8 == MARKS_MAX - 9
    for mark in late:
        observe(state, mark, "UTC")
    return state


def test_a_session_whose_marks_are_forgotten_is_never_made_anew() -> None:
    end = START + 9
    before = beyond_96(Mark(START - 2 * HOUR, 0, WORKED))
    assert [s.start for s in before.spans] == [START - 2 * HOUR, START, START + HOUR]
    assert [s.activities for s in before.spans] == [1, 10, MARKS_MAX - 9]
    inside = beyond_96(Mark(START + 5, 0, ENDED), Mark(START + 6, 0, WORKED))
    assert (inside.spans[0].end, inside.spans[0].closed) == (end, False)
    assert inside.spans[0].activities == 11
    at_its_end = beyond_96(Mark(end, 0, ENDED), Mark(end + 1, 0, WORKED))
    assert [s.start for s in at_its_end.spans] == [START, end + 1, START + HOUR]
    behind = beyond_96(Mark(end + 60, 0, ENDED))
    assert [(s.end, s.closed) for s in behind.spans] == [
        (end + 60, True),
        (START + HOUR + MARKS_MAX - 10, False),
    ]


def test_the_newest_session_too_is_joined_by_what_reaches_it() -> None:
    (joined,) = beyond_96(Mark(START + 5, 7200, WORKED)).spans
    assert (joined.start, joined.end) == (START, START + 5 + 7200)
    assert (joined.activities, joined.last_at) == (MARKS_MAX + 2, START + HOUR + MARKS_MAX - 10)


def test_days_of_what_is_made_anew_are_counted_once() -> None:
    state = beyond_96(Mark(START + 2 * HOUR, 600, WORKED), Mark(START + HOUR + 50, 60, WORKED))
    assert (state.days[0].seconds, state.days[0].sessions) == (9 + 110 + 600, 3)
