"""Has a model become worse? ADWIN on the loss of what was shown."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct, field

from domain.course_facts import DAY
from models.learning.wall import Window
from models.reports import DriftEpisode

DELTA: Final = 0.002
KEPT_MAX: Final = 4000
STANDS: Final = 2000
STANDS_DAYS: Final = 7
"""A mark stands for so many judged examples and days, unless the loss falls again before.

A week's labels come in a burst of thousands: by their number alone it was over within a day.
"""
EPISODES_MAX: Final = 10
"""So many of the newest episodes a snapshot tells."""
SIDE_MIN: Final = 5
"""So many losses stand on either side of a change at least, as ADWIN has it."""
_MILLION: Final = 1_000_000


class Episode(Struct):
    """A time in which the model is marked; losses are means, in millionths of the largest.

    `judged` is the number of the example at which the loss was seen to rise. `raised_in` and
    `resolved_in` are the first snapshots that tell of its begin and its end; 0: none yet, or none
    ever, where it was over before one came.
    """

    began_at: int
    judged: int
    before: int
    after: int
    ended_at: int | None = None
    raised_in: int = 0
    resolved_in: int = 0


class DriftState(Struct):
    """The losses since ADWIN's window began, in millionths, and what it found.

    `drifts` counts how often the loss was seen to rise; `since` counts what was judged since it
    last was, at `rose_at`.
    """

    losses: list[int] = field(default_factory=list)
    drifts: int = 0
    since: int = 0
    rose_at: int = 0
    episodes: list[Episode] = field(default_factory=list)

    @property
    def standing(self) -> Episode | None:
        """The episode that stands; None where the model is not marked."""
        newest = self.episodes[-1] if self.episodes else None
        return newest if newest is not None and newest.ended_at is None else None


class Drift:
    """ADWIN with a memory that survives a restart: its window is what the kept losses make.

    Bifet and Gavalda, Learning from time-changing data with adaptive windowing, 2007. Where more
    than `KEPT_MAX` losses would be kept, it begins again with the newest half of them.
    """

    def __init__(self, state: DriftState | None = None) -> None:
        self.state: Final = state or DriftState()
        self._window = _fed(self.state.losses)

    def add(self, loss: float, at: int, judged: int) -> None:
        """Take a loss between 0 and 1 of a label that was known at `at`, epoch seconds.

        `judged` is its number among all that was judged.
        """
        state = self.state
        state.since += 1
        if state.since >= STANDS and at >= state.rose_at + STANDS_DAYS * DAY:
            self._end(at)
        if len(state.losses) == KEPT_MAX:
            del state.losses[: KEPT_MAX // 2]
            self._window = _fed(state.losses)
        millionths = round(loss * _MILLION)
        state.losses.append(millionths)
        if self._window.add(millionths / _MILLION):
            self._change(at, judged)

    def publish(self, number: int) -> bool:
        """Note that the snapshot of this number tells what is known; whether that is news."""
        state, news = self.state, False
        for each in state.episodes:
            if each.ended_at is None and not each.raised_in:
                each.raised_in, news = number, True
            elif each.ended_at is not None and each.raised_in and not each.resolved_in:
                each.resolved_in, news = number, True
        del state.episodes[:-EPISODES_MAX]
        return news

    def report(self, unit: float) -> tuple[DriftEpisode, ...]:
        """The episodes, oldest first, with losses in what the largest one is `unit` of."""
        return tuple(
            DriftEpisode(
                began_at=each.began_at,
                judged=each.judged,
                before=each.before * unit / _MILLION,
                after=each.after * unit / _MILLION,
                ended_at=each.ended_at,
                raised_in=each.raised_in,
                resolved_in=each.resolved_in,
            )
            for each in self.state.episodes
        )

    def _change(self, at: int, judged: int) -> None:
        """The loss has changed: mark the model where it rose, and begin a new window."""
        state = self.state
        place = _changed_at(state.losses)
        before, after = _mean(state.losses[:place]), _mean(state.losses[place:])
        if after > before:
            state.drifts += 1
            state.since, state.rose_at = 0, at
            if state.standing is None:
                state.episodes.append(Episode(at, judged, before, after))
        else:
            self._end(at)
        state.losses.clear()
        self._window = _fed(state.losses)

    def _end(self, at: int) -> None:
        """The model is not marked any more; labels may come in any order of their times."""
        if (episode := self.state.standing) is not None:
            episode.ended_at = max(at, episode.began_at)


def _changed_at(losses: Sequence[int]) -> int:
    """Where the mean changed, most likely: the number of losses before it.

    The maximum-likelihood change of a mean (Hinkley, Inference about the change-point in a sequence
    of random variables, 1970). ADWIN sees that there is one; of where it knows whole buckets only.
    """
    count, total = len(losses), sum(losses)
    sums = enumerate(accumulate(losses), 1)
    places = [(place, below) for place, below in sums if SIDE_MIN <= place <= count - SIDE_MIN]

    def likelihood(at: tuple[int, int]) -> float:
        place, below = at
        return (count * below - place * total) ** 2 / (place * (count - place))

    return max(places, key=likelihood)[0]


def _mean(losses: Sequence[int]) -> int:
    return round(sum(losses) / len(losses))


def _fed(losses: list[int]) -> Window:
    window = Window(DELTA)
    for loss in losses:
        window.add(loss / _MILLION)
    return window
