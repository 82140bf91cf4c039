"""Has a model become worse? ADWIN on the loss of what was shown."""

from typing import Final

from msgspec import Struct, field

from models.learning.wall import Window

DELTA: Final = 0.002
KEPT_MAX: Final = 4000
STANDS: Final = 2000
"""How many judged examples a mark stands for, unless the loss falls again before."""
_MILLION: Final = 1_000_000


class DriftState(Struct):
    """The losses since ADWIN's window began, in millionths, and what it found.

    `since` counts what was judged since the mark at `drifted_at` (epoch seconds) was set.
    """

    losses: list[int] = field(default_factory=list)
    drifts: int = 0
    drifted_at: int | None = None
    since: int = 0


class Drift:
    """ADWIN with a memory that survives a restart: its window is what the kept losses make.

    Bifet and Gavalda, Learning from time-changing data with adaptive windowing, 2007. Where more
    than `KEPT_MAX` losses would be kept, it begins again with the newest half of them.
    """

    def __init__(self, state: DriftState | None = None) -> None:
        self.state: Final = state or DriftState()
        self._window = _fed(self.state.losses)

    def add(self, loss: float, at: int) -> None:
        """Take a loss between 0 and 1 of a label that was known at `at`, epoch seconds."""
        state = self.state
        if state.drifted_at is not None:
            state.since += 1
            if state.since == STANDS:
                state.drifted_at = None
        if len(state.losses) == KEPT_MAX:
            del state.losses[: KEPT_MAX // 2]
            self._window = _fed(state.losses)
        before = self._window.mean
        millionths = round(loss * _MILLION)
        state.losses.append(millionths)
        if self._window.add(millionths / _MILLION):
            self._mark(before, at)

    def _mark(self, before: float, at: int) -> None:
        """The loss has changed: mark the model where it rose, and begin a new window."""
        state = self.state
        rose = self._window.mean > before
        state.drifted_at = at if rose else None
        state.since = 0
        state.drifts += rose
        state.losses.clear()
        self._window = _fed(state.losses)


def _fed(losses: list[int]) -> Window:
    window = Window(DELTA)
    for loss in losses:
        window.add(loss / _MILLION)
    return window
