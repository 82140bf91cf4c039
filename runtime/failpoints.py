"""Faults that a test asks for by an explicit setting: where to crash, wait or do wrong."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

import structlog

from runtime.errors import UsageError

Point: TypeAlias = Literal[
    "after_begin",
    "after_outputs",
    "after_states",
    "after_offsets",
    "before_commit",
    "after_commit",
]
Wrong: TypeAlias = Literal["drop_alert", "put_state_back", "omit_input"]

POINTS: Final[tuple[Point, ...]] = get_args(Point)
WRONGS: Final[tuple[Wrong, ...]] = get_args(Wrong)


log = structlog.get_logger()


class DeliberateError(Exception):
    """Raised because a failpoint asked for it."""


class Failpoints:
    """What a test asked for; with an empty setting nothing ever happens.

    The setting is comma separated: `fold_raises=<event_id>`, `crash_at=<point>[:<nth time>]`,
    `sleep_at=<point>:<seconds>[:<nth time>]`, `drop_alert`, `put_state_back`, `omit_input`.
    """

    def __init__(self, setting: str) -> None:
        self.armed = bool(setting)
        self.fold_raises: frozenset[str] = frozenset()
        self._wrongs: set[str] = set()
        self._crash: tuple[str, int] | None = None
        self._sleep: tuple[str, float, int] | None = None
        self._reached: dict[str, int] = {}
        self._old: dict[str, bytes] = {}
        for item in filter(None, (part.strip() for part in setting.split(","))):
            self._set(item)

    async def reach(self, point: Point) -> None:
        """Crash or wait here where that was asked for."""
        if not self.armed:
            return
        times = self._reached[point] = self._reached.get(point, 0) + 1
        if self._crash == (point, times):
            log.warning("failpoint", point=point, times=times, does="crash")
            os.kill(os.getpid(), signal.SIGKILL)
        if self._sleep is not None and self._sleep[::2] == (point, times):
            log.warning("failpoint", point=point, times=times, does="sleep")
            await asyncio.sleep(self._sleep[1])

    def once(self, wrong: Wrong) -> bool:
        """Whether to do this wrong thing now: at the first occasion only."""
        if wrong not in self._wrongs or wrong == "put_state_back":
            return False
        self._wrongs.discard(wrong)
        return True

    def state_to_write(self, user_id: str, old: bytes | None, new: bytes) -> bytes:
        """The new bytes; with `put_state_back` one learner's stay for ever as they were."""
        if "put_state_back" in self._wrongs and not self._old and old is not None:
            self._old[user_id] = old
        return self._old.get(user_id, new)

    def sabotage(self) -> Callable[[str], None] | None:
        """What raises for the events named by `fold_raises`; None where there are none."""
        return self._raise_for if self.fold_raises else None

    def _raise_for(self, event_id: str) -> None:
        if event_id in self.fold_raises:
            raise DeliberateError("fold_raises")

    def _set(self, item: str) -> None:
        name, _, argument = item.partition("=")
        point, *rest = argument.split(":")
        if name == "fold_raises" and argument:
            self.fold_raises |= {argument}
        elif name in WRONGS and not argument:
            self._wrongs.add(name)
        elif name == "crash_at" and point in POINTS:
            self._crash = (point, int(rest[0]) if rest else 1)
        elif name == "sleep_at" and point in POINTS and rest:
            self._sleep = (point, float(rest[0]), int(rest[1]) if rest[1:] else 1)
        else:
            raise UsageError(
                f"failpoint {item!r} is none of those that runtime/failpoints.py names"
            )
