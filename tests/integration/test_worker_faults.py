"""Workers that are killed, stopped or fenced: nothing is lost, nothing is told twice."""

import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from contracts.topics import ACTIVITY, COURSES
from runtime.failpoints import POINTS
from runtime.kafka import connect_options
from runtime.settings import Settings
from tests.working import (
    assert_equals_the_log,
    course_facts,
    days_of_work,
    doing_wrong,
    running,
    send,
    wait_until_folded,
)

pytestmark = pytest.mark.integration

USERS = [f"u{number}" for number in range(40)]
ADOPTIONS = 4  # one transaction a partition, before the first event


@pytest.fixture
def replay(topics: Settings) -> Settings:
    """Topics with one course, small batches, and a session that is soon over."""
    settings = topics.model_copy(
        update={"clock": "stream", "session_timeout_seconds": 2.0, "batch_records": 50}
    )
    send(settings, [course_facts()], COURSES.name)
    return settings


@pytest.mark.parametrize("point", POINTS)
def test_i1_i3_a_kill_at_any_point_loses_and_repeats_nothing(
    replay: Settings, tmp_path: Path, point: str
) -> None:
    send(replay, days_of_work(USERS))
    with running(replay, tmp_path / "w", failpoints=f"crash_at={point}:{ADOPTIONS + 3}") as killed:
        assert killed.ended() == -signal.SIGKILL
    with running(replay, tmp_path / "w") as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
    assert_equals_the_log(replay)


def test_a_second_worker_takes_partitions_over_and_gives_them_back(
    replay: Settings, tmp_path: Path
) -> None:
    events = days_of_work(USERS)
    fourth = len(events) // 4
    with running(replay, tmp_path / "w") as first:
        send(replay, events[:fourth])
        wait_until_folded(replay)
        with running(replay, tmp_path / "w") as second:
            second.owns(1)
            send(replay, events[fourth : 2 * fourth])
            wait_until_folded(replay)
            first.send(signal.SIGKILL)
            send(replay, events[2 * fourth : 3 * fourth])
            wait_until_folded(replay)
            with running(replay, tmp_path / "w") as third:
                third.owns(1)
                assert second.stop() == 0
                send(replay, events[3 * fourth :])
                wait_until_folded(replay)
                assert third.stop() == 0
    assert_equals_the_log(replay)


@pytest.mark.parametrize("point", ["after_outputs", "after_states", "after_offsets"])
def test_i4_a_worker_that_slept_through_its_session_is_fenced(
    replay: Settings, tmp_path: Path, point: str
) -> None:
    send(replay, days_of_work(USERS))
    sleep = f"sleep_at={point}:4:{ADOPTIONS + 3}"
    with running(replay, tmp_path / "w", failpoints=sleep) as zombie:
        zombie.sleeps()
        zombie.send(signal.SIGSTOP)
        with running(replay, tmp_path / "w") as worker:
            wait_until_folded(replay)
            before = assert_equals_the_log(replay)
            zombie.send(signal.SIGCONT)
            assert zombie.ended() == 70
            assert worker.process.poll() is None
            assert worker.stop() == 0
    assert assert_equals_the_log(replay) == before


async def test_gaps_of_a_transactional_producer_are_no_events(
    replay: Settings, tmp_path: Path
) -> None:
    events = days_of_work(USERS[:8])
    lms = AIOKafkaProducer(**connect_options(replay), transactional_id=replay.topic_prefix + "lms")
    await lms.start()
    for number, first in enumerate(range(0, len(events), 10)):
        await lms.begin_transaction()
        for key, value in events[first : first + 10]:
            place = (murmur2(key) & 0x7FFFFFFF) % replay.partitions
            name = replay.topic(ACTIVITY.name)
            await (await lms.send(name, key=key, value=value, partition=place))
        await (lms.abort_transaction() if number % 3 == 1 else lms.commit_transaction())
    await lms.stop()
    for _ in range(2):
        with running(replay, tmp_path / "w") as worker:
            worker.owns(replay.partitions)
            wait_until_folded(replay)
            assert worker.stop() == 0
    folded = assert_equals_the_log(replay).checkpoints
    assert sum(r.counters.events for r in folded.values()) < len(events)
    assert sum(r.counters.events for r in folded.values()) > len(events) / 2


@pytest.mark.parametrize("wrong", ["drop_alert", "put_state_back", "omit_input"])
def test_what_a_worker_does_wrong_is_seen(replay: Settings, tmp_path: Path, wrong: str) -> None:
    """The comparison of these tests must be able to fail."""
    events = days_of_work(USERS)
    with running(replay, tmp_path / "w", program=doing_wrong(wrong)) as worker:
        for part in (events[:200], events[200:]):
            send(replay, part)
            wait_until_folded(replay)
        assert worker.stop() == 0
    with pytest.raises(AssertionError):
        assert_equals_the_log(replay)
