"""What holds of the fold for any events: properties, with brute force beside them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.keepers.days import local_day
from domain.keepers.sessions import DURATION_SECONDS_MAX, GAP_SECONDS
from domain.state.learner import Learner
from domain.stored import codec
from domain.stored.checkpoint import ClockMode
from tests.factories import START, Bench, at, course, event, seconds, viewed

pytestmark = pytest.mark.long

HOUR: Final = 3600
DAY: Final = 86_400
_ZONES: Final = (None, None, "Europe/Berlin", "Asia/Tokyo", "America/New_York")
_PRECISIONS: Final = ("instant", "instant", "instant", "day")
quick = settings(max_examples=60, deadline=None, derandomize=True)

# -- any events ----------------------------------------------------------------------------------

_fields: Final[dict[str, st.SearchStrategy[dict[str, Any]]]] = {
    "enrolled": st.just({}),
    "unenrolled": st.just({}),
    "session_started": st.just({}),
    "session_ended": st.just({}),
    "content_viewed": st.fixed_dictionaries(
        {
            "content_id": st.sampled_from(["p1", "p2", "p3"]),
            "content_kind": st.sampled_from(["page", "video", "login"]),
        },
        optional={
            "duration_seconds": st.floats(0, 3 * HOUR),
            "count": st.integers(0, 9),
        },
    ),
    "module_completed": st.fixed_dictionaries({"module_id": st.sampled_from(["m1", "m2", "m3"])}),
    "module_reopened": st.fixed_dictionaries({"module_id": st.sampled_from(["m1", "m2"])}),
    "assessment_submitted": st.fixed_dictionaries(
        {"assessment_id": st.sampled_from(["a0", "a1", "a2"])}
    ),
    "assessment_graded": st.fixed_dictionaries(
        {
            "assessment_id": st.sampled_from(["a0", "a1", "a2"]),
            "score": st.none() | st.floats(-10, 120),
            "max_score": st.sampled_from([0, 50, 100]),
        },
        optional={"attempt": st.integers(0, 6), "banked": st.booleans()},
    ),
    "question_answered": st.fixed_dictionaries(
        {"question_id": st.just("q"), "correct": st.booleans()},
        optional={"skills": st.lists(st.sampled_from("abc"), max_size=3)},
    ),
    "discussion_posted": st.just({"post_id": "post"}),
    "goal_set": st.fixed_dictionaries(
        {
            "goal_id": st.sampled_from(["g1", "g2"]),
            "metric": st.just("weekly_minutes"),
            "target": st.floats(0, 1e6),
        }
    ),
    "goal_removed": st.just({"goal_id": "g1"}),
    "course_finished": st.just({"outcome": "passed"}),
}


@st.composite
def any_event(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(_fields)))
    fields = draw(_fields[kind])
    when = at(minutes=draw(st.integers(-40 * 24 * 60, 40 * 24 * 60)))
    made = event(kind, when, draw(st.sampled_from([1, 2])), **fields)
    if "course_id" in made:
        made["course_id"] = draw(st.sampled_from(["c1", "c2"]))
    zone, precision = draw(st.sampled_from(_ZONES)), draw(st.sampled_from(_PRECISIONS))
    return made | ({"timezone": zone} if zone else {}) | {"precision": precision}


def numbered(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item | {"event_id": f"e{n}"} for n, item in enumerate(events)]


histories = st.lists(any_event(), min_size=1, max_size=40).map(numbered)
clocks: st.SearchStrategy[ClockMode] = st.sampled_from(["wall", "stream"])
facts = st.builds(
    lambda dues, modules: course(
        modules=modules, assessments={f"a{n}": at(due) for n, due in enumerate(dues)}
    ),
    st.lists(st.integers(-20, 20), max_size=3),
    st.integers(0, 4),
)


def everything(bench: Bench) -> tuple[object, ...]:
    checkpoint = codec.encode_checkpoint(bench.fold.checkpoint)
    return bench.store.committed, bench.published, bench.about_data, checkpoint


@quick
@given(histories, clocks, st.data())
def test_i2_nothing_depends_on_where_batches_end(
    events: list[dict[str, Any]], clock: ClockMode, data: st.DataObject
) -> None:
    """Course facts and ticks come between batches, at the same places of the log."""
    inputs = data.draw(
        st.dictionaries(st.integers(0, len(events)), facts | st.integers(0, 60), max_size=3)
    )
    cuts = data.draw(st.sets(st.integers(1, len(events))))
    few, many = Bench(clock=clock), Bench(clock=clock)
    for bench, ends in ((few, set(inputs)), (many, set(inputs) | cuts)):
        places = sorted({0, len(events)} | ends)
        for first, last in zip(places, [*places[1:], len(events)], strict=True):
            if first in inputs:
                adopt(bench, inputs[first], clock)
            if first < last:
                bench.send(*events[first:last])
    assert everything(many) == everything(few)


def adopt(bench: Bench, value: Any, clock: ClockMode) -> None:
    if not isinstance(value, int):
        bench.adopt("course", value)
    elif clock == "wall":
        bench.tick(at(value))


@quick
@given(histories, clocks)
def test_i1_immediate_repeats_change_nothing(
    events: list[dict[str, Any]], clock: ClockMode
) -> None:
    once = Bench(clock=clock, facts=course(assessments={"a0": at(1)})).send(*events)
    twice = Bench(clock=clock, facts=course(assessments={"a0": at(1)}))
    twice.send(*[item for item in events for _ in range(2)])
    assert twice.store.committed == once.store.committed
    assert twice.published == once.published
    assert twice.fold.checkpoint.counters.duplicates == len(events)


@quick
@given(histories, clocks)
def test_a_state_and_a_record_survive_their_bytes(
    events: list[dict[str, Any]], clock: ClockMode
) -> None:
    bench = Bench(clock=clock, facts=course(assessments={"a0": at(1)})).send(*events)
    for data in bench.store.committed.values():
        state = codec.decode_learner(data)
        assert codec.encode_learner(state) == data
        header = codec.decode_header(data)
        assert (header.user_id, header.steps, header.wake_at, header.course_ids) == (
            state.user_id,
            state.steps,
            state.wake_at,
            state.course_ids,
        )
    data = codec.encode_checkpoint(bench.fold.checkpoint)
    assert codec.decode_checkpoint(data) == bench.fold.checkpoint
    for known in bench.fold.facts.values():
        assert codec.decode_facts(codec.encode_facts(known)) == known


@quick
@given(st.lists(any_event(), max_size=40).map(numbered), clocks)
def test_i8_no_clock_goes_back(events: list[dict[str, Any]], clock: ClockMode) -> None:
    bench, before = Bench(clock=clock), 0
    for item in events:
        bench.send(item)
        assert bench.fold.checkpoint.clock >= before
        before = bench.fold.checkpoint.clock


# -- sessions ------------------------------------------------------------------------------------

presence = st.lists(
    st.tuples(st.integers(0, 30 * 60), st.integers(0, 150)), min_size=1, max_size=8, unique=True
)


def union(visits: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches of presence with gaps of up to 30 minutes, in minutes after the start."""
    stretches: list[tuple[int, int]] = []
    for start, minutes in sorted(visits):
        end = start + min(minutes, DURATION_SECONDS_MAX // 60)
        if stretches and start <= stretches[-1][1] + GAP_SECONDS // 60:
            stretches[-1] = stretches[-1][0], max(stretches[-1][1], end)
        else:
            stretches.append((start, end))
    return stretches


def by_day(stretches: Sequence[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Seconds and sessions of each day, in UTC."""
    found: dict[int, tuple[int, int]] = {}
    for start, end in stretches:
        day = local_day(seconds(START) + start * 60, "UTC")
        had, sessions = found.get(day, (0, 0))
        found[day] = had, sessions + 1
        for minute in range(start, end):
            day = local_day(seconds(START) + minute * 60, "UTC")
            had, sessions = found.get(day, (0, 0))
            found[day] = had + 60, sessions
    return found


def visited(visits: Sequence[tuple[int, int]]) -> Learner:
    events = [
        viewed(at(minutes=start), f"p{n}", duration_seconds=minutes * 60, event_id=f"e{n}")
        for n, (start, minutes) in enumerate(visits)
    ]
    return Bench().send(*events).learner()


def spans(state: Learner) -> list[tuple[int, int]]:
    zero = seconds(START)
    return [((span.start - zero) // 60, (span.end - zero) // 60) for span in state.spans]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(presence, st.randoms(use_true_random=False))
def test_sessions_are_the_union_of_presence_and_short_gaps(
    visits: list[tuple[int, int]], rng: Any
) -> None:
    expected = union(visits)
    in_order, shuffled = sorted(visits), list(visits)
    rng.shuffle(shuffled)
    for arrival in (in_order, shuffled):
        state = visited(arrival)
        assert spans(state) == expected
        found = {day.day: (day.seconds, day.sessions) for day in state.days}
        assert {day: found.get(day, (0, 0)) for day in by_day(expected)} == by_day(expected)


# -- streaks -------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=25))
def test_streaks_are_runs_of_dates_in_any_order(days: list[int]) -> None:
    """Work at noon: two dates that are not neighbours are 48 hours apart, so none is bridged."""
    events = [viewed(at(day, 3), f"p{n}", event_id=f"e{n}") for n, day in enumerate(days)]
    streak = Bench().send(*events).learner().streak
    runs: list[list[int]] = []
    for day in sorted(set(days)):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    first = START.toordinal()
    assert (streak.first_day - first, streak.last_day - first) == (runs[-1][0], runs[-1][-1])
    assert (streak.length, streak.longest) == (len(runs[-1]), max(map(len, runs)))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 20 * 24), min_size=1, max_size=20))
def test_streaks_bridge_thirty_six_hours_in_any_order(hours: list[int]) -> None:
    moments = [datetime.fromtimestamp(seconds(START) + hour * HOUR, UTC) for hour in hours]
    events = [viewed(when, f"p{n}", event_id=f"e{n}") for n, when in enumerate(moments)]
    streak = Bench().send(*events).learner().streak
    length = longest = 0
    before: datetime | None = None
    for when in sorted(moments):
        if before is None or when.date() != before.date():
            apart = 99 if before is None else when.toordinal() - before.toordinal()
            near = before is not None and (when - before).total_seconds() <= 36 * HOUR
            length = length + 1 if apart == 1 or near else 1
            longest = max(longest, length)
        before = when
    assert (streak.length, streak.longest) == (length, longest)
    assert streak.last_at == seconds(max(moments))
