"""`rules try` and `why` on a real log: what they say of it is what stands there."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from contracts.alert_event import decode_transition
from contracts.topics import COURSES, TRANSITIONS
from domain.alerts import Transition
from feeds.faults import Faults
from feeds.feed import Delivery
from feeds.simulate import Simulation, simulate
from runtime.clock import WallClock
from runtime.settings import Settings
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


class Commands:
    """The program in this process, as an operator calls it; told of no clock and no Postgres."""

    def __init__(
        self,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        self._patch, self._capture = monkeypatch, capfd
        monkeypatch.setenv("KAFKA_BOOTSTRAP", settings.kafka_bootstrap)
        monkeypatch.setenv("LEARNSTREAM_TOPIC_PREFIX", settings.topic_prefix)
        monkeypatch.setenv("LEARNSTREAM_PARTITIONS", str(settings.partitions))

    def run(self, *command: str) -> tuple[int, str, str]:
        """The status, and what was printed and complained of."""
        self._capture.readouterr()
        self._patch.setattr("sys.argv", ["learnstream", *command])
        status = main()
        said = self._capture.readouterr()
        return status, said.out, said.err

    def answer(self, *command: str) -> Any:
        """What is printed for machines."""
        status, out, err = self.run(*command, "--json")
        assert status == 0, err
        return json.loads(out)


def test_what_is_said_of_a_log_is_what_stands_there(
    folded: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    commands = Commands(folded, monkeypatch, capfd)
    transitions = [decode_transition(each.value) for each in stored(folded, TRANSITIONS.name)]
    file = tmp_path / "rules.json"
    file.write_text("{}")
    told = commands.answer("rules", "try", str(file), "--from", LONG_AGO)
    assert told["learners"] == 12
    for row in told["rules"]:
        raised = [t for t in transitions if (t.category, t.kind) == (row["rule"], "raised")]
        held = [t for t in transitions if (t.category, t.kind) == (row["rule"], "suppressed")]
        assert (row["tried"], row["today"], row["difference"]) == (len(raised), len(raised), 0)
        assert row["suppressed_tried"] == row["suppressed_today"] == len(held)
    file.write_text('{"streak_milestone": {"days": [2], "first_time_only": []}}')
    other = commands.answer("rules", "try", str(file), "--from", LONG_AGO)
    streaks = {row["rule"]: row for row in other["rules"]}["streak_milestone"]
    assert streaks["only_tried"] > 0 or streaks["suppressed_tried"] > 0
    later = ("rules", "try", str(file), "--from", "2999-01-01T00:00:00Z")
    status, _, complaint = commands.run(*later)
    assert status == 2
    assert "expected a time in the log: the log ends at" in complaint
    assert len(stored(folded, TRANSITIONS.name)) == len(transitions), "nothing is written"
    asked_why(commands, transitions)


def asked_why(commands: Commands, transitions: list[Transition]) -> None:
    """Of one alert of each rule: the same transitions, each with what led to it."""
    firsts = {each.category: each.alert_id for each in transitions}
    assert len(firsts) >= 3
    for category, name in firsts.items():
        told = commands.answer("why", name)
        mine = [each for each in transitions if each.alert_id == name]
        assert (told["rule"]["name"], told["problem"]) == (category, None)
        assert [step["transition"]["revision"] for step in told["steps"]] == [
            each.revision for each in mine
        ]
        for step, transition in zip(told["steps"], mine, strict=True):
            assert (step["delivery"] is not None) == transition.delivered
            assert step["cause"]["thresholds"]
            assert step["cause"]["after"]["steps"] > 0
    nobody = "00000000-0000-5000-8000-000000000000"
    status, _, complaint = commands.run("why", nobody)
    assert status == 1
    assert f"no alert has the id {nobody}" in complaint
