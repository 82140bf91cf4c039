"""The owner of a partition with another fold than the worker's: exactly once is the owner's."""

import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runtime.kafka import admin_client
from runtime.settings import Settings
from tests.counting import CHECKPOINT, COUNTS, LISTED, WORDS, totals
from tests.waiting import wait_for
from tests.working import running, send, stored

pytestmark = pytest.mark.integration

KEYS = [f"word-{number}".encode() for number in range(7)]
SECONDS = 60.0  # a process starts, joins its group and takes over, on a busy machine too
RECORDS = [(KEYS[number * number % 7], b"%d" % number) for number in range(600)]


@pytest.fixture
def words(settings: Settings) -> Iterator[Settings]:
    """The topics of the count, small batches, and a session that is soon over."""
    names = [settings.topic(topic.name) for topic in (WORDS, COUNTS, LISTED)]
    with closing(admin_client(settings)) as admin:
        made = {"num_partitions": settings.partitions, "replication_factor": 1}
        admin.create_topics(dict.fromkeys(names, made))
        admin.wait_for_topics(names)
        yield settings.model_copy(update={"session_timeout_seconds": 4.0, "batch_records": 50})
        admin.delete_topics(names)


def listed(settings: Settings) -> int:
    return len(stored(settings, LISTED.name))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("point", ["after_states", "after_commit"])
def test_i1_a_killed_count_counts_each_record_once(
    words: Settings, tmp_path: Path, point: str
) -> None:
    half = len(RECORDS) // 2
    send(words, RECORDS[:half], WORDS.name)
    program = ("tests.counting",)
    crash = f"crash_at={point}:4"
    with running(words, tmp_path / "w", program=program, failpoints=crash) as killed:
        assert killed.ended(SECONDS) == -signal.SIGKILL
    assert listed(words) < half
    with running(words, tmp_path / "w", program=program) as first:
        wait_for(lambda: listed(words) >= half, SECONDS)
        with running(words, tmp_path / "w", program=program) as second:  # partitions change hands
            second.owns(1, SECONDS)
            send(words, RECORDS[half:], WORDS.name)
            wait_for(lambda: listed(words) >= len(RECORDS), SECONDS)
            assert (first.stop(), second.stop()) == (0, 0)
    counts = {r.key: int(r.value) for r in stored(words, COUNTS.name) if r.key in KEYS}
    assert counts == Counter(key for key, _ in RECORDS)
    came, went = defaultdict(list), defaultdict(list)
    for record in stored(words, WORDS.name):
        came[record.partition].append(record.key)
    for record in stored(words, LISTED.name):
        went[record.partition].append((record.key, int(record.value)))
    assert dict(went) == {place: totals(keys) for place, keys in came.items()}
    checkpoints = [r for r in stored(words, COUNTS.name) if r.key == CHECKPOINT]
    assert len(checkpoints) > len(came)
