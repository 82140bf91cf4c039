"""Pytest in a forked child of a process that has imported all but our own code.

A mutant costs what its tests cost: the child compiles the mutated text in place of the file,
imports ours anew, and runs the tests it is given. The tree is not written to, so none is copied.
"""

import gc
import importlib
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import pytest
from hypothesis import Phase, settings
from typing_extensions import override

ROOT: Final = Path(__file__).resolve().parents[2]
TESTS: Final = ("tests/unit", "tests/behaviour", "tests/simulation")
_MEMORY_MAX: Final = 4 << 30
TEST_SECONDS: Final = 20
"""What a test may take under a mutant."""
_ARGUMENTS: Final = (
    "-q",
    "--tb=no",
    "--assert=plain",
    "--disable-warnings",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:unraisableexception",  # it collects everything, twice
)


def warm_up(modules: Iterable[str]) -> None:
    """Import what is not ours; no child has to do it again."""
    settings.register_profile(
        "mutation", derandomize=True, phases=[Phase.explicit, Phase.generate], database=None
    )
    settings.load_profile("mutation")  # what is found need not be made smaller
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in modules:
            with suppress(Exception):
                importlib.import_module(name)
    gc.freeze()  # what no child will free, no child has to look at


def pytest_here(paths: Sequence[str], plugin: object, seconds: int = TEST_SECONDS) -> int:
    """Run pytest in this process; a test that takes longer than so many seconds is red."""
    os.chdir(ROOT)
    return int(pytest.main([*_ARGUMENTS, f"--timeout={seconds}", *paths], plugins=[plugin]))


def install(path: str, data: bytes) -> None:
    """From now on the module of that file is made of `data`."""
    sys.meta_path.insert(0, _Mutated(path, data))


class _Mutated(MetaPathFinder):
    def __init__(self, path: str, data: bytes) -> None:
        self._name = path.removesuffix(".py").replace("/", ".")
        self._loader = _Loader(self._name, str(ROOT / path), data)

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return spec_from_file_location(fullname, self._loader.path, loader=self._loader)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, data: bytes) -> None:
        super().__init__(name, path)
        self._data = data

    @override
    def get_code(self, fullname: str) -> CodeType:
        return compile(self._data, self.path, "exec", dont_inherit=True)


@dataclass(slots=True)
class Child:
    """A process that runs `task` and says what it returned."""

    number: int
    deadline: float
    _pid: int
    _answers: int

    @classmethod
    def start(cls, number: int, task: Callable[[], str], seconds: float) -> "Child":
        """Fork; after so many seconds it is ended."""
        sys.stdout.flush()
        answers, answer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(answer)
            return cls(number, time.monotonic() + seconds, pid, answers)
        _in_child(task, answer)
        raise AssertionError("not reached")

    def ended(self) -> str | None:
        """What it said, once it is over; empty where it could not say anything."""
        if time.monotonic() > self.deadline:
            os.killpg(self._pid, signal.SIGKILL)
        elif os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        os.waitpid(self._pid, 0)
        with os.fdopen(self._answers) as answer:
            return answer.read()


def _in_child(task: Callable[[], str], answer: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, _MEMORY_MAX))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    try:
        os.write(answer, task().encode()[:4000])
    finally:
        os._exit(0)


def run(tasks: Sequence[tuple[Callable[[], str], float]], width: int) -> Iterator[tuple[int, str]]:
    """Run tasks, each with its bound in seconds, `width` at a time; as they end."""
    waiting = list(enumerate(tasks))[::-1]
    running: list[Child] = []
    while waiting or running:
        while waiting and len(running) < width:
            number, (task, seconds) = waiting.pop()
            running.append(Child.start(number, task, seconds))
        for child in list(running):
            answer = child.ended()
            if answer is not None:
                running.remove(child)
                yield child.number, answer
        time.sleep(0.01)
