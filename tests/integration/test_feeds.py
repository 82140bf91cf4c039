"""Feeds into a real Kafka: every record once, on its partition, also when they are stopped."""

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.partitioner import murmur2 as plain_murmur2

import cli.replay
import cli.simulate
from contracts.state_keys import course_key
from contracts.topics import ACTIVITY, COURSES, STATE
from domain.events.decode import Accepted, Rejected, decode
from domain.events.decode import Record as Stored
from domain.ids import partition_of
from feeds.faults import Faults, Tally
from feeds.feed import Delivery, Feed, Sent, run_feed
from feeds.jsonl import replay_jsonl
from feeds.oulad import OuladOptions, read_oulad, replay_oulad, report
from feeds.records import Record
from feeds.simulate import Simulation, simulate, write_simulation
from runtime.clock import WallClock
from runtime.errors import NotCaughtUpError, UsageError
from runtime.kafka import committed_reader, keyed_producer
from runtime.settings import Settings
from tests.factories import viewed
from tests.waiting import wait_for
from tests.working import checkpoints_of

pytestmark = pytest.mark.integration

PARTITIONS = 4
QUIET = Delivery(progress=False)
NOW = WallClock().now()


@pytest.fixture
def stack(topics: Settings, tmp_path: Path) -> Settings:
    """Declared topics, and a folder of its own for the feeds' positions."""
    return topics.model_copy(update={"data_dir": tmp_path / "data", "clock": "stream"})


def stored(settings: Settings, topic: str) -> list[ConsumerRecord]:
    """Everything that stands in a topic, partition by partition in order of offset."""
    reader = committed_reader(settings, consumer_timeout_ms=500)
    try:
        name = settings.topic(topic)
        places = [TopicPartition(name, p) for p in sorted(reader.partitions_for_topic(name))]
        reader.assign(places)
        reader.seek_to_beginning()
        ends = reader.end_offsets(places)
        found: list[ConsumerRecord] = []
        while any(reader.position(place) < end for place, end in ends.items()):
            found.extend(r for batch in reader.poll(500).values() for r in batch)
    finally:
        reader.close()
    return found


def count_of(settings: Settings, topic: str) -> int:
    """How many records a topic holds whose producers made no transactions."""
    reader = committed_reader(settings)
    name = settings.topic(topic)
    try:
        ends = reader.end_offsets([TopicPartition(name, p) for p in range(PARTITIONS)])
    finally:
        reader.close()
    return sum(ends.values())


def values(records: list[ConsumerRecord]) -> Counter[bytes]:
    return Counter(record.value for record in records)


def adopt(settings: Settings, courses: list[str], partitions: range = range(PARTITIONS)) -> None:
    """Write what the workers write when they have adopted course facts."""
    producer = keyed_producer(settings)
    for partition in partitions:
        for course in courses:
            producer.send(
                settings.topic(STATE.name), b"{}", key=course_key(course), partition=partition
            )
    producer.flush()
    producer.close()


def lines_of(learners: int) -> list[bytes]:
    return [
        json.dumps({"user_id": n % learners, "event_id": f"e{n}"}).encode() for n in range(25_000)
    ]


def test_all_partitioners_agree() -> None:
    for key in (b"1", b"42", b"28400", b"learner-1009", "größer".encode(), b"x" * 128, b"abcde"):
        expected = partition_of(key, 12)
        assert (murmur2(key) & 0x7FFFFFFF) % 12 == expected
        assert (plain_murmur2(key) & 0x7FFFFFFF) % 12 == expected


def test_a_simulation_arrives_whole_and_is_judged_as_it_was_made(stack: Settings) -> None:
    plan = Simulation(30, 10, 7, WallClock().now(), Faults(duplicates=0.02, late=0.02, bad=0.05))
    delivery = replace(QUIET, wait=False)
    told = simulate(stack, plan, delivery, plan.until)
    records = stored(stack, ACTIVITY.name)
    assert told["problems"] == []
    assert told["events"] == len(records)
    assert values(records) == Counter(record.value for record in plan.records(Tally()))
    verdicts = [
        decode(Stored(r.offset, r.timestamp, r.key, r.value), r.partition, PARTITIONS)
        for r in records
    ]
    assert Counter(v.reason for v in verdicts if isinstance(v, Rejected)) == told["bad"]
    assert len({v.event.event_id for v in verdicts if isinstance(v, Accepted)}) == told["valid"]
    facts = stored(stack, COURSES.name)
    assert [record.key.decode() for record in facts] == [c.id for c in plan.courses()]


def test_a_learners_events_keep_their_order(stack: Settings) -> None:
    plan = Simulation(10, 10, 7, WallClock().now())
    simulate(stack, plan, replace(QUIET, wait=False), plan.until)
    arrived: dict[bytes, list[bytes]] = {}
    for record in stored(stack, ACTIVITY.name):
        arrived.setdefault(record.key, []).append(record.value)
    made: dict[bytes, list[bytes]] = {}
    for one in plan.records(Tally()):
        made.setdefault(one.key or b"", []).append(one.value or b"")
    assert arrived == made


def test_events_wait_until_the_course_facts_are_adopted(stack: Settings) -> None:
    plan = Simulation(3, 5, 7, WallClock().now())
    courses = [course.id for course in plan.courses()]
    adopt(stack, courses, range(3))
    adopt(stack, courses[:2], range(3, 4))
    late = threading.Timer(1.0, adopt, (stack, courses[2:], range(3, 4)))
    late.start()
    told = simulate(stack, plan, QUIET, plan.until)
    late.join()
    assert told["problems"] == []
    assert told["events"] == len(stored(stack, ACTIVITY.name)) > 0


def test_facts_that_nobody_adopts_are_named_and_no_event_is_sent(stack: Settings) -> None:
    plan = Simulation(3, 5, 7, WallClock().now())
    adopt(stack, [course.id for course in plan.courses()], range(1))
    adopt(stack, ["python-basics", "statistics-1"], range(1, PARTITIONS))
    with pytest.raises(NotCaughtUpError, match=r"partition 3 lacks 1 \(academic-writing\)"):
        simulate(stack, plan, replace(QUIET, wait_seconds=2), plan.until)
    assert stored(stack, ACTIVITY.name) == []


class _KilledError(Exception):
    pass


def _breaking(lines: list[bytes], after: int) -> Iterator[Record]:
    for line in islice(lines, after):
        yield Record(str(json.loads(line)["user_id"]).encode(), line)
    raise _KilledError


def test_a_feed_that_was_stopped_goes_on_and_sends_nothing_twice(stack: Settings) -> None:
    lines = lines_of(learners=3)
    whole = [Record(str(json.loads(line)["user_id"]).encode(), line) for line in lines]
    with pytest.raises(_KilledError):
        run_feed(stack, Feed(courses=[], events=_breaking(lines, 21_000), name=("f",)), QUIET)
    before = len(stored(stack, ACTIVITY.name))
    sent = run_feed(stack, Feed(courses=[], events=whole, name=("f",)), QUIET)
    assert 0 < before == sent.already
    assert (sent.events, sent.already + sent.events) == (len(lines) - before, len(lines))
    assert values(stored(stack, ACTIVITY.name)) == Counter(lines)


def test_a_lost_position_is_found_in_the_topic(stack: Settings) -> None:
    """As after SIGKILL: records are in the topic that the position does not know of."""
    lines = lines_of(learners=3)
    whole = [Record(str(json.loads(line)["user_id"]).encode(), line) for line in lines]
    with pytest.raises(_KilledError):
        run_feed(stack, Feed(courses=[], events=_breaking(lines, 5), name=("f",)), QUIET)
    unheard = Feed(courses=[], events=whole[:12_345])
    assert run_feed(stack, unheard, QUIET).events == 12_345
    sent = run_feed(stack, Feed(courses=[], events=whole, name=("f",)), QUIET)
    assert (sent.already, sent.events) == (12_345, 25_000 - 12_345)
    assert values(stored(stack, ACTIVITY.name)) == Counter(lines)


def test_a_file_is_sent_once_grows_and_refuses_to_change(stack: Settings, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = b'{"user_id": 1, "n": 1}\nnot json\n\n{"user_id": "b", "n": 2}\n'
    path.write_bytes(first)
    told = replay_jsonl(stack, path, None, QUIET, NOW)
    assert (told["lines"], told["sent"], told["without_key"]) == (4, 3, 1)
    assert replay_jsonl(stack, path, None, QUIET, NOW)["sent"] == 0
    path.write_bytes(first + b'{"user_id": 1, "n": 3}\n')
    told = replay_jsonl(stack, path, None, QUIET, NOW)
    assert (told["sent"], told["already_sent"], told["problems"]) == (1, 3, [])
    path.write_bytes(first.replace(b"1}", b"9}"))
    with pytest.raises(UsageError, match="has changed since"):
        replay_jsonl(stack, path, None, QUIET, NOW)
    assert replay_jsonl(stack, path, None, replace(QUIET, restart=True), NOW)["sent"] == 3
    records = stored(stack, ACTIVITY.name)
    assert len(records) == 7
    for record in records:
        if record.key is not None:
            assert record.partition == partition_of(record.key, PARTITIONS)


def test_a_simulation_goes_through_a_file(stack: Settings, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl.out"
    plan = Simulation(5, 5, 7, WallClock().now(), Faults(bad=0.1, only_in_file=True))
    made = write_simulation(plan, out)
    facts = Path(made["courses_out"])
    told = replay_jsonl(stack, out, facts, replace(QUIET, wait=False), plan.until)
    assert (told["sent"], told["courses_sent"]) == (made["events"], 3)
    verdicts = [
        decode(Stored(r.offset, r.timestamp, r.key, r.value), r.partition, PARTITIONS)
        for r in stored(stack, ACTIVITY.name)
    ]
    assert Counter(v.reason for v in verdicts if isinstance(v, Rejected)) == made["bad"]
    assert {reason: each["lines"] for reason, each in told["refused"].items()} == made["bad"]


def test_a_rate_is_kept(stack: Settings) -> None:
    feed = Feed(courses=[], events=[Record(b"1", b"x")] * 60)
    started = time.monotonic()
    assert run_feed(stack, feed, replace(QUIET, rate=60)).events == 60
    assert time.monotonic() - started > 0.85


def test_a_stack_on_the_wall_clock_refuses_2013(stack: Settings, tmp_path: Path) -> None:
    wall = stack.model_copy(update={"clock": "wall"})
    with pytest.raises(UsageError, match="--clock stream"):
        replay_oulad(wall, OuladOptions(tmp_path), QUIET)


def test_the_future_is_not_sent(stack: Settings) -> None:
    now = WallClock().now()
    with pytest.raises(UsageError, match="future_time"):
        simulate(stack, Simulation(1, 2, 7, now + 3_600), QUIET, now)


def test_a_topic_that_is_not_there_is_said(settings: Settings) -> None:
    with pytest.raises(UsageError, match="learnstream topics"):
        simulate(settings, Simulation(1, 2, 7, WallClock().now()), QUIET, WallClock().now())


def real_oulad() -> Path:
    """The data set beside the repository, or where LEARNSTREAM_DATA says."""
    named = os.environ.get("LEARNSTREAM_DATA")
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    if not (folder / "oulad").is_dir():
        pytest.skip(f"no OULAD under {folder}; say where by LEARNSTREAM_DATA")
    return folder / "oulad"


@pytest.mark.timeout(300)  # a million events
def test_the_real_data_set_adds_up() -> None:
    oulad = read_oulad(OuladOptions(real_oulad()))
    made = sum(1 for _ in oulad.events())
    counts = report(oulad, Sent(courses=15, events=made, already=0))
    assert counts["problems"] == []
    assert counts["by_type"] == {
        "assessment_graded": 121_607,
        "assessment_submitted": 121_738,
        "content_viewed": 879_259,
        "course_finished": 21_333,
        "enrolled": 21_333,
        "unenrolled": 6_333,
    }


@pytest.mark.timeout(300)
def test_in_the_real_data_set_every_assessment_can_be_seen_done() -> None:
    """Only two modules have exams that their tables know; nobody enrols after leaving."""
    oulad = read_oulad(OuladOptions(real_oulad()))
    decoded = [json.loads(record.value or b"") for record in oulad.courses()]
    facts = {each["course_id"]: each["assessments"] for each in decoded}
    exams = Counter(
        course[:3] for course, found in facts.items() for a in found if a["kind"] == "Exam"
    )
    assert exams == {"DDD": 3, "CCC": 1}
    assert oulad.never_sat == 12
    assert all(any(a["required"] for a in found) for found in facts.values())
    entered: set[tuple[int, str]] = set()
    for record in oulad.events():
        event = json.loads(record.value or b"")
        if event["type"] == "enrolled":
            entered.add((event["user_id"], event["course_id"]))
        elif event["type"] == "unenrolled":
            assert (event["user_id"], event["course_id"]) in entered


def test_one_real_presentation_arrives_whole(stack: Settings) -> None:
    options = OuladOptions(real_oulad(), frozenset({"AAA-2013J"}))
    adopt(stack, ["AAA-2013J"])
    told = replay_oulad(stack, options, QUIET)
    assert told["problems"] == []
    assert count_of(stack, ACTIVITY.name) == told["sent"] == told["events"]
    assert told["files"]["studentVle.csv"]["used"] == 180_982


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers(required=True)
    cli.simulate.register(subparsers)
    cli.replay.register(subparsers)
    arguments = parser.parse_args(words)
    status: int = arguments.func(arguments)
    return status


def test_the_commands_print_their_counts(
    stack: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = str(tmp_path / "demo.jsonl")
    sizes = ["--learners", "3", "--days", "3", "--seed", "1"]
    assert command("simulate", *sizes, "--out", out, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["learners"], made["first_learner"]) == (3, 1000)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", stack.kafka_bootstrap)
    monkeypatch.setenv("LEARNSTREAM_TOPIC_PREFIX", stack.topic_prefix)
    monkeypatch.setenv("LEARNSTREAM_DATA_DIR", str(tmp_path / "data"))
    assert command("replay", "jsonl", out, "--json", "--rate", "1e6") == 0
    assert json.loads(capsys.readouterr().out)["sent"] == made["events"]


def started(stack: Settings, *words: str, **streams: Any) -> "subprocess.Popen[str]":
    """The program as a process, which Ctrl-C reaches."""
    environment = {
        "KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "LEARNSTREAM_TOPIC_PREFIX": stack.topic_prefix,
        "LEARNSTREAM_DATA_DIR": str(stack.data_dir),
        "LEARNSTREAM_CLOCK": stack.clock,
        "LEARNSTREAM_PARTITIONS": str(stack.partitions),
        "LEARNSTREAM_REPLICATION": str(stack.replication),
        "LEARNSTREAM_MIN_INSYNC_REPLICAS": str(stack.min_insync_replicas),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        env=environment,
        cwd=Path(__file__).parents[2],
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, complaint = process.communicate(timeout=60)
    return process.returncode, out, complaint


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", ["replay", "simulate"])
def test_ctrl_c_says_how_far_it_came_and_the_command_that_continues(
    stack: Settings, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "two words.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines_of(learners=3)[:900]))
    words = {
        "replay": ["replay", "jsonl", str(path), "--restart"],
        "simulate": ["simulate", "--learners", "40", "--days", "5", "--seed", "1", "--no-wait"],
    }[kind]
    process = started(stack, *words, "--rate", "150")
    wait_for(lambda: count_of(stack, ACTIVITY.name) > 50, 60)
    process.send_signal(signal.SIGINT)
    status, out, complaint = finished(process)
    said = re.fullmatch(
        r"learnstream: stopped: Kafka has acknowledged (\d+) events; to continue: (.*)\n", complaint
    )
    assert said is not None, complaint
    assert (status, out) == (130, "")
    assert int(said[1]) == count_of(stack, ACTIVITY.name)
    program, *again = shlex.split(said[2])
    assert program == "learnstream"
    assert "--restart" not in again
    again[again.index("--rate") + 1] = "100000"
    status, out, complaint = finished(started(stack, *again, "--json"))
    report = json.loads(out)
    assert report["already_sent"] == int(said[1]) > 0
    records = stored(stack, ACTIVITY.name)
    assert len(records) == len(set(values(records))) == report["events"]
    assert report["problems"] == []


def test_refused_lines_are_a_table_and_status_1(stack: Settings, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"user_id": 1}\nno json\nno json\n')
    status, out, _ = finished(started(stack, "replay", "jsonl", str(path)))
    assert status == 1
    rows = [line.split("  ") for line in out[out.index("refused") :].splitlines()]
    assert [each.strip() for each in rows[0] if each] == [
        "refused",
        "lines",
        "first",
        "what to do",
    ]
    assert out[out.index("not_json") :].split()[1:4] == ["2", "2,", "3"]
    assert out[out.index("missing_field") :].split()[1:3] == ["1", "1"]
    assert len(stored(stack, ACTIVITY.name)) == 3
    good = tmp_path / "good.jsonl"
    good.write_text(json.dumps(viewed()) + "\n")
    assert finished(started(stack, "replay", "jsonl", str(good)))[0] == 0


def test_an_output_that_nobody_reads_ends_every_command_quietly(
    stack: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(viewed()) + "\n")
    for words in (
        ["topics", "--check"],
        ["replay", "jsonl", str(path)],
        ["simulate", "--learners", "1", "--days", "2", "--seed", "1", "--no-wait"],
        ["dead-letters", "list"],
        ["dead-letters", "requeue", "--all"],
    ):
        reader, writer = os.pipe()
        os.close(reader)
        status, _, complaint = finished(started(stack, *words, stdout=writer))
        os.close(writer)
        assert (status, complaint) == (141, ""), words


def test_a_worker_whose_log_nobody_reads_works_and_ends_in_order(stack: Settings) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    worker = started(stack, "worker", stdout=writer, stderr=writer)
    os.close(writer)
    wait_for(lambda: len(checkpoints_of(stack)) == PARTITIONS, 30)
    worker.terminate()
    assert finished(worker)[0] == 0
