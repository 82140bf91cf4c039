"""Which test runs which line, and how long it takes: recorded once for a state of the tree."""

import hashlib
import json
import re
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import coverage
import pytest

from tests.mutation.children import ROOT, TEST_SECONDS, TESTS, pytest_here, run
from tests.mutation.mutants import Mutant

_KEPT: Final = ROOT / "build" / "mutation"
_SECONDS_MAX: Final = 1_800
WIDTH: Final = 2
"""So many processes record side by side, each every second test."""
_RECORDED_SECONDS_MAX: Final = 180
"""What a test may take while it is recorded: on a busy machine, many times what it takes alone."""
LEFT_OUT: Final = -1.0
RED_MAX: Final = 0.01
"""The share of tests that may be too slow where the machine is busy."""
IMPORT: Final = -1
_NAMED: Final = re.compile(r"\s*(\w+)\s*(?::[^=]*)?=[^=]")
OURS: Final = sorted(
    path.parent.name for path in ROOT.glob("*/*.py") if path.parent.name != "tests"
)
"""The packages whose lines are looked at."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a run of all tests was seen to do."""

    tests: list[str]
    seconds: list[float]
    """How long each took; below 0: it failed or took too long here, and is left out."""
    lines: dict[str, dict[str, list[int]]]
    """Of each file and line, the numbers of the tests that ran it, or IMPORT."""
    modules: list[str]
    """What was imported of others."""

    def tests_of(self, mutant: Mutant) -> list[int]:
        """The tests that could notice it, the fastest first; none where no test runs the line.

        What runs at import is seen by those that run a line with its name; all, if there is none.
        """
        place = mutant.place
        reaching = self._reaching(mutant.path, range(place.first, place.last + 1))
        if place.at_import or IMPORT in reaching:
            near = (reaching | self._naming(set(place.names))) - {IMPORT}
            return self._fastest(near or set(range(len(self.tests))))
        return self._fastest(reaching)

    def _fastest(self, tests: set[int]) -> list[int]:
        known = (number for number in tests if self.seconds[number] >= 0)
        return sorted(known, key=lambda number: (self.seconds[number], number))

    def _reaching(self, path: str, lines: Iterable[int]) -> set[int]:
        known = self.lines.get(path, {})
        return {test for line in lines for test in known.get(str(line), [])}

    def _naming(self, names: set[str]) -> set[int]:
        """The tests that run a line with one of these names, or with one that is made of them."""
        if not names:
            return set()
        words = re.compile("|".join(rf"\b{name}\b" for name in names))
        found: set[int] = set()
        made: set[str] = set()
        for path in self.lines:
            for number, line in enumerate(_lines_of(path), 1):
                if words.search(line):
                    reaching = self._reaching(path, [number])
                    found |= reaching
                    if IMPORT in reaching and (named := _NAMED.match(line)):
                        made.add(named[1])
        return found if made <= names else self._naming(names | made)


@cache
def _lines_of(path: str) -> list[str]:
    return (ROOT / path).read_text().split("\n")


class _Recorder:
    """A plugin of pytest that runs each `WIDTH`th test and writes down what it runs."""

    def __init__(self, part: int) -> None:
        self.tests: list[str] = []
        self.seconds: list[float] = []
        self.failed: set[str] = set()
        self.collected = 0
        self._part = part
        self.coverage = coverage.Coverage(
            data_file=None,  # a file would be written to at every test
            config_file=False,
            branch=True,
            source=[str(ROOT / name) for name in OURS],
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = items[self._part :: WIDTH]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(str(len(self.tests)))
        started = time.monotonic()
        result = yield
        took = round(time.monotonic() - started, 4)
        usable = item.nodeid not in self.failed and took <= TEST_SECONDS
        self.seconds.append(took if usable else LEFT_OUT)
        self.tests.append(item.nodeid)
        self.coverage.switch_context(str(IMPORT))
        return result

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = len(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def lines(self) -> dict[str, dict[str, list[int]]]:
        data = self.coverage.get_data()
        return {
            str(Path(file).relative_to(ROOT)): {
                str(line): sorted(int(context or IMPORT) for context in contexts)
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in sorted(data.measured_files())
        }


def reach() -> Reach:
    """What is kept of this state of the tree, else record it; nearly all tests must be green.

    On a busy machine a slow test may take longer than a mutant is given: it is left out.
    """
    kept = _KEPT / f"{_digest()}.json"
    if not kept.exists():
        shutil.rmtree(_KEPT, ignore_errors=True)
        _KEPT.mkdir(parents=True)
        sys.stderr.write("recording which test runs which line ...\n")
        tasks = [(partial(_record, part), _SECONDS_MAX) for part in range(WIDTH)]
        for part, answer in run(tasks, WIDTH):
            if answer != "0":
                raise SystemExit(f"part {part} is not green without a mutant: {answer or 'no end'}")
        parts = [json.loads(_recorded(part).read_text()) for part in range(WIDTH)]
        kept.write_text(json.dumps(merged(parts)))
    found = Reach(**json.loads(kept.read_text()))
    for name, seconds in zip(found.tests, found.seconds, strict=True):
        if seconds < 0:
            sys.stderr.write(f"left out, red or too slow here: {name}\n")
    return found


def merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One record of several: the tests of each are numbered after those before."""
    lines: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    tests: list[str] = []
    for part in parts:
        for path, numbered in part["lines"].items():
            for line, seen in numbered.items():
                lines[path][line] += [n if n == IMPORT else n + len(tests) for n in seen]
        tests += part["tests"]
    return {
        "tests": tests,
        "seconds": [seconds for part in parts for seconds in part["seconds"]],
        "lines": lines,
        "modules": sorted({name for part in parts for name in part["modules"]}),
    }


def _recorded(part: int) -> Path:
    return _KEPT / f"part-{part}.json"


def _measured(part: int) -> Path:
    return _KEPT / f".coverage.part-{part}"


def _digest() -> str:
    files = [path for name in (*OURS, "tests") for path in sorted((ROOT / name).rglob("*.py"))]
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _record(part: int) -> str:
    recorder = _Recorder(part)
    recorder.coverage.start()
    pytest_here(TESTS, recorder, _RECORDED_SECONDS_MAX)
    recorder.coverage.stop()
    data = coverage.CoverageData(str(_measured(part)))
    data.update(recorder.coverage.get_data())
    data.write()
    ours = {path.name for path in ROOT.iterdir()} | {"__main__", "conftest"}
    found = {
        "tests": recorder.tests,
        "seconds": recorder.seconds,
        "lines": recorder.lines(),
        "modules": [name for name in sys.modules if name.split(".")[0] not in ours],
    }
    if not recorder.tests or len(recorder.failed) > RED_MAX * len(recorder.tests):
        return f"{len(recorder.failed)} of {len(recorder.tests)} are red: {sorted(recorder.failed)}"
    if len(recorder.tests) < recorder.collected:
        return f"only {len(recorder.tests)} of {recorder.collected} were run"
    _recorded(part).write_text(json.dumps(found))
    return "0"
