"""One target's scores: in total, of the newest, by course and by group."""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

from msgspec import Struct, field

from domain.predictions import Figure
from models.learning.bounded import keep
from models.learning.meters import Meter
from models.reports import Scores

WINDOW: Final = 1000
"""The rolling scores cover the newest window, and the one before it."""
COURSES_MAX: Final = 100
GROUPS_MAX: Final = 50

M = TypeVar("M", bound=Meter)


class Board(Struct, Generic[M]):
    """Counts of what was shown; bounded, the least recently judged course or group goes first.

    The current window, the one before it, and all older ones make the total.
    """

    older: M
    previous: M
    current: M
    judged: int = 0
    courses: dict[str, M] = field(default_factory=dict)
    groups: dict[str, M] = field(default_factory=dict)


class Scoreboard(Generic[M]):
    """What judges the predictions of one target."""

    def __init__(self, meter: type[M], board: Board[M] | None = None) -> None:
        self._meter = meter
        self.board: Final = board or Board(meter(), meter(), meter())

    def judge(
        self, shown: Figure, label: int, course_id: str | None, groups: Mapping[str, str]
    ) -> None:
        """Count what was shown and what came of it, wherever it belongs."""
        board = self.board
        board.current.judge(shown, label)
        if course_id is not None:
            self._newest(board.courses, course_id, COURSES_MAX).judge(shown, label)
        for name, value in sorted(groups.items()):
            self._newest(board.groups, f"{name}={value}", GROUPS_MAX).judge(shown, label)
        board.judged += 1
        if board.judged % WINDOW == 0:
            board.older = board.older.plus(board.previous)
            board.previous, board.current = board.current, self._meter()

    def _newest(self, meters: dict[str, M], key: str, most: int) -> M:
        meter = meters.pop(key, None) or self._meter()
        keep(meters, key, meter, most)
        return meter

    def total(self) -> Scores:
        """The scores of everything that was judged."""
        return self.board.older.plus(self._newest_ones()).scores(bins=True)

    def rolling(self) -> Scores:
        """The scores of the current window and the one before it."""
        return self._newest_ones().scores(bins=True)

    def _newest_ones(self) -> M:
        return self.board.previous.plus(self.board.current)

    def courses(self) -> dict[str, Scores]:
        """The scores of each course."""
        return {key: it.scores(bins=False) for key, it in sorted(self.board.courses.items())}

    def groups(self) -> dict[str, Scores]:
        """The scores of each group."""
        return {key: it.scores(bins=False) for key, it in sorted(self.board.groups.items())}
