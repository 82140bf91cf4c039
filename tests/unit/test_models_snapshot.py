"""A snapshot's bytes: the same both ways, and refused where they are none or too new."""

import json
import math
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from domain.predictions import TARGETS
from models.encoding import ENCODINGS
from models.intervals import Quantiles
from models.learning import Learning
from models.reports import Report
from models.snapshot import (
    FORMAT,
    BadSnapshotError,
    UnknownSnapshotError,
    decode_snapshot,
    encode_snapshot,
)
from tests.teaching import learned, lessons, served

LEARNING = learned(300)
LEARNING.learn(lessons(50, 2, shown=served(learned(600))))
DATA = LEARNING.snapshot(7, learned=123)


def test_a_round_trip_changes_no_byte() -> None:
    snapshot = decode_snapshot(DATA)
    assert encode_snapshot(snapshot) == DATA
    assert decode_snapshot(encode_snapshot(snapshot)) == snapshot
    assert (snapshot.number, snapshot.learned) == (7, 123)
    assert snapshot.examples == dict.fromkeys(TARGETS, 350)


def test_a_snapshot_of_nothing_can_be_read() -> None:
    data = Learning().snapshot(1, learned=0)
    assert encode_snapshot(decode_snapshot(data)) == data


def test_a_newer_format_is_refused_and_says_what_to_do() -> None:
    """Whatever else it holds: nothing of it is looked at."""
    with pytest.raises(UnknownSnapshotError, match=f"format {FORMAT + 1}.*up to {FORMAT}.*start"):
        decode_snapshot(json.dumps({"format": FORMAT + 1, "mood": 3}).encode())


def test_an_older_format_than_the_first_is_none() -> None:
    with pytest.raises(BadSnapshotError, match="format is 0, expected 1"):
        decode_snapshot(_changed(format=0))


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_snapshot_is_refused(share: float) -> None:
    with pytest.raises(BadSnapshotError, match="keeps serving"):
        decode_snapshot(DATA[: int(share * len(DATA))])


def test_a_snapshot_cut_by_one_byte_is_refused() -> None:
    with pytest.raises(BadSnapshotError):
        decode_snapshot(DATA[:-1])


@pytest.mark.parametrize("part", ["classifications", "regressions", "priors", "reports"])
def test_a_part_that_lacks_a_target_is_refused(part: str) -> None:
    it = json.loads(DATA)
    target = next(iter(it[part]))
    del it[part][target]
    with pytest.raises(BadSnapshotError, match=f"{part} lacks {target}"):
        decode_snapshot(msgspec.json.encode(it))


def test_a_target_in_the_wrong_part_is_refused() -> None:
    it = json.loads(DATA)
    it["priors"]["not_passing"] = it["priors"]["score"]
    with pytest.raises(BadSnapshotError, match="priors has not_passing"):
        decode_snapshot(msgspec.json.encode(it))


@pytest.mark.parametrize("part", ["weights", "means", "naive"])
def test_a_part_of_another_length_is_refused(part: str) -> None:
    it = json.loads(DATA)
    it["classifications"]["next_missing"][part].append(0)
    with pytest.raises(BadSnapshotError, match=f"next_missing has .* {part}, expected"):
        decode_snapshot(msgspec.json.encode(it))


@pytest.mark.parametrize("knot", [[0, 5], [500_000, 1], [500_000, 1_000_000]])
def test_a_curve_that_does_not_rise_is_refused(knot: list[int]) -> None:
    it = json.loads(DATA)
    it["classifications"]["next_missing"]["curve"] = [[100_000, 5], knot]
    with pytest.raises(BadSnapshotError, match="curve of next_missing does not rise"):
        decode_snapshot(msgspec.json.encode(it))


@pytest.mark.parametrize("odd", ["null", "NaN", "Infinity", "1e999", '"0"', "[]"])
def test_a_number_that_is_none_is_refused(odd: str) -> None:
    """NaN is null in JSON; a number that is too large for a float is infinite, or refused."""
    it = json.loads(DATA)
    it["regressions"]["score"]["weights"]["bias"] = "here"
    with pytest.raises(BadSnapshotError):
        decode_snapshot(json.dumps(it).replace('"here"', odd).encode())


def test_a_weight_that_is_no_number_is_refused() -> None:
    it = json.loads(DATA)
    it["classifications"]["next_missing"]["weights"][5] = None
    with pytest.raises(BadSnapshotError):
        decode_snapshot(msgspec.json.encode(it))


@pytest.mark.parametrize("where", ["weights", "errors", "quantiles"])
def test_nothing_that_is_not_finite_is_published(where: str) -> None:
    """It would be null on the wire: our own fault, so it stops the trainer, not the workers."""
    snapshot = decode_snapshot(DATA)
    score = snapshot.regressions["score"]
    odd: dict[str, Any] = {
        "weights": {"bias": -math.inf},
        "errors": {key: replace(it, value=math.nan) for key, it in score.errors.items()},
        "quantiles": {key: Quantiles(1.0, math.inf) for key in score.quantiles},
    }
    bad = {"score": replace(score, **{where: odd[where]})}
    with pytest.raises(AssertionError, match="not finite"):
        encode_snapshot(replace(snapshot, regressions=snapshot.regressions | bad))


def test_a_report_says_whether_its_model_drifted() -> None:
    assert not Report(target="score").drifted
    assert Report(target="score", drifted_at=5).drifted


def test_the_weights_are_whole_millionths() -> None:
    snapshot = decode_snapshot(DATA)
    for target in ENCODINGS:
        weights = snapshot.classifications[target].weights
        assert any(weights)
        assert all(isinstance(weight, int) for weight in weights)


def _changed(**changes: object) -> bytes:
    return msgspec.json.encode(json.loads(DATA) | changes)
