"""Dead letters on a real cluster: found again, shown whole, and put back once."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from contracts.remedies import REMEDIES
from contracts.topics import ACTIVITY, COURSES, DEAD_LETTERS
from domain.ids import partition_of
from operations.dead_letters import Filters, letters, moment, requeue
from runtime.kafka import keyed_producer
from runtime.settings import Settings
from tests.factories import viewed
from tests.waiting import wait_for
from tests.working import (
    assert_equals_the_log,
    checkpoints_of,
    course_facts,
    running,
    send,
    stored,
    wait_until_folded,
)

pytestmark = pytest.mark.integration

EVENT = json.dumps(viewed(user="u1")).encode()


@pytest.fixture
def rejected(topics: Settings, tmp_path: Path) -> Settings:
    """A cluster where a worker has rejected five records of `activity` and one of `courses`."""
    settings = topics.model_copy(update={"clock": "stream"})
    name, home = settings.topic(ACTIVITY.name), partition_of(b"u1", settings.partitions)
    with closing(keyed_producer(settings)) as producer:
        producer.send(name, key=None, value=EVENT, partition=home)
        producer.send(name, key=b"u1", value=EVENT, partition=(home + 1) % settings.partitions)
        producer.send(name, key=b"u1", value=b"\xff\x00", partition=home)
        producer.send(name, key=b"u1", value=None, partition=home)
        producer.send(name, key=b"u1", value=b"[1]", partition=home)
        producer.send(settings.topic(COURSES.name), key=b"c1", value=b"{}")
        producer.flush()
    fold(settings, tmp_path)
    return settings


def fold(settings: Settings, tmp_path: Path) -> None:
    """Let a worker fold what waits."""
    with running(settings, tmp_path / "w") as worker:
        wait_until_folded(settings)
        ends = len(stored(settings, COURSES.name))
        wait_for(lambda: checkpoints_of(settings)[0].courses.get(0, 0) >= ends, 20)
        assert worker.stop() == 0


def told(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The command, as an operator would give it."""
    environment = {
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "LEARNSTREAM_TOPIC_PREFIX": settings.topic_prefix,
    }
    command = [sys.executable, "-m", "cli.main", "dead-letters", *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(command, capture_output=True, env=environment, cwd=root, check=False)


def test_letters_are_listed_by_reason_place_and_time(rejected: Settings) -> None:
    found = list(letters(rejected, Filters()))
    assert sorted(letter.reason for letter in found) == [
        "missing_field",
        "no_key",
        "not_object",
        "not_utf8",
        "null_value",
        "wrong_partition",
    ]
    (letter,) = letters(rejected, Filters(reasons=["not_utf8"]))
    assert (letter.key, letter.value) == (b"u1", b"\xff\x00")
    here = Filters(partition=letter.partition, offset=letter.offset)
    assert letter in letters(rejected, here)
    before, after = Filters(until=letter.when), Filters(since=letter.when)
    assert letter not in letters(rejected, before)
    assert letter in letters(rejected, after)
    assert not list(letters(rejected, Filters(since=moment("2999-01-01T00:00:00Z"))))


def test_the_command_lists_and_shows(rejected: Settings) -> None:
    lines = told(rejected, "list", "--json", "--reason", "not_utf8").stdout.splitlines()
    (found,) = [json.loads(line) for line in lines]
    assert (found["reason"], found["bytes"], found["key"]) == ("not_utf8", 2, "u1")
    shown = told(rejected, "show", "--reason", "not_utf8").stdout.decode()
    assert "ff00" in shown
    assert "reason: not_utf8" in shown
    assert told(rejected, "show", "--reason", "not_utf8", "--raw").stdout == b"\xff\x00"
    several = told(rejected, "show", "--raw")
    assert several.returncode == 2
    assert b"6 dead letters match" in several.stderr
    assert told(rejected, "show", "--reason", "too_deep").returncode == 1


def test_the_list_begins_with_counts_and_says_where_there_is_nothing(rejected: Settings) -> None:
    said = told(rejected, "list", "--newest", "2").stdout.decode()
    counts, newest = said.split("\n\n")
    heading, *rows = counts.splitlines()
    assert heading.split("  ")[0] == "reason"
    assert [row.split()[:4] for row in rows] == [
        [reason, "1", "1", "1"]
        for reason in sorted(letter.reason for letter in letters(rejected, Filters()))
    ]
    assert REMEDIES["not_utf8"] in counts
    assert newest.splitlines()[0] == "the newest 2 of 6:"
    assert len(newest.splitlines()) == 3
    nothing = told(rejected, "list", "--reason", "too_deep")
    assert (nothing.returncode, nothing.stdout) == (0, b"no dead letters match\n")
    assert told(rejected, "list", "--reason", "too_deep", "--json").stdout == b""


def test_requeue_asks_for_a_filter_or_all(rejected: Settings) -> None:
    refused = told(rejected, "requeue")
    assert refused.returncode == 2
    assert b"--all" in refused.stderr
    dry = json.loads(told(rejected, "requeue", "--all", "--dry-run", "--json").stdout)
    assert (dry["matched"], dry["put_back"], dry["without_key"]) == (6, 5, 1)
    assert len(stored(rejected, ACTIVITY.name)) == 5


def test_a_letter_is_put_back_on_its_own_partition_and_only_once(
    rejected: Settings, tmp_path: Path
) -> None:
    misplaced = Filters(reasons=["wrong_partition"])
    done = requeue(rejected, misplaced, key_from_value=False, dry_run=False)
    assert (done.matched, done.put_back) == (1, 1)
    again = requeue(rejected, misplaced, key_from_value=False, dry_run=False)
    assert (again.put_back, again.put_back_before) == (0, 1)
    (back,) = [record for record in stored(rejected, ACTIVITY.name) if record.headers]
    assert (back.key, back.value) == (b"u1", EVENT)
    assert back.partition == partition_of(b"u1", rejected.partitions)
    fold(rejected, tmp_path)
    assert sum(r.counters.events for r in checkpoints_of(rejected).values()) == 1
    assert len(stored(rejected, DEAD_LETTERS.name)) == 6
    assert_equals_the_log(rejected)


def test_a_record_without_a_key_gets_its_learners(rejected: Settings, tmp_path: Path) -> None:
    keyless = Filters(reasons=["no_key"])
    left = requeue(rejected, keyless, key_from_value=False, dry_run=False)
    assert (left.put_back, left.without_key) == (0, 1)
    assert requeue(rejected, keyless, key_from_value=True, dry_run=False).put_back == 1
    fold(rejected, tmp_path)
    assert sum(r.counters.learners for r in checkpoints_of(rejected).values()) == 1


def test_a_letter_that_is_rejected_again_is_a_letter_of_its_own(
    rejected: Settings, tmp_path: Path
) -> None:
    hopeless = Filters(reasons=["not_object"])
    requeue(rejected, hopeless, key_from_value=False, dry_run=False)
    fold(rejected, tmp_path)
    assert len(list(letters(rejected, hopeless))) == 2
    done = requeue(rejected, hopeless, key_from_value=False, dry_run=False)
    assert (done.put_back, done.put_back_before) == (1, 1)


def test_course_facts_that_were_replaced_are_not_put_back(rejected: Settings) -> None:
    send(rejected, [course_facts()], COURSES.name)
    done = requeue(
        rejected, Filters(reasons=["missing_field"]), key_from_value=False, dry_run=False
    )
    assert (done.put_back, done.superseded) == (0, 1)
    assert len(stored(rejected, COURSES.name)) == 2
