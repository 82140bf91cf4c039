"""The runner of cases: places in an answer, comparisons, who shares a stack, what is derived."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.ids import partition_of
from tests.cases import paths
from tests.cases.packing import packs
from tests.cases.reading import OWN, PAGES, Case, Check, Clock, Sent, load

ANSWER = {
    "goals": [{"id": "g.1", "target": 60, "done": True}, {"id": "g2", "target": 90, "done": None}],
    "summary": {"progress": None, "zero": -0.0},
}


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("summary.progress", None),
        ("goals.#", 2),
        ("goals.1.target", 90),
        ("goals[id=g.1].0.target", 60),
        ("goals[target=90].#", 1),
        ("goals[done=true].0.id", "g.1"),
        ("goals[done=null][target=90].0.id", "g2"),
        ("goals[id=g3].#", 0),
        ("goals.2.target", paths.MISSING),
        ("goals[id=g3].0.target", paths.MISSING),
        ("summary.nothing", paths.MISSING),
        ("summary.progress.deeper", paths.MISSING),
    ],
)
def test_a_path_leads_to_one_place(path: str, seen: object) -> None:
    assert paths.at(ANSWER, path) == seen


@pytest.mark.parametrize(
    ("seen", "name", "expected", "result"),
    [
        (1, "==", 1.0, True),
        (None, "==", None, True),
        (1, "!=", 2, True),
        (1, "<", 2, True),
        (2, "<=", 2, True),
        (None, "<", 2, False),
        (3, ">", 2, True),
        (2, ">=", 3, False),
        ("a", "in", ["a", None], True),
        ("half a surrogate", "contains", "surrogate", True),
        (None, "contains", "surrogate", False),
        (-0.0, "==", 0.0, True),
        (-0.0, "is", 0.0, False),
        (0.0, "is", 0.0, True),
        (paths.MISSING, "!=", 1, False),
    ],
)
def test_a_comparison_holds_or_not(
    seen: object, name: str, expected: object, *, result: bool
) -> None:
    assert paths.holds(seen, name, expected) is result


def a_case(name: str, key: str, clock: Clock = "stream") -> Case:
    record = Sent("activity", key.encode(), b"{}")
    return Case(name=name, clock=clock, user=key, records=(record,), checks=())


def test_under_the_streams_clock_no_two_cases_share_a_partition() -> None:
    found = packs([a_case(f"n{n}", f"user-{n}") for n in range(40)], 16)
    for pack in found:
        used = [partition_of(key, 16) for case in pack.cases for key in case.keys]
        assert len(used) == len(set(used))
    assert sum(len(pack.cases) for pack in found) == 40


def test_under_the_wall_clock_only_learners_must_differ() -> None:
    cases = [a_case(f"n{n}", f"user-{n}", "wall") for n in range(40)]
    assert len(packs(cases, 16)) == 1
    assert len(packs([*cases, a_case("again", "user-3", "wall")], 16)) == 2


def test_what_may_take_a_stack_down_has_one_of_its_own() -> None:
    names = ("a", "codec-zstd", "b", "verify-it", "c")
    found = packs([a_case(name, name, "wall") for name in names], 16)
    assert sorted(sorted(case.name for case in pack.cases) for pack in found) == [
        ["a", "b", "c"],
        ["codec-zstd"],
        ["verify-it"],
    ]


def derived(tmp_path: Path, name: str, expected: Any) -> list[Check]:
    record = {"topic": "activity", "key": "u", "value": {}}
    (tmp_path / f"{name}.jsonl").write_text(f"{json.dumps(record)}\n" * 2)
    (tmp_path / f"{name}.expect.json").write_text(json.dumps({"expected": expected}))
    (case,) = load(tmp_path)
    return list(case.checks)


def test_an_expectation_gives_the_checks_that_it_can(tmp_path: Path) -> None:
    letters = [Check("dead-letters", f"{n}.reason", "==", "bad_id") for n in range(2)]
    assert derived(tmp_path, "some", "bad_id") == letters
    assert derived(tmp_path, "some", ["bad_id", "as documented"]) == letters[:1]
    assert derived(tmp_path, "some", {PAGES[0]: 200}) == [Check(PAGES[0], "@status", "==", 200)]
    assert derived(tmp_path, "some", "said by nobody") == []


def test_every_case_of_ours_says_what_is_to_be_seen() -> None:
    for case in load(OWN):
        assert case.checks, case.name
        assert case.user is not None or {each.endpoint for each in case.checks} <= {"dead-letters"}
