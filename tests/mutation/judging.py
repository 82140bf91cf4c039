"""What becomes of a mutant: killed by a test, or survived all that could see it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pytest

from tests.mutation.children import ROOT, install, pytest_here, run
from tests.mutation.mutants import Mutant
from tests.mutation.reach import Reach

_SECONDS_AT_LEAST: Final = 60
_SLOWER: Final = 5
"""A mutant may be so many times slower than the tests were; then it hangs, and that is noticed."""
SURVIVED: Final = "survived"
UNREACHED: Final = "unreached"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mutant and its end."""

    mutant: Mutant
    by: str
    """The test that noticed it, or `hangs` or `import`; else `survived` or `unreached`."""

    @property
    def killed(self) -> bool:
        """Whether something noticed it."""
        return self.by not in {SURVIVED, UNREACHED}


class _Chosen:
    """A plugin of pytest that runs only some tests, in a given order, up to the first failure."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._places]
        items.sort(key=lambda item: self._places[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def judge(mutants: Sequence[Mutant], reach: Reach, width: int) -> Iterator[Verdict]:
    """Each mutant's verdict, as they come."""
    reached: list[tuple[Mutant, list[int]]] = []
    for mutant in mutants:
        tests = reach.tests_of(mutant)
        if tests:
            reached.append((mutant, tests))
        else:
            yield Verdict(mutant, UNREACHED)
    tasks: list[tuple[Callable[[], str], float]] = [
        (
            partial(_try, mutant, [reach.tests[test] for test in tests]),
            _SECONDS_AT_LEAST + _SLOWER * sum(reach.seconds[test] for test in tests),
        )
        for mutant, tests in reached
    ]
    for number, answer in run(tasks, width):
        yield Verdict(reached[number][0], answer or "hangs")


def _try(mutant: Mutant, tests: Sequence[str]) -> str:
    """In a child: the test that fails."""
    install(mutant.path, mutant.apply((ROOT / mutant.path).read_bytes()))
    chosen = _Chosen(tests)
    files = list(dict.fromkeys(test.split("::")[0] for test in tests))
    code = pytest_here(["-x", *files], chosen)
    if code == pytest.ExitCode.OK:
        return SURVIVED
    return chosen.failed or "import"
