"""Tables in Markdown, and the few ways in which a figure is written."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import TypeAlias

Cell: TypeAlias = str | int


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table: the first column to the left, all others to the right."""
    lines = [f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def share(part: float, whole: float) -> str:
    """A part in percent; a dash where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def mean(values: Sequence[float], digits: int = 1) -> str:
    """The mean; a dash of none."""
    return f"{fmean(values):.{digits}f}" if values else "-"


def pair(one: float | None, other: float | None) -> str:
    """Two rates from 0 to 1 in percent."""
    return " / ".join("-" if each is None else f"{100 * each:.0f}" for each in (one, other))


def signed(difference: float, half: float) -> str:
    """A difference of two rates in points, with half its interval."""
    return f"{100 * difference:+.0f} ±{100 * half:.0f}"
