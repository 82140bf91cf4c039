"""How figures are put: percents, instants, sentences, trends, and what alerts suggest."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from domain.alerts import ActionCode, Param
from domain.exact import percent, rounded
from domain.statistics import DECIDING_LEVEL, SHOWN_LEVEL, direction, fit_line
from domain.texts import TEXTS, text
from metrics.shapes import (
    Action,
    ActionTarget,
    Instant,
    Missing,
    MissingCode,
    Pct,
    Prob,
    SectionState,
    Text,
    Trend,
)

TREND_MIN: Final = 4
SLOPE_DIGITS: Final = 2


class Status(NamedTuple):
    """What opens a section."""

    status: SectionState
    missing: list[Missing]


def pct(value: float | None) -> Pct | None:
    """Percent with one decimal, held within 0 and 100; None stays None."""
    return None if value is None else percent(value)


def prob(value: float) -> Prob:
    """A probability with three decimals."""
    return rounded(min(max(value, 0.0), 1.0), 3)


def instant(at: int) -> Instant:
    """Epoch seconds as YYYY-MM-DDTHH:MM:SSZ."""
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"


def maybe_instant(at: int | None) -> Instant | None:
    """As `instant`; None stays None."""
    return None if at is None else instant(at)


def minutes(seconds: int) -> int:
    """Whole minutes."""
    return round(seconds / 60)


def needs(*wanted: tuple[MissingCode, int, int]) -> Status:
    """`insufficient_data` where any (code, have, need) falls short, else `ok`."""
    missing = [Missing(code=code, have=have, need=need) for code, have, need in wanted]
    short = [each for each in missing if each.have < each.need]
    return Status("insufficient_data" if short else "ok", short)


def sentence(code: str, params: dict[str, Param]) -> Text:
    """A code with its English text."""
    return Text(code=code, params=params, text=text(code, params))


def action(code: ActionCode, target: ActionTarget, due_at: int | None = None) -> Action:
    """A suggested next step, in words."""
    return Action(
        code=code,
        params={},
        text=TEXTS[f"action.{code}"],
        target=target,
        due_at=maybe_instant(due_at),
    )


def trend(
    values: Sequence[float],
    *,
    unit: Literal["points", "minutes", "activities", "sessions"],
    stable_within: float,
) -> Trend:
    """The slope of weekly `values` over their order, with its 95 % interval.

    The 80 % interval decides: beside 0 it proves a direction, within +-`stable_within` it proves
    that nothing changes, and else it is unclear.
    """
    n = len(values)
    if n < TREND_MIN:
        return no_trend(n, TREND_MIN, per="week", unit=unit)
    line = fit_line(values)
    low, high = line.slope_interval(SHOWN_LEVEL)
    return Trend(
        direction=direction(*line.slope_interval(DECIDING_LEVEL), stable_within),
        probability=None,
        slope=rounded(line.slope, SLOPE_DIGITS),
        per="week",
        low=rounded(low, SLOPE_DIGITS),
        high=rounded(high, SLOPE_DIGITS),
        level=SHOWN_LEVEL,
        unit=unit,
        n=n,
        needed=TREND_MIN,
    )


def no_trend(
    n: int,
    needed: int,
    *,
    per: Literal["assessment", "week"],
    unit: Literal["points", "minutes", "activities", "sessions"],
) -> Trend:
    """The trend of fewer values than are needed."""
    return Trend(
        direction="insufficient_data",
        probability=None,
        slope=None,
        per=per,
        low=None,
        high=None,
        level=SHOWN_LEVEL,
        unit=unit,
        n=n,
        needed=needed,
    )
