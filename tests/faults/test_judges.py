"""What the watchers of a run call wrong, on figures that are made up."""

import json
import time
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

import pytest

from runtime.settings import Settings
from tests.faults.load import Sender
from tests.faults.memory import GROWN_MIB_MAX, Sample, growing_lives, held
from tests.faults.operator_view import lines_of_interest
from tests.faults.plan import Load, draw
from tests.faults.samplers import CLEANER_SECONDS, RowReader, Shown, StateReader, Written
from tests.faults.soak import LAG_SECONDS_MAX, RATE, grown
from tests.faults.verdicts import PAGE, read, report
from tests.faults.watching import Disturbances, Rising


def life(pid: int, mib: list[int]) -> list[Sample]:
    return [
        Sample(at=float(n), part="worker-1", pid=pid, mib=size, files=20, connections=9)
        for n, size in enumerate(mib)
    ]


def test_i7_a_process_that_grows_within_its_life_is_told() -> None:
    grows = life(7, [80 + n for n in range(GROWN_MIB_MAX["worker"] + 40)])
    (told,) = growing_lives(grows)
    assert told.startswith("I7: worker-1 grew")


def test_i7_a_process_may_grow_while_it_starts() -> None:
    assert not list(growing_lives(life(7, [*range(20, 100, 4), *[100] * 60])))


def test_i7_a_process_warms_up_once_all_is_well() -> None:
    while_kafka_was_away = [replace(sample, well=False) for sample in life(7, [80] * 40)]
    high = 80 + GROWN_MIB_MAX["worker"] + 16
    backlog = life(7, [*[80] * 40, *range(80, high, 8), *[high] * 60])[40:]
    assert not list(growing_lives([*while_kafka_was_away, *backlog]))
    assert list(growing_lives(life(7, [*[80] * 40, *[high] * 60])))


def test_i7_another_process_of_the_part_is_another_life() -> None:
    first, second = life(7, [80] * 60), life(8, [80 + 2 * GROWN_MIB_MAX["worker"]] * 60)
    assert not list(growing_lives([*first, *second]))


def test_what_is_held_is_the_median_between_two_moments() -> None:
    found = held(life(7, [10, 20, 90, 30, 40]), since=1, until=3)
    assert found == {"worker-1": {"mib": 30, "files": 20, "connections": 9}}


def figures(lag: int = 10, **parts: float) -> dict[str, Any]:
    return {"lag": lag, "parts": {"api": {"mib": 100.0, "files": 20, "connections": 9, **parts}}}


@pytest.mark.parametrize("name", ["mib", "files", "connections"])
def test_what_grows_between_the_calm_stretches_of_a_soak_is_told(name: str) -> None:
    assert not list(grown(figures(), figures()))
    (told,) = grown(figures(), figures(**{name: 140}))
    assert f"{name} of api grew" in told


def test_i5_a_lag_that_grows_is_told() -> None:
    assert not list(grown(figures(), figures(lag=LAG_SECONDS_MAX * RATE)))
    (told,) = grown(figures(), figures(lag=LAG_SECONDS_MAX * RATE + 1))
    assert told.startswith("I5: the lag grew")


def test_what_goes_back_is_told_and_the_highest_is_kept() -> None:
    told: list[str] = []
    rising = Rising(told.append)
    for value in (1, 3, 2, 3):
        rising.see("clock", value, "I8")
    assert told == ["I8: clock went back from 3 to 2"]


@pytest.fixture
def states() -> StateReader:
    settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "clock": "stream"})
    return StateReader(settings, Disturbances())


@pytest.mark.parametrize(("position", "row", "wrong"), [(5, 3, 0), (5, None, 1), (6, 3, 1)])
def test_i2_a_row_is_not_behind_the_position_that_covers_it(
    states: StateReader, position: int, row: int | None, wrong: int
) -> None:
    states.steps[2, "u1"] += [Written(1, 1, 10.0), Written(4, 3, 11.0), Written(5, 7, 12.0)]
    rows = RowReader(states._settings, states)
    rows.compare(Shown({2: position}, {} if row is None else {"u1": row}, 12.1))
    assert len(rows.problems) == wrong
    rows.compare(Shown({2: position}, {"u1": 7}, 12.1))  # older states may be compacted away
    assert len(rows.problems) == wrong


def test_i2_a_state_that_was_compacted_away_before_the_sink_read_it_is_not_missed(
    states: StateReader,
) -> None:
    states.steps[2, "u1"] += [Written(1, 1, 10.0), Written(4, 3, 11.0), Written(9, 7, 12.0)]
    rows = RowReader(states._settings, states)
    rows.compare(Shown({2: 5}, {"u1": 1}, 12.0 + 2 * CLEANER_SECONDS))
    assert not rows.problems
    rows.compare(Shown({2: 5}, {"u1": 1}, 12.0))
    assert len(rows.problems) == 1


@pytest.mark.parametrize(("mended_after", "told"), [(None, 1), (-1, 1), (30, 0), (300, 1)])
def test_i4_a_copy_proves_nothing_when_its_broker_had_to_be_mended(
    states: StateReader, mended_after: float | None, told: int
) -> None:
    states._suspect("I4: it went back")
    if mended_after is not None:
        states._disturbed.mended_at.append(time.monotonic() + mended_after)
    states.judge_suspected()
    assert len(states.problems) == told


@pytest.mark.parametrize("clock", ["stream", "wall"])
def test_a_load_never_ends_and_repeats_no_event(clock: Literal["stream", "wall"]) -> None:
    plan = replace(draw(1), clock=clock, load=Load(1, 2, 200, duplicates=0, late=0, bad=0))
    settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1", "clock": clock})
    records = [each.value for each in islice(Sender(settings, plan)._records(), 1_000)]
    events = [json.loads(value) for value in records if value is not None]
    assert len({event["event_id"] for event in events}) == 1_000
    days = {event["occurred_at"][:10] for event in events}
    assert len(days) > 30 if clock == "stream" else len(days) < 5
    assert len({event["user_id"] for event in events}) == 1


def test_an_operator_reads_our_events_and_which_library_complains() -> None:
    text = "\n".join(
        [
            json.dumps({"event": "process_exits", "status": 70, "level": "error"}),
            json.dumps({"event": "request", "route": "/readyz"}),
            json.dumps({"event": "Failed", "logger": "aiokafka.consumer.fetcher"}),
            json.dumps({"event": "complaint", "error": "cannot reach Kafka"}),
            "not of ours",
        ]
    )
    assert list(lines_of_interest(text)) == ["process_exits 70", "[aiokafka]"]


def test_the_report_counts_faults_and_says_what_usually_shows() -> None:
    verdicts = [
        {
            "commit": "abc",
            "seed": seed,
            "verdict": "held",
            "struck": [
                {
                    "kind": "worker_kill",
                    "took": 0.1,
                    "recovered": float(seed),
                    "signs": {
                        "ends": ["worker: SIGKILL"],
                        "logs": ["worker: [aiokafka]", *extra],
                        "readyz": [],
                        "lag_seconds": 4.0,
                    },
                }
            ],
        }
        for seed, extra in ((1, ["worker: assigned"]), (2, []), (3, []))
    ]
    lines = report(verdicts).splitlines()
    assert "| abc | 3 | 3 | 3 | 0 | 0 |" in lines
    assert "| `worker_kill` | 3 | 0.1 s, 0.1 s | 2.0 s | 3.0 s | 4 s |" in lines
    assert "| `worker_kill` | worker: SIGKILL | (worker: assigned) | - |" in lines


def test_the_operators_page_says_what_the_kept_verdicts_say() -> None:
    assert report(read()) in PAGE.read_text(), "run: make faults-table"
