"""How useful the alerts of each rule were, by what learners said and what came of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.exact import rounded

STATEMENTS: Final = Path(__file__).with_suffix(".sql")
"""What is asked of Postgres, for whoever reads it."""
_HOUR_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Usefulness:
    """The alerts of one rule that stand in Postgres, suppressed ones among them.

    `open` are those that hold now and were not suppressed. `precision` is the share of feedback
    that says `useful` or `acted`, None without any; `resolved_after_hours` is the median from
    raised to cleared, None where none was cleared.
    """

    rule: str
    alerts: int
    open: int
    suppressed: int
    acknowledged: int
    useful: int
    acted: int
    not_useful: int
    precision: float | None
    resolved_after_hours: float | None


def usefulness(rule: str, *counts: int, resolved_after: float | None) -> Usefulness:
    """A row of the statement: seven counts in its order, and seconds from raised to cleared."""
    alerts, open_, suppressed, acknowledged, useful, acted, not_useful = counts
    given = useful + acted + not_useful
    return Usefulness(
        rule=rule,
        alerts=alerts,
        open=open_,
        suppressed=suppressed,
        acknowledged=acknowledged,
        useful=useful,
        acted=acted,
        not_useful=not_useful,
        precision=rounded((useful + acted) / given, 3) if given else None,
        resolved_after_hours=None
        if resolved_after is None
        else rounded(resolved_after / _HOUR_SECONDS, 1),
    )
