"""The trainer on a real Kafka: each example once, snapshots with their position, orders."""

import json
import signal
from datetime import datetime
from pathlib import Path

import pytest

from contracts.snapshots import TRAINER_KEY, TRAINER_VERSION, Trainer
from contracts.topics import EXAMPLES, SNAPSHOTS
from domain.examples import Order
from models.snapshot import decode_snapshot
from proof.logs import Logs
from proof.report import Report
from proof.snapshots import Snapshots
from proof.trained import compare_trained
from runtime.failpoints import POINTS
from runtime.kafka import keyed_producer
from runtime.settings import Settings
from tests.training import (
    START,
    TRAINER,
    alerts_of,
    judged,
    learned_anew,
    lessons,
    serving_of,
    snapshots_of,
    teach,
    trainer_of,
)
from tests.waiting import wait_for
from tests.working import running, stored

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SECONDS = 60.0


@pytest.fixture
def soon(topics: Settings) -> Settings:
    """Small batches, and a session that is soon over."""
    return topics.model_copy(update={"session_timeout_seconds": 3.0, "batch_records": 60})


def stands(settings: Settings) -> Trainer:
    trainer = trainer_of(settings)
    return trainer or Trainer(version=TRAINER_VERSION, topic_id="", partitions=1, next=0)


def learned(settings: Settings) -> int:
    return stands(settings).learned


def assert_learned_once(settings: Settings, examples: int) -> None:
    """The snapshots are those of a trainer that never died, and the position is theirs."""
    found = snapshots_of(settings)
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    assert learned(settings) == examples
    assert [tuple(each) for each in learned_anew(settings, found)] == found
    assert decode_snapshot(found[-1][1]).learned <= stands(settings).next
    assert stands(settings).next == stored(settings, EXAMPLES.name)[-1].offset + 1


def test_examples_become_a_snapshot_that_serves(soon: Settings, tmp_path: Path) -> None:
    teach(soon, lessons(150))
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        wait_for(lambda: learned(soon) == 300, SECONDS)
        assert serving_of(soon).number == serving_of(soon).newest >= 1
        teach(soon, lessons(10, first=150))
        wait_for(lambda: learned(soon) == 320, SECONDS)  # too few for another snapshot
        assert trainer.stop() == 0
    assert len(snapshots_of(soon)) == serving_of(soon).newest
    assert_learned_once(soon, 320)


@pytest.mark.parametrize("point", POINTS)
def test_i1_a_killed_trainer_learns_each_example_once(
    soon: Settings, tmp_path: Path, point: str
) -> None:
    teach(soon, lessons(150))
    crash = f"crash_at={point}:1"
    with running(soon, tmp_path / "t", program=TRAINER, failpoints=crash) as killed:
        assert killed.ended(SECONDS) == -signal.SIGKILL
    teach(soon, lessons(150, first=150))
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        wait_for(lambda: learned(soon) == 600, SECONDS)
        assert trainer.stop() == 0
    assert_learned_once(soon, 600)


def test_i4_a_zombie_writes_nothing(soon: Settings, tmp_path: Path) -> None:
    with running(soon, tmp_path / "t", program=TRAINER) as zombie:
        teach(soon, lessons(120))
        wait_for(lambda: learned(soon) == 240, SECONDS)
        zombie.send(signal.SIGSTOP)
        teach(soon, lessons(120, first=120))
        with running(soon, tmp_path / "t", program=TRAINER) as other:
            wait_for(lambda: learned(soon) == 480, SECONDS)
            zombie.send(signal.SIGCONT)
            teach(soon, lessons(120, first=240))
            wait_for(lambda: learned(soon) == 720, SECONDS)
            assert other.stop() == 0
    assert_learned_once(soon, 720)


def test_of_two_trainers_one_learns(soon: Settings, tmp_path: Path) -> None:
    with (
        running(soon, tmp_path / "t", program=TRAINER) as one,
        running(soon, tmp_path / "t", program=TRAINER) as two,
    ):
        teach(soon, lessons(120))
        wait_for(lambda: learned(soon) == 240, SECONDS)
        owner = one if "partition_taken" in one.said() else two
        assert owner.stop() == 0
        teach(soon, lessons(120, first=120))
        wait_for(lambda: learned(soon) == 480, SECONDS)
    assert_learned_once(soon, 480)


def test_in_lockstep_a_day_is_learned_at_its_end_whatever_its_order(
    soon: Settings, tmp_path: Path
) -> None:
    day = lessons(60)
    ends = [Order(order="learn", at=86_400), Order(order="learn", at=2 * 86_400)]
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        teach(soon, [Order(order="gather"), *day])
        wait_for(lambda: trainer_of(soon) is not None, SECONDS)
        assert learned(soon) == 0
        teach(soon, [ends[0], *lessons(60, first=60, day=1), ends[1]])
        wait_for(lambda: serving_of(soon).at == 2 * 86_400, SECONDS)
        assert serving_of(soon).newest == 2
        teach(soon, [*lessons(5, first=120), Order(order="free")])
        wait_for(lambda: learned(soon) == 250, SECONDS)
        assert serving_of(soon).at == 0
        assert trainer.stop() == 0
    assert_learned_once(soon, 250)


def test_i1_a_trainer_that_dies_in_lockstep_learns_each_day_once(
    soon: Settings, tmp_path: Path
) -> None:
    end = Order(order="learn", at=86_400)
    crash = "crash_at=after_states:2"  # the first commit is that of `gather`
    with running(soon, tmp_path / "t", program=TRAINER, failpoints=crash) as killed:
        teach(soon, [Order(order="gather")])
        wait_for(lambda: trainer_of(soon) is not None, SECONDS)
        teach(soon, [*lessons(60), end])
        assert killed.ended(SECONDS) == -signal.SIGKILL
    assert snapshots_of(soon) == []
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        wait_for(lambda: learned(soon) == 120, SECONDS)
        assert trainer.stop() == 0
    assert serving_of(soon).at == 86_400
    assert_learned_once(soon, 120)


def test_orders_pin_and_freeze_and_what_is_no_lesson_stops_nobody(
    soon: Settings, tmp_path: Path
) -> None:
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        teach(soon, [*lessons(150), (b"7", b"secret"), (b"9", None), (b"8", b'{"at":1}')])
        wait_for(lambda: learned(soon) == 300, SECONDS)
        newest = serving_of(soon).newest
        teach(soon, [Order(order="pin", snapshot=newest + 1), Order(order="pin", snapshot=1)])
        wait_for(lambda: serving_of(soon).pinned, SECONDS)
        assert serving_of(soon).number == 1
        teach(soon, [Order(order="freeze"), *lessons(150, first=150), Order(order="thaw")])
        wait_for(lambda: stands(soon).passed_over == 300, SECONDS)
        assert (learned(soon), serving_of(soon).frozen) == (300, False)
        teach(soon, [*lessons(150, first=300), Order(order="unpin")])
        wait_for(lambda: learned(soon) == 600 and not serving_of(soon).pinned, SECONDS)
        assert serving_of(soon).number == serving_of(soon).newest > newest
        assert stands(soon).rejected == 4
        said = trainer.said()
        assert said.count("lesson_rejected") == 4
        assert "secret" not in said
        assert trainer.stop() == 0
    assert_learned_once(soon, 600)


def told(settings: Settings) -> list[tuple[str, int, str]]:
    """Of each alert of a trainer: what it is, its revision, the snapshot that tells of it."""
    events = [json.loads(record.value) for record in alerts_of(settings)]
    return [(e["type"], e["data"]["revision"], e["data"]["model"]["version"]) for e in events]


RAISED, RESOLVED = "learnstream.alert.raised", "learnstream.alert.resolved"


def assert_proven(settings: Settings, alerts: int) -> None:
    """What `verify` makes of the log again is what stands there: snapshots, and their alerts."""
    report = Report()
    with Logs(settings) as logs:
        snapshots = Snapshots(logs)
        snapshots.catch_up()
        compare_trained(report, logs, snapshots)
    assert report.equal, report["alerts"].named
    assert report["alerts"].found == alerts


def test_a_model_that_drifts_is_told_of_once_and_so_is_its_end(
    soon: Settings, tmp_path: Path
) -> None:
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        teach(soon, judged(400, first=0, right=True))
        wait_for(lambda: learned(soon) == 400, SECONDS)
        assert told(soon) == []
        teach(soon, judged(300, first=400, right=False))
        wait_for(lambda: len(told(soon)) == 1, SECONDS)
        teach(soon, judged(900, first=700, right=True))
        wait_for(lambda: len(told(soon)) == 2, SECONDS)
        assert trainer.stop() == 0
    (one, began), (other, ended) = [
        (record, json.loads(record.value)) for record in alerts_of(soon)
    ]
    assert (began["type"], ended["type"]) == (RAISED, RESOLVED)
    assert began["data"]["alert_id"] == ended["data"]["alert_id"]
    assert one.key == other.key == b"model:inactivity_7" == began["subject"].encode()
    assert (one.partition, other.partition) == (0, 0)
    (seen,) = began["data"]["evidence"]
    assert (seen["baseline"], seen["value"]) == (0.01, 0.81)
    raised_at = datetime.fromisoformat(began["data"]["raised_at"]).timestamp() - START
    assert 400 <= raised_at < 500  # a label's time, and no clock's
    number = int(began["data"]["model"]["version"])
    report = dict(snapshots_of(soon))[number]
    assert decode_snapshot(report).reports["inactivity_7"].drifted
    assert_proven(soon, 2)


@pytest.mark.parametrize("point", ["after_outputs", "before_commit", "after_commit"])
def test_i3_a_trainer_that_dies_with_an_alert_tells_of_it_once(
    soon: Settings, tmp_path: Path, point: str
) -> None:
    """In lockstep, where what was gathered is learned again; each day is one transaction."""
    days = [Order(order="learn", at=day * 86_400) for day in (1, 2, 3)]
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        teach(soon, [Order(order="gather"), *judged(400, first=0, right=True), days[0]])
        wait_for(lambda: serving_of(soon).at == days[0].at, SECONDS)
        assert trainer.stop() == 0
    teach(soon, [*judged(300, first=400, right=False), days[1]])
    crash = f"crash_at={point}:1"
    with running(soon, tmp_path / "t", program=TRAINER, failpoints=crash) as killed:
        assert killed.ended(SECONDS) == -signal.SIGKILL
    assert len(told(soon)) == (point == "after_commit")
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        wait_for(lambda: serving_of(soon).at == days[1].at, SECONDS)
        assert told(soon) == [(RAISED, 1, "2")]
        teach(soon, [*judged(900, first=700, right=True), days[2]])
        wait_for(lambda: serving_of(soon).at == days[2].at, SECONDS)
        assert trainer.stop() == 0
    assert told(soon) == [(RAISED, 1, "2"), (RESOLVED, 2, "3")]
    assert_proven(soon, 2)


def test_a_newer_versions_state_is_refused(soon: Settings, tmp_path: Path) -> None:
    producer = keyed_producer(soon)
    newer = b'{"version":99,"topic_id":"t","partitions":1,"next":0}'
    producer.send(soon.topic(SNAPSHOTS.name), key=TRAINER_KEY, value=newer, partition=0)
    producer.flush(30)
    producer.close()
    with running(soon, tmp_path / "t", program=TRAINER) as trainer:
        assert trainer.ended(SECONDS) == 2
        assert "version 99" in trainer.said()
        assert "docs/upgrading.md" in trainer.said()
