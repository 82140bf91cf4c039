"""What holds of `data_quality` for any records: batches, crashes and ticks change nothing of it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alerts import Transition
from domain.configuration import Configuration, configured
from domain.events.decode import Record
from domain.stored import codec
from domain.stored.checkpoint import ClockMode
from tests.factories import START, Bench, at, record, seconds, started_again, viewed

DAY: Final = 86_400
QUICK: Final = settings(max_examples=150, deadline=None, derandomize=True)
THRESHOLDS: Final = configured(
    {"data_quality": {"days_known": 3, "records": 6, "silent_hours": 30}}
)


class Came(NamedTuple):
    """A record: minutes after the one before, under whose key, and whether it can be read."""

    minutes: int
    user: str
    good: bool


came = st.builds(
    Came,
    st.sampled_from([1, 1, 30, 600, 1440, 1440, 1500, 2880, 4321, 14_400]),
    st.sampled_from("123"),
    st.booleans(),
)
histories = st.lists(came, min_size=1, max_size=70)
clocks: st.SearchStrategy[ClockMode] = st.sampled_from(["wall", "stream"])


def records(history: Sequence[Came]) -> list[Record]:
    when, made = START, []
    for number, each in enumerate(history):
        when += timedelta(minutes=each.minutes)
        value = viewed(when, f"p{number}", user=each.user) if each.good else b"no JSON"
        made.append(record(value, number, key=each.user.encode(), arrived=when))
    return made


def a_bench(clock: ClockMode = "wall", configuration: Configuration = THRESHOLDS) -> Bench:
    return Bench(clock=clock, configuration=configuration)


def of_data(bench: Bench) -> tuple[list[Transition], bytes]:
    return bench.about_data, codec.encode_checkpoint(bench.fold.checkpoint)


@QUICK
@given(histories, clocks, st.data())
@pytest.mark.long
def test_i3_nothing_depends_on_batches_or_on_who_folds(
    history: list[Came], clock: ClockMode, data: st.DataObject
) -> None:
    made = records(history)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(made)))) | {len(made)})
    once, often = a_bench(clock).send(*made), a_bench(clock)
    for first, last in zip([0, *cuts], cuts, strict=False):
        lost = started_again(a_copy(often))  # a transaction that is not committed leaves nothing
        lost.send(*made[first : min(last + 3, len(made))])
        started_again(often).send(*made[first:last])
    assert of_data(often) == of_data(once)


def a_copy(bench: Bench) -> Bench:
    other = a_bench(bench.fold.checkpoint.clock_mode)
    other.fold.checkpoint = codec.decode_checkpoint(codec.encode_checkpoint(bench.fold.checkpoint))
    other.store.committed.update(bench.store.committed)
    return started_again(other)


@QUICK
@given(histories, st.data())
@pytest.mark.long
def test_ticks_find_nothing_else_than_records_do(history: list[Came], data: st.DataObject) -> None:
    """Whenever there are some, and how many; at the end one finds what no record follows on."""
    made = records(history)
    until = at(200)
    ticks = data.draw(st.dictionaries(st.integers(0, len(made) - 1), st.integers(0, 14_400)))
    few, many = a_bench().send(*made), a_bench()
    for number, each in enumerate(made):
        if number in ticks and number:
            came_at = made[number - 1].timestamp // 1000 + ticks[number]
            if came_at <= each.timestamp // 1000:
                many.adopt("tick", {"at": came_at})
        many.send(each)
    assert few.tick(until).about_data == many.tick(until).about_data


@QUICK
@given(histories)
def test_alerts_are_those_of_a_plain_count(history: list[Came]) -> None:
    """Every silence and every window looked at anew, by days and lists."""
    made = records(history)
    expected = sorted([*plain_silences(history), *plain_rejections(history)])
    raised = [each for each in a_bench().send(*made).about_data if each.kind == "raised"]
    assert sorted((each.user_id, each.at) for each in raised) == expected


def moments(history: Sequence[Came]) -> list[int]:
    found, now = [], seconds(START)
    for each in history:
        now += 60 * each.minutes
        found.append(now)
    return found


def plain_silences(history: Sequence[Came]) -> list[tuple[str, int]]:
    """Minute by minute: those of usual days of the week count, and one too many is an alert."""
    found, accepted, said = [], list[int](), False
    for now, each in zip(moments(history), history, strict=True):
        if accepted and not said:
            too_long = plain_moment(accepted, now)
            said = too_long is not None
            found += [("", too_long)] if too_long is not None else []
        if each.good:
            accepted.append(now)
            said = False
    return found


def plain_moment(accepted: list[int], now: int) -> int | None:
    newest = accepted[-1] // DAY
    days = {when // DAY for when in accepted if newest - when // DAY < 28}
    usual = {day % 7 for day in days}
    if len(days) < 3:
        return None
    runs, pause = [0], 0
    for day in range(min(days), newest + 1):
        if day % 7 in usual:
            pause = 0 if day in days else pause + 1
            runs.append(pause)
    left = 30 * 60 + max(runs) * 24 * 60
    for minute in range(accepted[-1], now, 60):
        if left == 0:
            return minute
        left -= minute // DAY % 7 in usual
    return None


def plain_rejections(history: Sequence[Came]) -> list[tuple[str, int]]:
    found = []
    for user in "123":
        known: list[bool] = []
        is_open = False
        for now, each in zip(moments(history), history, strict=True):
            if each.user != user or (not known and each.good):
                continue
            known = [*known, each.good][-6:]
            bad = known.count(False)
            if is_open:
                is_open = bad / len(known) > 0.25
            elif len(known) == 6 and bad > 3:
                is_open = True
                found.append((user, now))
            if all(known):
                known = []
    return found
