"""The tool's own parts: which mutants there are, how a sample is drawn, what a child sees."""

import importlib
import os
import sys
import time
from textwrap import dedent

import pytest

from tests.mutation.children import ROOT, install, run
from tests.mutation.equivalents import entries, known
from tests.mutation.mutants import Mutant, mutants_of, sample
from tests.mutation.reach import Reach
from tests.mutation.targets import targets, touched_lines


def mutants(text: str) -> list[Mutant]:
    return mutants_of("some.py", dedent(text))


def after(text: str) -> set[str]:
    """The mutated lines; the function's head is not one of them."""
    return {mutant.after for mutant in mutants(text)}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a >= b", {"a > b", "a < b"}),
        ("a is not b", {"a is b"}),
        ("a not in b", {"a in b"}),
        ("a + b", {"a - b"}),
        ("a // b", {"a * b"}),
        ("a += b", {"a -= b"}),
        ("a and b and c", {"a or b and c", "a and b or c"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("a[1:]", {"a[2:]", "a[0:]"}),
        ("a = True", {"a = False"}),
        ("a = 0.5", {"a = 0.55", "a = 0.45"}),
        ("a = 0.0", {"a = 1.0", "a = -1.0"}),
        ("min(a, b)", {"max(a, b)"}),
        (
            "f(*(x for x in a if x))",
            {"f(*(x for x in a if False))", "f(*(x for x in a if not (x)))"},
        ),
        ("b if a == c else d", {"b if a != c else d", "b if False else d"}),
        ("ä + ('é' < a)", {"ä - ('é' < a)", "ä + ('é' <= a)", "ä + ('é' >= a)"}),
        ("a: int | None = b", set()),
        ("f'{a + 1}'", set()),
        ("'''Words.'''", set()),
        ("assert a, 1", set()),
    ],
)
def test_one_token_is_another_one(line: str, expected: set[str]) -> None:
    assert after(line) == expected


def test_a_branch_is_left_out_or_turned_round() -> None:
    text = """
        if f(a):  # why
            b()
        while True:
            break
        match a:
            case b if c:
                pass
    """
    assert after(text) == {
        "if False: # why",
        "if not (f(a)): # why",
        "while False:",
        "continue",
        "case b if False:",
        "case b if not (c):",
    }


def test_what_only_types_or_decorates_is_left_alone() -> None:
    text = """
        @lru_cache(maxsize=8)
        def f(a: Literal[1], b: int | None = None) -> Literal[2]:
            return a
        class A(Struct, frozen=True):
            a: int | None
    """
    assert after(text) == set()


def test_a_mutant_is_the_file_with_one_edit() -> None:
    text = "a = 'é'\nb = a <= (c)  # <= of both\n"
    (less, more) = mutants(text)
    assert less.apply(text.encode()).decode() == "a = 'é'\nb = a < (c)  # <= of both\n"
    assert more.apply(text.encode()).decode() == "a = 'é'\nb = a > (c)  # <= of both\n"
    assert (less.line, less.before) == (2, "b = a <= (c) # <= of both")


def test_a_place_is_a_statement_and_says_whether_it_runs_at_import() -> None:
    text = """
        MAX: Final = 3
        def f(a=1):
            if (a
                    < b):
                return 2
    """
    places = {mutant.before: mutant.place for mutant in mutants(text)}
    assert (places["MAX: Final = 3"].names, places["MAX: Final = 3"].at_import) == (("MAX",), True)
    assert (places["< b):"].first, places["< b):"].last) == (4, 5)
    assert not places["return 2"].at_import


def test_a_sample_moves_only_where_the_code_does() -> None:
    lines = [f"a{n} = {n}" for n in range(200)]
    before = sample(mutants("\n".join(lines)), 40)
    lines[3:4] = ["other = 77", "another = 78"]
    changed = sample(mutants("\n".join(lines)), 40)
    assert len({each.after for each in before} & {each.after for each in changed}) >= 37
    other = sample(mutants_of("some.py", "\n".join(lines), seed=2), 40)
    assert {each.after for each in changed} != {each.after for each in other}


def test_every_sampled_mutant_is_a_program() -> None:
    texts = {path: (ROOT / path).read_text() for path in targets()}
    found = [mutant for path, text in texts.items() for mutant in mutants_of(path, text)]
    assert {mutant.path.split("/")[0] for mutant in found} == {
        "agents", "domain", "metrics", "models", "proof", "sinks",
    }  # fmt: skip
    for mutant in sample(found, 150):
        compile(mutant.apply(texts[mutant.path].encode()), mutant.path, "exec")


def test_every_equivalent_mutant_exists_and_says_why() -> None:
    texts = {path: (ROOT / path).read_text() for path in targets()}
    found = {mutant for path, text in texts.items() for mutant in mutants_of(path, text)}
    named = [mutant for mutant in found if known(mutant)]
    there = {(mutant.path, mutant.before, mutant.after) for mutant in named}
    assert [entry for entry in entries() if entry not in there] == []
    assert [entry for entry, reason in entries().items() if len(reason) < 20] == []


def test_the_tests_that_run_the_line_are_tried_fastest_first() -> None:
    reach = Reach(
        tests=["slow", "fast", "other"],
        seconds=[3.0, 0.1, 0.2],
        lines={"some.py": {"3": [0, 1], "4": [-1, 2], "5": [2]}},
        modules=[],
    )
    numbers = {
        mutant.line: reach.tests_of(mutant)
        for mutant in mutants("def f():\n    pass\n    a = 1\n    b = 2\n    c = 3\n    d = 4\n")
    }
    assert numbers == {3: [1, 0], 4: [2], 5: [2], 6: []}


def test_a_constant_is_seen_by_whoever_runs_a_line_with_its_name_or_one_made_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "A = 1\nB: Final = A * 2\nALONE = 3\ndef f():\n    return B\ndef g():\n    return BB\n"
    monkeypatch.setattr("tests.mutation.reach._lines_of", lambda _: text.split("\n"))
    reach = Reach(
        tests=["f", "g", "another"],
        seconds=[0.1, 0.2, 0.3],
        lines={"some.py": {"1": [-1], "2": [-1], "3": [-1], "4": [-1], "5": [0], "7": [1]}},
        modules=[],
    )
    seen = {mutant.line: reach.tests_of(mutant) for mutant in mutants(text)}
    assert seen == {1: [0], 2: [0], 3: [0, 1, 2]}


def test_a_child_says_what_it_found_dies_or_is_ended() -> None:
    def imported() -> str:
        install("domain/zones.py", b"FOUND = 'the mutant'\n")
        sys.modules.pop("domain.zones", None)
        return str(importlib.import_module("domain.zones").FOUND)

    def hangs() -> str:
        time.sleep(600)
        return "not reached"

    def dies() -> str:
        os._exit(3)

    assert dict(run([(imported, 60), (hangs, 0.1), (dies, 60)], 2)) == {
        0: "the mutant",
        1: "",
        2: "",
    }


def test_lines_that_did_not_change_are_not_touched() -> None:
    assert touched_lines("HEAD").keys() <= {
        str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py")
    }
