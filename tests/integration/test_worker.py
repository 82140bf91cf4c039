"""A real worker on a real Kafka: events in, states and alerts out, exactly what the log says."""

import json
from pathlib import Path

import pytest

from contracts.topics import ALERTS, COURSES
from runtime.settings import Settings
from tests.working import (
    assert_equals_the_log,
    course_facts,
    days_of_work,
    running,
    send,
    stored,
    wait_until_folded,
)

pytestmark = pytest.mark.integration

USERS = [f"u{number}" for number in range(40)]


@pytest.fixture
def replay(topics: Settings) -> Settings:
    """Topics with one course, under the clock of the stream."""
    settings = topics.model_copy(update={"clock": "stream", "session_timeout_seconds": 2.0})
    send(settings, [course_facts()], COURSES.name)
    return settings


def test_events_become_states_and_alerts(replay: Settings, tmp_path: Path) -> None:
    send(replay, days_of_work(USERS))
    with running(replay, tmp_path / "w") as worker:
        wait_until_folded(replay)
        assert worker.stop() == 0
    expected = assert_equals_the_log(replay)
    assert len(expected.states) == len(USERS)
    categories = {json.loads(r.value)["data"]["category"] for r in stored(replay, ALERTS.name)}
    assert {"low_score", "progress_milestone", "streak_milestone"} <= categories


def test_a_stopped_worker_goes_on_where_it_stood(replay: Settings, tmp_path: Path) -> None:
    events = days_of_work(USERS)
    for part in (events[:200], events[200:]):
        send(replay, part)
        with running(replay, tmp_path / "w") as worker:
            wait_until_folded(replay)
            assert worker.stop() == 0
    assert_equals_the_log(replay)
