"""Counts as a person reads them: a table in plain text."""

from collections.abc import Iterable, Sequence
from typing import Final

_GAP: Final = "  "


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their headings; whole numbers to the right, with a comma at the thousands."""
    body = [list(row) for row in rows]
    cells = [list(headings), *([_shown(cell) for cell in row] for row in body)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    numeric = [_is_numeric(row[column] for row in body) for column in range(len(headings))]
    return "\n".join(
        _GAP.join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    )


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _is_numeric(cells: Iterable[object]) -> bool:
    return all(isinstance(cell, int) for cell in cells)
