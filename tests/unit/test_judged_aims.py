"""The table of aims, and what is printed, on figures made up for it; and a folder judged whole."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.models import __main__ as command
from benchmarks.models import batch, judging
from benchmarks.models.aims import Aim, Judged, all_aims
from benchmarks.models.figures import CLICKS, CLICKS_AGAIN, Figures
from benchmarks.models.printed import aims_table, cell, table
from benchmarks.models.weekly_list import NEXT_MISSING, NOT_PASSING
from domain.predictions import TARGETS
from tests.oulad_folder import made_up

AMOUNT: Figures = {
    "mae": 10.5,
    "naive_mae": 13.0,
    "coverage": 0.9,
    "decile_coverage_min": 0.87,
    "module_coverage_min": None,
}
PROBABILITY: Figures = {
    "auc": 0.84,
    "naive_auc": 0.7,
    "two_way_auc": 0.8,
    "calibration_error": 0.03,
    "naive_calibration_error": 0.1,
    "two_way_calibration_error": 0.2,
}
LIST: Figures = {"precision": 0.7, "recall": 0.7, "then_missing": None}


def judged(**given: Any) -> Judged:
    sets = ("all", "2014", CLICKS, CLICKS_AGAIN, "week 4")
    figures = {
        target: dict.fromkeys(sets, AMOUNT if target in {"score", "submission"} else PROBABILITY)
        for target in TARGETS
    }
    plain = ("misses in a row, 5 of 100", "misses in a row, 5 of 50")
    fields: dict[str, Any] = {
        "newest": 2014,
        "marking_days": 0,
        "figures": figures,
        "batch": {"2014, week 4": {"auc": 0.8, "batch_auc": 0.803, "behind": 0.003}},
        "alerts": {},
        "groups": {},
        "lists": dict.fromkeys((NOT_PASSING, NEXT_MISSING, *plain), LIST),
    }
    return Judged(**fields | given)


def aims(**given: Any) -> dict[str, Aim]:
    return {each.what: each for each in all_aims(judged(**given))}


def test_an_aim_is_met_at_its_bar_and_nothing_is_said_where_nothing_was_judged() -> None:
    found = aims()
    assert found["score: mean error, points, 2014"] == Aim(
        "score: mean error, points, 2014", "<= 10.5", 10.5, met=True, naive=13.0
    )
    assert found["submission: mean error, days, 2014"].met is False
    assert found["score: coverage of the 90 % interval"].met is True
    assert found["score: coverage in the lowest decile"].met is False
    assert found["score: coverage in the lowest module"].met is None
    assert found["inactivity_7: AUC, with clicks"].naive == 0.8
    assert found["next_missing: AUC, 2014"].met is True
    assert found[f"list, {NOT_PASSING}: recall"].met is True
    assert found[f"list, {NEXT_MISSING}: then missing"].met is None


def test_not_passing_is_held_to_the_batch_fit_of_the_same_week() -> None:
    found = aims()
    assert found["not_passing: AUC, 2014, week 4"].met is True
    assert found["not_passing: AUC, 2014, week 4"].aim == ">= 0.803 - 0.003 (batch)"
    assert found["not_passing: AUC, 2014, week 8"].met is None
    assert found["not_passing: AUC, 2014, week 8"].aim == "no batch fit"
    behind = {"2014, week 4": {"auc": 0.8, "batch_auc": 0.8031, "behind": 0.0031}}
    assert aims(batch=behind)["not_passing: AUC, 2014, week 4"].met is False


def test_marks_that_come_14_days_late_have_an_aim_of_their_own() -> None:
    assert aims(marking_days=14)["score: mean error, points, 2014"].aim == "<= 11.4"
    assert aims(marking_days=13)["score: mean error, points, 2014"].aim == "<= 10.5"


def test_the_gap_of_groups_is_the_largest_of_any_attribute_either_way() -> None:
    def gaps(value: float) -> Figures:
        return {"calibration_gap": value, "tpr_gap": None, "fpr_gap": 0.0}

    groups = {
        "gender": {"AAA": gaps(-0.2), "all modules, weighted: F - M": gaps(0.01)},
        "disability": {"AAA": gaps(0.1), "all modules, weighted: N - Y": gaps(-0.04)},
    }
    found = aims(groups=groups)
    assert found["groups: calibration gap, all modules, weighted"].reached == 0.04
    assert found["groups: calibration gap, the worst module"].reached == 0.2
    assert found["groups: calibration gap, the worst module"].met is False
    assert found["groups: tpr gap, the worst module"].met is None


def test_tables_have_a_dash_where_a_row_lacks_a_figure() -> None:
    assert table("T", "row", {"a": {"n": 1200}, "b": {"n": None, "auc": 0.5}}) == (
        "## T\n\n| row | n | auc |\n|---|---|---|\n| a | 1,200 | - |\n| b | - | 0.500 |\n"
    )
    assert "nothing to judge" in table("T", "row", {})
    assert aims_table("A", [Aim("w", "<= 1", None, None)]).endswith("| w | <= 1 | - | - | - |\n")
    assert cell(0.12345) == "0.123"


# -- the command -----------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks.models", "oulad", *map(str, arguments)])
    return command.main()


def test_a_folder_with_one_year_and_few_learners_is_judged_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_up(tmp_path, {"AAA-2013J": 18})
    lessons, result = tmp_path / "lessons.jsonl.gz", tmp_path / "figures.json"
    assert run(monkeypatch, folder, "--lessons", lessons, "--json", result) == 0
    (told,) = json.loads(result.read_text())
    assert told["runner"] == "pure"
    assert told["lessons"] > 18
    assert told["batch"] == {}
    assert {each["met"] for each in told["aims"]} == {None}
    assert "## Aims" in capsys.readouterr().out
    assert run(monkeypatch, folder, "--from", lessons, "--json", result) == 0
    (again,) = json.loads(result.read_text())
    differs = {"runner", "events", "state_bytes_p50", "state_bytes_p99"}
    assert {k: v for k, v in again.items() if k not in differs} == {
        k: v for k, v in told.items() if k not in differs
    }


def test_without_scikit_learn_the_command_says_how_to_install_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    assert batch.classifier() is None
    monkeypatch.setattr(judging, "classifier", batch.classifier)
    folder = made_up(tmp_path, {"AAA-2013J": 4})
    empty = tmp_path / "none.jsonl.gz"
    empty.write_bytes(gzip.compress(b""))
    assert run(monkeypatch, folder, "--from", empty) == 0
    said = capsys.readouterr().out
    assert batch.MISSING in said
    assert "has no alerts" in said
