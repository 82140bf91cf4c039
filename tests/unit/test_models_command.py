"""What `learnstream models` prints of snapshots and of what serves."""

import argparse
import json
from typing import Any

import pytest
from msgspec.structs import replace

from cli import models as command
from contracts.snapshots import TRAINER_VERSION, Serving, Trainer
from models.learning import Learning
from models.reports import DriftEpisode, Gate
from models.snapshot import encode_snapshot
from operations.models import Models, Published, listed, said, shown
from runtime.errors import UsageError
from tests.training import lessons


@pytest.fixture
def found() -> Models:
    """Two snapshots that can be read, a third that cannot; the first is pinned."""
    learning = Learning()
    learning.learn(lessons(4))
    published = {}
    for number in (1, 2):
        data = learning.snapshot(number, 4)
        published[number] = Published(number, 1_700_000_000 + number, len(data), data)
    published[3] = Published(3, 1_700_000_009, 1, b"{")
    serving = Serving(number=1, newest=3, pinned=True)
    trainer = Trainer(version=TRAINER_VERSION, topic_id="t", partitions=1, next=4)
    return Models(published, serving, trainer)


def test_snapshots_are_listed_newest_first_and_what_serves_is_marked(found: Models) -> None:
    lines = listed(found, as_json=False).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["3", "2", "*"]
    assert "no snapshot" in lines[1]
    assert lines[3].split()[1:] == ["1", "2023-11-14T22:13:21Z", "2023-11-14T22:13:23Z", "8"]
    assert lines[-1] == "snapshot 1 serves; the newest is 3, pinned"


def test_a_list_for_machines_has_the_same_and_the_trainer(found: Models) -> None:
    told = json.loads(listed(found, as_json=True))
    assert [each["number"] for each in told["snapshots"]] == [3, 2, 1]
    assert [each["problem"] is None for each in told["snapshots"]] == [False, True, True]
    assert (told["serving"]["number"], told["trainer"]["next"]) == (1, 4)
    assert json.loads(listed(Models(), as_json=True))["trainer"] is None


def test_by_default_what_serves_is_shown(found: Models) -> None:
    text = shown(found, None, as_json=False)
    assert text.startswith("snapshot 1, published 2023-11-14T22:13:21Z")
    assert "not_passing" in text
    told = json.loads(shown(found, 2, as_json=True))
    assert told["number"] == 2
    assert told["reports"]["inactivity_7"]["examples"] == 4


def test_drift_and_gates_are_shown_where_there_are_any(found: Models) -> None:
    assert "loss before" not in shown(found, 1, as_json=False)
    snapshot = found.snapshots[1].decoded()
    rose = DriftEpisode(began_at=1_700_000_000, judged=9, before=0.118, after=0.25, raised_in=1)
    over = replace(rose, ended_at=1_700_000_060, raised_in=0)
    report = replace(snapshot.reports["score"], episodes=(over, rose))
    data = encode_snapshot(
        replace(
            snapshot,
            reports=snapshot.reports | {"score": report},
            gates={"c1": Gate("next_missing", 1_500, 0.1234)},
        )
    )
    found.snapshots[1] = Published(1, 1_700_000_001, len(data), data)
    lines = [line.split() for line in shown(found, 1, as_json=False).splitlines()]
    times = ["2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"]
    assert ["score", *times, "0.118", "0.250", "-"] in lines
    assert ["score", times[0], "now", "0.118", "0.250", "1"] in lines
    assert ["c1", "next_missing", "1,500", "0.123"] in lines
    assert json.loads(shown(found, 1, as_json=True))["gates"] == {
        "c1": ["next_missing", 1500, 0.1234]
    }


@pytest.mark.parametrize(("number", "why"), [(9, "there is no snapshot 9"), (3, "snapshot 3: no")])
def test_what_cannot_be_shown_says_why(found: Models, number: int, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        shown(found, number, as_json=False)


@pytest.mark.parametrize(
    ("serving", "words"),
    [
        (Serving(), "no snapshot yet: the models have learned too little"),
        (Serving(number=2, newest=2), "snapshot 2 serves; the newest is 2"),
        (
            Serving(number=1, newest=2, pinned=True, frozen=True),
            "snapshot 1 serves; the newest is 2, pinned, and learning is frozen",
        ),
    ],
)
def test_what_serves_is_said_in_words(serving: Serving, words: str) -> None:
    assert said(serving) == words


def test_an_order_is_given_and_what_serves_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Any] = []

    def order(_: Any, what: Any) -> Serving:
        given.append((what.order, what.snapshot))
        return Serving(number=3, newest=4, pinned=True)

    monkeypatch.setattr(command, "order", order)
    monkeypatch.setattr(command, "read_settings", lambda: None)
    monkeypatch.setattr(command, "configure", lambda _: None)
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers())
    for words in (["pin", "3"], ["unpin"], ["freeze", "--json"]):
        args = parser.parse_args(["models", *words])
        assert args.func(args) == 0
    assert given == [("pin", 3), ("unpin", 0), ("freeze", 0)]
    *_, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["number"] == 3
    with pytest.raises(SystemExit):
        parser.parse_args(["models", "pin", "0"])
