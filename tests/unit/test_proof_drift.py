"""What `verify` holds against alerts about models, one fault at a time."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from contracts.alert_event import encode_alert_event
from contracts.snapshots import snapshot_key
from contracts.topics import ALERTS, EXAMPLES
from domain.examples import Order
from models.drift_alerts import drift_alerts
from models.snapshot import decode_snapshot
from proof.drift import is_about_a_model
from proof.logs import Entry, Logs
from proof.report import Report
from proof.trained import compare_trained
from tests.factories import at, graded
from tests.proving import Partition, compared, counts, wrong
from tests.telling import told
from tests.training import judged
from tests.unit.test_bounds_trained import Left

SOURCE = "urn:learnstream:staging"
KEY = b"model:inactivity_7"


class Drifted(Left):
    """What a trainer left whose model drifted, and no longer: snapshots 3 and 4 tell of it."""

    def __init__(self) -> None:
        days = [Order(order="learn", at=day * 86_400) for day in (1, 2, 3)]
        super().__init__(
            [
                Order(order="gather"),
                *judged(400, first=0, right=True),
                days[0],
                *judged(300, first=400, right=False),
                days[1],
                *judged(900, first=700, right=True),
                days[2],
            ]
        )
        self.alerts = [
            encode_alert_event(each, SOURCE)
            for made in self.made
            for each in drift_alerts(decode_snapshot(made.data))
        ]
        for data in self.alerts:
            self.logs.put(ALERTS, KEY, data)

    @property
    def records(self) -> list[Entry]:
        return self.logs.topics[ALERTS.name]

    def alerts_named(self) -> list[str]:
        return [each.partition(" (")[0] for each in wrong(self.compared()).get("alerts", [])]


def ids(left: Drifted) -> list[str]:
    return [json.loads(data)["id"] for data in left.alerts]


def test_alerts_follow_from_the_snapshots_and_the_source_stands_as_it_is() -> None:
    left = Drifted()
    kinds = [json.loads(data)["type"].rpartition(".")[2] for data in left.alerts]
    assert kinds == ["raised", "resolved"]
    assert counts(left.compared()["alerts"]) == (2, 2, 0, 0, 0, 0)


def drop(left: Drifted) -> None:
    del left.records[0]


def repeat(left: Drifted) -> None:
    left.logs.put(ALERTS, KEY, left.alerts[1])


def swap(left: Drifted) -> None:
    left.records.reverse()


def change(left: Drifted) -> None:
    said = left.alerts[0].replace(b'"severity":"medium"', b'"severity":"high"')
    assert said != left.alerts[0]
    left.records[0].value = said


@pytest.mark.long
@pytest.mark.parametrize(
    ("do", "named"),
    [
        (drop, "missing: {0}"),
        (repeat, "extra: {1}"),
        (swap, "different: {0}"),
        (change, "different: {0}"),
    ],
)
def test_an_alert_that_is_missing_twice_moved_or_changed_is_named(
    do: Callable[[Drifted], None], named: str
) -> None:
    left = Drifted()
    do(left)
    assert left.alerts_named() == [named.format(*ids(left))]


def test_what_a_later_snapshot_tells_is_not_waited_for() -> None:
    left = Drifted()
    later = left.alerts[1].replace(b'"version":"4"', b'"version":"5"')
    assert later != left.alerts[1]
    left.logs.put(ALERTS, KEY, later)
    assert left.alerts_named() == []


def test_an_alert_whose_snapshot_is_gone_cannot_be_verified() -> None:
    left = Drifted()
    left.forget(snapshot_key(3))
    assert left.alerts_named() == ["unverifiable: models: the snapshot that tells of it is gone"]


def test_without_the_first_examples_no_alert_can_be_verified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = Drifted()
    report, found = Report(), left.snapshots()
    monkeypatch.setattr(left.logs, "begin", lambda topic, _: 3 if topic is EXAMPLES else 0)
    compare_trained(report, cast(Logs, left.logs), found)
    check = report["alerts"]
    assert (check.found, check.unverifiable) == (2, 2)
    assert wrong(report)["alerts"] == ["unverifiable: models: the first examples are gone"]


def value(**changes: Any) -> bytes:
    alert = json.loads(encode_alert_event(told("model_drift")[0], SOURCE))
    return json.dumps(alert | {"data": alert["data"] | changes}).encode()


@pytest.mark.parametrize(
    ("key", "data", "about"),
    [
        (KEY, value(), True),
        (b"7", value(), False),
        (None, value(), False),
        (KEY, None, False),
        (KEY, b"{", False),
        (KEY, value(model=None), False),
        (KEY, value(user_id="model:inactivity_7"), False),
        (KEY, value(model={"name": "score", "version": "x"}), False),
    ],
)
def test_a_models_alert_is_told_from_a_learners(
    key: bytes | None, data: bytes | None, *, about: bool
) -> None:
    left = Drifted()
    left.logs.put(ALERTS, key, data)
    assert is_about_a_model(left.records[-1]) is about


def test_a_partitions_alerts_are_compared_without_those_about_models() -> None:
    """In the trainer's partition; in another one such an alert is one too many."""
    for number, extra in ((0, 0), (1, 1)):
        partition = Partition(graded(at(1), 20))
        partition.logs.put(ALERTS, KEY, value())
        sides = partition.sides()
        sides.found.partition = number
        assert counts(compared(sides)["alerts"]) == (1, 1 + extra, 0, extra, 0, 0)
