"""What a real worker refuses: bad events and facts, a broken producer, another log."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import confluent_kafka
import msgspec
import pytest
from aiokafka.partitioner import murmur2
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from agents.partition_owner.takeover import take_over
from agents.worker.context import Context
from agents.worker.hot_states import HotStates
from agents.worker.topology import worker_job
from contracts.remedies import REMEDIES
from contracts.topics import ACTIVITY, ALERTS, COURSES, DEAD_LETTERS, STATE, Topic
from domain.state.learner import (
    STATE_VERSION,
    new_learner,
)
from domain.stored.codec import encode_learner
from operations.topics import declare
from runtime.clock import WallClock
from runtime.errors import LossError
from runtime.kafka import admin_client, keyed_producer
from runtime.settings import Settings
from tests.defects import about, folding_with
from tests.waiting import wait_for
from tests.working import (
    START,
    assert_equals_the_log,
    checkpoints_of,
    course_facts,
    days_of_work,
    doing_wrong,
    running,
    send,
    stored,
    wait_until_folded,
)

pytestmark = pytest.mark.integration

GOOD = {
    "event_id": "good",
    "user_id": "u1",
    "type": "content_viewed",
    "occurred_at": START.isoformat(),
    "course_id": "c1",
    "content_id": "p1",
    "content_kind": "page",
}


@pytest.fixture
def replay(topics: Settings) -> Settings:
    """Topics of their own under the clock of the stream, with a session that is soon over."""
    return topics.model_copy(update={"clock": "stream", "session_timeout_seconds": 2.0})


@pytest.fixture
def admin(replay: Settings) -> Iterator[KafkaAdminClient]:
    with closing(admin_client(replay)) as client:
        yield client


def make_again(settings: Settings, admin: KafkaAdminClient, topic: Topic) -> None:
    """Delete a topic and declare it anew: the same name, another id, nothing in it."""
    name = settings.topic(topic.name)
    admin.delete_topics([name])
    wait_for(lambda: name not in admin.list_topics(), 10)
    declare(settings)


def changed(**fields: object) -> bytes:
    return json.dumps(GOOD | fields).encode()


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


BAD: dict[str, list[tuple[bytes | None, bytes | None]]] = {
    "null_value": [(b"u1", None)],
    "too_large": [(b"u1", changed(content_id="x" * 70_000))],
    "not_utf8": [(b"u1", b'{"event_id": "\xff"}')],
    "not_json": [(b"u1", b"event"), (b"u1", b"")],
    "not_object": [(b"u1", b"[1, 2]")],
    "too_deep": [(b"u1", b'{"a":' * 40 + b"1" + b"}" * 40)],
    "not_finite": [(b"u1", b'{"event_id": NaN}')],
    "unknown_type": [(b"u1", changed(type="slept"))],
    "not_yet_supported": [(b"u1", changed(type="erasure_requested"))],
    "unknown_version": [(b"u1", changed(v=2))],
    "bad_id": [(b"u1", changed(user_id=True)), (b"u1", changed(event_id="a\x00b"))],
    "missing_field": [(b"u1", without("event_id")), (b"u1", without("content_id"))],
    "wrong_type": [(b"u1", changed(occurred_at=12)), (b"u1", changed(count="many"))],
    "naive_time": [(b"u1", changed(occurred_at="2024-03-04T09:00:00"))],
    "future_time": [(b"u1", changed(occurred_at="2199-01-01T00:00:00Z"))],
    "no_key": [(None, changed())],
    "key_mismatch": [(b"u2", changed())],
}


def test_i1_bad_events_become_dead_letters_and_stop_nobody(
    replay: Settings, tmp_path: Path
) -> None:
    bad = [record for records in BAD.values() for record in records]
    with running(replay, tmp_path / "w") as worker:
        for number, record in enumerate(bad):
            send(replay, [record, (b"u1", changed(event_id=f"after-{number}"))])
        place = 1 - ((murmur2(b"u1") & 0x7FFFFFFF) % 2)  # not where this learner belongs
        with closing(keyed_producer(replay)) as producer:
            name = replay.topic(ACTIVITY.name)
            producer.send(name, key=b"u1", value=changed(), partition=place).get(10)
        wait_until_folded(replay)
        assert worker.stop() == 0
    assert_equals_the_log(replay)
    letters = stored(replay, DEAD_LETTERS.name)
    assert {dict(r.headers)["reason"].decode() for r in letters} == {*BAD, "wrong_partition"}
    assert sorted(r.value or b"" for r in letters) == sorted(
        [value or b"" for _, value in bad] + [changed()]
    )
    log = {(r.partition, r.offset): r for r in stored(replay, ACTIVITY.name)}
    for letter in letters:
        headers = {key: value.decode() for key, value in letter.headers}
        origin = log[int(headers["partition"]), int(headers["offset"])]
        assert (letter.key, letter.value) == (origin.key, origin.value)
        assert headers["topic"] == replay.topic(ACTIVITY.name)
        assert int(headers["when"]) == origin.timestamp


def test_a_defect_of_ours_costs_one_event_and_no_other(replay: Settings, tmp_path: Path) -> None:
    send(replay, [course_facts()], COURSES.name)
    send(replay, days_of_work([f"u{number}" for number in range(10)]))
    with running(replay, tmp_path / "w", program=doing_wrong("defect_about=u3-1-1")) as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
        assert "event_defect" in worker.said()
    with folding_with(about("u3-1-1")):
        letters = assert_equals_the_log(replay).letters
    assert [dict(headers)["reason"] for _, _, _, headers in letters] == [b"defect"]


def test_bad_course_facts_are_told_once(replay: Settings, tmp_path: Path) -> None:
    bad: list[tuple[bytes | None, bytes | None]] = [
        (b"c1", b"no facts"),
        (b"c2", b'{"title": "without an id"}'),
        (b"c3", b'{"course_id": "c4"}'),
    ]
    send(replay, [bad[0], course_facts("c9"), *bad[1:]], COURSES.name)
    for _ in range(2):
        with running(replay, tmp_path / "w") as worker:
            worker.owns(replay.partitions)
            wait_for(lambda: len(stored(replay, DEAD_LETTERS.name)) >= len(bad), 10)
            assert worker.stop() == 0
    letters = stored(replay, DEAD_LETTERS.name)
    assert [(r.key, r.value) for r in letters] == bad
    assert {dict(r.headers)["topic"].decode() for r in letters} == {replay.topic(COURSES.name)}
    assert [dict(r.headers)["reason"].decode() for r in letters] == [
        "not_json",
        "missing_field",
        "key_mismatch",
    ]


HALTED_ADVICE = (
    f"dead letters are not_json: {REMEDIES['not_json']}, then `learnstream worker --resume`"
)
BAD_RUN = 10_100
"""More rejected events in a row than a partition takes."""


def one_of_each(settings: Settings) -> dict[int, bytes]:
    """A learner's id for each partition."""
    ids = [f"u{number}".encode() for number in range(50)]
    return {(murmur2(each) & 0x7FFFFFFF) % settings.partitions: each for each in ids}


def send_bad_runs(settings: Settings, *learners: tuple[int, bytes]) -> None:
    """As many bad events as halt their partitions; librdkafka, as they are many."""
    options = {"bootstrap.servers": settings.kafka_bootstrap}
    producer = confluent_kafka.Producer({**options, "queue.buffering.max.messages": 1_000_000})
    for partition, user in learners:
        for _ in range(BAD_RUN):
            producer.produce(settings.topic(ACTIVITY.name), b"not an event", user, partition)
    assert producer.flush(60) == 0


def event_of(user: bytes, event_id: str) -> tuple[bytes, bytes]:
    return user, changed(user_id=user.decode(), event_id=event_id)


def halted(settings: Settings) -> list[int]:
    found = checkpoints_of(settings)
    return sorted(number for number, checkpoint in found.items() if checkpoint.halted is not None)


@pytest.mark.timeout(240)
def test_a_partition_that_halts_stops_no_other_and_whoever_owns_it_is_resumed(
    replay: Settings, tmp_path: Path
) -> None:
    learners = one_of_each(replay)
    send_bad_runs(replay, (0, learners[0]))
    with running(replay, tmp_path / "w") as worker:
        wait_for(lambda: halted(replay) == [0], 60)
        send(replay, [event_of(learners[1], "later")])
        wait_for(lambda: checkpoints_of(replay)[1].next == 1, 20)
        assert "10000 events in a row were rejected" in worker.said()
        assert HALTED_ADVICE in worker.said()
        assert worker.said().count("partition_halted") == 1
        assert worker.stop() == 0  # the halt is the partition's, not the process's
    with running(replay, tmp_path / "w") as again:
        wait_for(lambda: "--resume" in again.said(), 40)
        assert len(stored(replay, DEAD_LETTERS.name)) == 10_000
        send(replay, [event_of(learners[0], "mended")])
        with running(replay, tmp_path / "w", resume=True) as resumed:
            wait_until_folded(replay)
            assert resumed.stop() == 0
        assert again.stop() == 0
    assert_equals_the_log(replay)


@pytest.mark.timeout(240)
def test_a_worker_ends_when_every_partition_of_its_is_halted_and_resume_takes_them_all(
    replay: Settings, tmp_path: Path
) -> None:
    send_bad_runs(replay, *one_of_each(replay).items())
    for _ in range(2):
        with running(replay, tmp_path / "w") as worker:
            assert worker.ended(60) == 65
            assert worker.said().count("partition_halted") == replay.partitions
    assert halted(replay) == list(range(replay.partitions))
    with running(replay, tmp_path / "w", resume=True) as resumed:
        wait_until_folded(replay)
        assert resumed.stop() == 0
    assert halted(replay) == []


def test_another_clock_is_refused(replay: Settings, tmp_path: Path) -> None:
    with running(replay, tmp_path / "w") as worker:
        worker.owns(replay.partitions)
        assert worker.stop() == 0
    wall = replay.model_copy(update={"clock": "wall"})
    with running(wall, tmp_path / "w") as refused:
        assert refused.ended() == 2
        assert "its clock is `stream`" in refused.said()


def test_states_that_end_before_what_a_worker_has_read_of_them_are_a_loss(
    replay: Settings,
) -> None:
    job = worker_job(
        cast(Context, SimpleNamespace(settings=replay, metrics=None, hot=HotStates(1)))
    )
    stored = job.make_stored(0)
    stored.next = 1_000
    with pytest.raises(LossError, match="read up to 1000, but it ends at"):
        asyncio.run(take_over(job, 0, stored, resume=False))


def test_a_topic_that_was_made_again_is_refused(
    replay: Settings, admin: KafkaAdminClient, tmp_path: Path
) -> None:
    send(replay, days_of_work(["u1", "u2"]))
    with running(replay, tmp_path / "w") as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
    make_again(replay, admin, ACTIVITY)
    with running(replay, tmp_path / "w") as refused:
        assert refused.ended() == 78
        assert "deleted and made again" in refused.said()


def test_states_that_are_gone_are_not_made_again_unasked(
    replay: Settings, admin: KafkaAdminClient, tmp_path: Path
) -> None:
    send(replay, days_of_work(["u1"]))
    with running(replay, tmp_path / "w") as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
    make_again(replay, admin, STATE)
    with running(replay, tmp_path / "w") as refused:
        assert refused.ended() == 78
        assert "the states are gone" in refused.said()


def test_a_state_of_a_newer_version_is_refused(replay: Settings, tmp_path: Path) -> None:
    send(replay, days_of_work(["u1"]))
    with running(replay, tmp_path / "w") as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
    newer = encode_learner(msgspec.structs.replace(new_learner("u1"), version=STATE_VERSION + 1))
    send(replay, [(b"u1", newer)], STATE.name)
    with running(replay, tmp_path / "w") as refused:
        assert refused.ended() == 2
        expected = f"version {STATE_VERSION + 1}, and this program reads versions 1 to"
        assert expected in refused.said()


def test_a_log_that_lost_its_beginning_is_refused(
    replay: Settings, admin: KafkaAdminClient, tmp_path: Path
) -> None:
    events = days_of_work(["u1"])
    place = (murmur2(b"u1") & 0x7FFFFFFF) % replay.partitions
    send(replay, events[:4])
    with running(replay, tmp_path / "w") as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
    stands = checkpoints_of(replay)[place].next
    send(replay, events[4:])
    admin.delete_records({TopicPartition(replay.topic(ACTIVITY.name), place): stands + 3})
    with running(replay, tmp_path / "w") as refused:
        assert refused.ended() == 78
        assert "3 offsets are gone" in refused.said()


def test_a_tick_of_the_wall_tells_a_missed_deadline(topics: Settings, tmp_path: Path) -> None:
    now = datetime.fromtimestamp(WallClock().now(), UTC)
    settings = topics.model_copy(update={"session_timeout_seconds": 2.0})
    # Missed before the first tick, which waits ten seconds for more of a backfill: the second comes
    # a minute later.
    due = now - timedelta(hours=48) + timedelta(seconds=4)
    send(settings, [course_facts(due=due)], COURSES.name)
    enrolled = {
        "event_id": "e1",
        "user_id": "u1",
        "type": "enrolled",
        "occurred_at": (now - timedelta(days=8)).isoformat(),  # silent, but not for ten days
        "course_id": "c1",
    }
    with running(settings, tmp_path / "w") as worker:
        worker.owns(settings.partitions)
        send(settings, [(b"u1", json.dumps(enrolled).encode())])
        alert = wait_for(lambda: stored(settings, ALERTS.name), 90, poll=0.5)[0]
        assert worker.stop() == 0
    data = json.loads(alert.value)["data"]
    assert (data["category"], data["severity"]) == ("missed_deadline", "low")
    assert_equals_the_log(settings)
