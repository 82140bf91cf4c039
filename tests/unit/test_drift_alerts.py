"""What a snapshot tells of drift, as alerts: each once, whatever else the snapshot holds."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.alert_event import encode_alert_event
from domain.alerts import Transition
from domain.predictions import Target
from models.drift_alerts import drift_alert_id, drift_alerts
from models.learning import Learning
from models.reports import DriftEpisode
from models.snapshot import Snapshot, decode_snapshot
from tests.training import judged

BEGAN = 1_700_000_000


def episode(**given: Any) -> DriftEpisode:
    known = {"began_at": BEGAN, "judged": 900, "before": 0.1, "after": 0.25, "raised_in": 4}
    return DriftEpisode(**{**known, **given})


def telling(number: int, target: Target = "not_passing", *told: DriftEpisode) -> Snapshot:
    """A snapshot with these episodes of a model."""
    made = decode_snapshot(Learning().snapshot(number, 0))
    report = replace(made.reports[target], episodes=told)
    return replace(made, reports=made.reports | {target: report})


def alerts(number: int, *told: DriftEpisode) -> list[tuple[str, int, int]]:
    found = drift_alerts(telling(number, "not_passing", *told))
    return [(each.kind, each.revision, each.at) for each in found]


def test_each_snapshot_tells_of_what_it_is_the_first_to_tell_of_and_of_nothing_else() -> None:
    over = episode(ended_at=BEGAN + 50, resolved_in=7)
    assert alerts(3, episode()) == []
    assert alerts(4, episode()) == [("raised", 1, BEGAN)]
    assert alerts(5, episode()) == []
    assert alerts(6, episode(ended_at=BEGAN + 50)) == []
    assert alerts(7, over) == [("resolved", 2, BEGAN + 50)]
    assert alerts(8, over) == []


def test_one_snapshot_may_tell_of_an_end_and_of_another_begin() -> None:
    over = episode(ended_at=BEGAN + 50, resolved_in=7)
    again = episode(began_at=BEGAN + 90, judged=1_500, raised_in=7)
    assert alerts(7, over, again) == [("resolved", 2, BEGAN + 50), ("raised", 1, BEGAN + 90)]


def test_what_was_over_before_a_snapshot_came_is_told_by_none() -> None:
    unseen = episode(raised_in=0, ended_at=BEGAN + 50)
    assert [alerts(number, unseen) for number in range(1, 6)] == [[]] * 5


def one(target: Target, **given: Any) -> Transition:
    (found,) = drift_alerts(telling(4, target, episode(**given)))
    return found


@pytest.mark.parametrize(
    ("target", "feature", "unit", "after"),
    [
        ("next_missing", "brier", "ratio", 0.123),
        ("score", "mae", "points", 0.1),
        ("submission", "mae", "days", 0.1),
        ("forecast_28", "mae", "points", 0.1),
    ],
)
def test_the_loss_is_said_in_the_models_unit(
    target: Target, feature: str, unit: str, after: float
) -> None:
    alert = one(target, before=0.02, after=0.12345)
    (seen,) = alert.evidence
    assert (seen.feature, seen.unit, seen.value, seen.direction) == (feature, unit, after, "up")
    assert seen.baseline == alert.params["before"] == round(0.02, 3 if unit == "ratio" else 1)
    data = json.loads(encode_alert_event(alert, "urn:x"))["data"]
    assert f"to {after}" in data["message"]
    assert data["model"] == {"name": target, "version": "4"}


def test_an_alert_is_about_a_model_and_no_learner() -> None:
    event = json.loads(encode_alert_event(one("score"), "urn:x"))
    assert event["subject"] == one("score").about == "model:score"
    assert event["data"]["user_id"] is None
    assert event["data"]["audience"] == ["operator"]


def test_an_id_follows_from_the_model_and_from_what_was_seen_and_not_from_a_snapshot() -> None:
    name = drift_alert_id("score", episode())
    assert name == one("score").alert_id
    assert name == drift_alert_id("score", episode(raised_in=9, after=0.5, ended_at=BEGAN))
    others = {
        drift_alert_id("submission", episode()),
        drift_alert_id("score", episode(judged=901)),
        drift_alert_id("score", episode(began_at=BEGAN + 1)),
    }
    assert len(others | {name}) == 4


def kinds(data: bytes) -> list[str]:
    return [each.kind for each in drift_alerts(decode_snapshot(data))]


def test_whenever_a_trainer_is_started_anew_nothing_is_told_twice() -> None:
    """Also where nothing was judged between what was kept last and the snapshot."""
    learning = Learning()
    learning.learn(judged(400, first=0, right=True))
    learning.learn(judged(300, first=400, right=False))
    learning.parts()
    assert kinds(learning.snapshot(1, 9)) == ["raised"]
    learning = Learning.restore(learning.parts())
    assert kinds(learning.snapshot(2, 9)) == []
    learning.learn(judged(900, first=700, right=True))
    learning.parts()
    assert kinds(learning.snapshot(3, 9)) == ["resolved"]
    assert kinds(Learning.restore(learning.parts()).snapshot(4, 9)) == []
