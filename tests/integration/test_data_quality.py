"""`data_quality` on a real stack: told once, whatever crashes, and in no learner's history."""

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from kafka.consumer.fetcher import ConsumerRecord

from contracts.topics import ACTIVITY, ALERTS, TRANSITIONS
from domain.ids import partition_of
from operations.topics import declarations
from proof.why import why
from proof.why_report import rendered
from runtime.clock import WallClock
from runtime.database import connect_now
from runtime.kafka import admin_client, keyed_producer
from runtime.settings import Settings
from sinks.migrate import migrate
from tests.factories import viewed
from tests.integration.test_verify import a_sink, red, told, verified
from tests.waiting import wait_for
from tests.working import (
    assert_equals_the_log,
    doing_wrong,
    running,
    stored,
    wait_until_folded,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

USER: Final = "ada"
SECONDS: Final = 60.0
NOW: Final = WallClock()


@pytest.fixture
def tables(topics: Settings, tmp_path: Path) -> Settings:
    """Topics and tables; records of `activity` have the time that their producer gives them.

    The topic is made anew so: a configuration that is altered holds some time later, and a first
    record that came before has the broker's time.
    """
    migrate(topics)
    name = topics.topic(ACTIVITY.name)
    declared = next(each for each in declarations(topics) if each.name == name)
    configs = {**declared.configs, "message.timestamp.type": "CreateTime"}
    with closing(admin_client(topics)) as admin:
        admin.delete_topics([name])
        wait_for(lambda: name not in admin.list_topics(), 10)
        admin.create_topics({name: replace(declared, configs=configs).new()})
        admin.wait_for_topics([name])
    return topics.model_copy(update={"clock": "wall", "data_dir": tmp_path / "data"})


@pytest.fixture
def stack(tables: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The same with a sink."""
    with a_sink(tables, tmp_path):
        yield tables


def put(settings: Settings, *values: tuple[float, Any]) -> None:
    """Records of the learner that came so many days ago."""
    with closing(keyed_producer(settings)) as producer:
        for ago, value in values:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            producer.send(
                settings.topic(ACTIVITY.name),
                key=USER.encode(),
                value=data,
                partition=partition_of(USER.encode(), settings.partitions),
                timestamp_ms=int((NOW.now() - ago * 86_400) * 1000),
            )
        producer.flush(30)


def seen(ago: float, number: int = 0) -> tuple[float, dict[str, Any]]:
    """An event of so many days ago, and when it came."""
    when = datetime.fromtimestamp(NOW.now(), UTC) - timedelta(days=ago)
    return ago, viewed(when, f"page-{number}", user=USER, event_id=f"{ago}-{number}")


def a_week(until: float) -> list[tuple[float, dict[str, Any]]]:
    """An event a day for eight days, the last one so many days ago."""
    return [seen(until + day) for day in reversed(range(8))]


def alerts(settings: Settings) -> list[tuple[ConsumerRecord, dict[str, Any]]]:
    """What stands in `alerts` about data."""
    found = [(record, json.loads(record.value)) for record in stored(settings, ALERTS.name)]
    return [each for each in found if each[1]["data"]["category"] == "data_quality"]


def kinds(settings: Settings) -> list[str]:
    return [event["type"].removeprefix("learnstream.alert.") for _, event in alerts(settings)]


def in_history(settings: Settings) -> int:
    """How many of them the learner's history has, in Kafka and in Postgres."""
    kept = [each for each in stored(settings, TRANSITIONS.name) if b"data_quality" in each.value]
    with connect_now(settings, "test") as connection:
        (row,) = connection.execute(
            "SELECT count(*) FROM alert WHERE convert_from(body, 'UTF8') LIKE '%%data_quality%%'"
        ).fetchall()
    return len(kept) + int(row[0])


def test_a_source_that_stops_is_told_of_until_it_sends_again(
    stack: Settings, tmp_path: Path
) -> None:
    put(stack, *a_week(3))
    partition = partition_of(USER.encode(), stack.partitions)
    with running(stack, tmp_path / "w") as worker:
        wait_for(lambda: kinds(stack) == ["raised"], SECONDS)
        put(stack, seen(0))
        wait_for(lambda: kinds(stack) == ["raised", "resolved"], SECONDS)
        report = verified(stack)
        assert worker.stop() == 0
    assert red(report) == {}
    assert report["alerts"].found >= 2
    (record, event), (end, _) = alerts(stack)
    assert record.key == end.key == f"partition:{partition}".encode() == event["subject"].encode()
    assert record.partition == end.partition == partition
    assert (event["data"]["user_id"], event["data"]["audience"]) == (None, ["operator"])
    assert in_history(stack) == 0
    assert_equals_the_log(stack)
    text = rendered(why(stack, event["data"]["alert_id"]), as_json=False)
    assert "came with: tick" in text
    assert "2. resolved" in text


def test_a_learner_whose_events_are_rejected_is_told_of(stack: Settings, tmp_path: Path) -> None:
    put(stack, *[(0, b"no JSON")] * 20)
    with running(stack, tmp_path / "w") as worker:
        wait_for(lambda: kinds(stack) == ["raised"], SECONDS)
        put(stack, *[seen(0, number) for number in range(20)])
        wait_for(lambda: kinds(stack) == ["raised", "resolved"], SECONDS)
        wait_until_folded(stack)
        assert red(verified(stack)) == {}
        assert worker.stop() == 0
    (record, event), _ = alerts(stack)
    assert (record.key, event["data"]["user_id"]) == (USER.encode(), USER)
    assert event["data"]["params"] == {"records": 20, "rejected": 20, "reason": "not_json"}
    assert in_history(stack) == 0
    text = rendered(why(stack, event["data"]["alert_id"]), as_json=False)
    assert "came with: rejected at offset 19" in text


@pytest.mark.parametrize("point", ["after_outputs", "before_commit", "after_commit"])
def test_i3_a_worker_that_dies_with_the_tick_tells_of_it_once(
    tables: Settings, tmp_path: Path, point: str
) -> None:
    put(tables, *a_week(3))
    transactions = tables.partitions + 2  # the take-overs, the events, and the tick
    with running(tables, tmp_path / "w", failpoints=f"crash_at={point}:{transactions}") as killed:
        assert killed.ended(SECONDS) == -signal.SIGKILL
    assert kinds(tables) == ["raised"] * (point == "after_commit")
    with running(tables, tmp_path / "w") as worker:
        wait_for(lambda: kinds(tables) == ["raised"], SECONDS)
        put(tables, seen(0))
        wait_for(lambda: kinds(tables) == ["raised", "resolved"], SECONDS)
        assert worker.stop() == 0
    assert_equals_the_log(tables)


def test_verify_names_one_that_was_never_written(tables: Settings, tmp_path: Path) -> None:
    put(tables, *[(0, b"no JSON")] * 20)
    wrong = doing_wrong("drop_alert")
    with a_sink(tables, tmp_path), running(tables, tmp_path / "w", program=wrong) as worker:
        wait_until_folded(tables)
        report = json.loads(told(tables).stdout)
        assert worker.stop() == 0
    assert not report["equal"]
    assert report["checks"]["alerts"]["missing"] == 1
