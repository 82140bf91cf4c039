"""`rules try` on a real log: what it says of today's rules is what stands there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.alert_event import decode_transition
from contracts.topics import COURSES, TRANSITIONS
from feeds.faults import Faults
from feeds.feed import Delivery
from feeds.simulate import Simulation, simulate
from runtime.clock import WallClock
from runtime.settings import Settings
from tests.measuring import measuring
from tests.schemas import ROOT
from tests.working import course_facts, running, send, stored, wait_until_folded

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

FAULTS = Faults(duplicates=0.02, late=0.05, bad=0.02)
LONG_AGO = "2000-01-01T00:00:00Z"


@pytest.fixture(params=["wall", "stream"])
def folded(topics: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A log that a worker has folded, which is gone by now."""
    settings = topics.model_copy(update={"clock": request.param, "data_dir": tmp_path / "data"})
    send(settings, [course_facts()], COURSES.name)
    now = WallClock().now()
    plan = Simulation(learners=12, days=40, seed=7, until=now, faults=FAULTS)
    with running(settings, tmp_path / "w"):
        simulate(settings, plan, Delivery(progress=False), now)
        wait_until_folded(settings)
    return settings


def learnstream(settings: Settings, *command: str) -> "subprocess.CompletedProcess[str]":
    """A command, as an operator would give it; it is told of no clock and of no Postgres."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *command],
        capture_output=True,
        text=True,
        env={
            **measuring(),
            "PATH": os.environ["PATH"],
            "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "LEARNSTREAM_TOPIC_PREFIX": settings.topic_prefix,
            "LEARNSTREAM_PARTITIONS": str(settings.partitions),
        },
        cwd=ROOT,
        check=False,
    )


def answered(settings: Settings, *command: str) -> Any:
    done = learnstream(settings, *command, "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_what_is_said_of_a_log_is_what_stands_there(folded: Settings, tmp_path: Path) -> None:
    transitions = [decode_transition(each.value) for each in stored(folded, TRANSITIONS.name)]
    file = tmp_path / "rules.json"
    file.write_text("{}")
    told = answered(folded, "rules", "try", str(file), "--from", LONG_AGO)
    assert told["learners"] == 12
    for row in told["rules"]:
        raised = [t for t in transitions if (t.category, t.kind) == (row["rule"], "raised")]
        held = [t for t in transitions if (t.category, t.kind) == (row["rule"], "suppressed")]
        assert (row["tried"], row["today"], row["difference"]) == (len(raised), len(raised), 0)
        assert row["suppressed_tried"] == row["suppressed_today"] == len(held)
    file.write_text('{"streak_milestone": {"days": [2]}}')
    other = answered(folded, "rules", "try", str(file), "--from", LONG_AGO)
    streaks = {row["rule"]: row for row in other["rules"]}["streak_milestone"]
    assert streaks["only_tried"] > 0 or streaks["suppressed_tried"] > 0
    done = learnstream(folded, "rules", "try", str(file), "--from", "2999-01-01T00:00:00Z")
    assert done.returncode == 2
    assert "expected a time in the log: the log ends at" in done.stderr
    assert stored(folded, TRANSITIONS.name) != []
    assert len(stored(folded, TRANSITIONS.name)) == len(transitions), "nothing is written"
