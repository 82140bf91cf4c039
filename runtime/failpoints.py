"""Faults that a test asks for by an explicit setting: where to crash or to wait."""

import asyncio
import os
import signal
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

POINTS: Final[tuple[Point, ...]] = get_args(Point)

log = structlog.get_logger()


class Failpoints:
    """What a test asked for; with an empty setting nothing ever happens.

    The setting is comma separated: `crash_at=<point>[:<nth time>]`,
    `sleep_at=<point>:<seconds>[:<nth time>]`. None of them makes a wrong result: wrong results come
    from the tests' own mutants, which patch the program from outside.
    """

    def __init__(self, setting: str) -> None:
        self.armed = bool(setting)
        self._crash: tuple[str, int] | None = None
        self._sleep: tuple[str, float, int] | None = None
        self._reached: dict[str, int] = {}
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

    def _set(self, item: str) -> None:
        name, _, argument = item.partition("=")
        point, *rest = argument.split(":")
        if name == "crash_at" and point in POINTS:
            self._crash = (point, int(rest[0]) if rest else 1)
        elif name == "sleep_at" and point in POINTS and rest:
            self._sleep = (point, float(rest[0]), int(rest[1]) if rest[1:] else 1)
        else:
            raise UsageError(
                f"failpoint {item!r} is none of those that runtime/failpoints.py names"
            )
