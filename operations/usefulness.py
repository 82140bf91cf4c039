"""How useful the alerts of each rule were, by what learners said and what came of them."""

import json
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from contracts.schema import SCHEMA_VERSION
from runtime.database import connect_now, statements
from runtime.servers import wait_for_database
from runtime.settings import Settings
from runtime.tables import table

SQL: Final = statements(Path(__file__).with_suffix(".sql"))
_PROGRAM: Final = "learnstream alerts"
_HOUR_SECONDS: Final = 3600
_UNKNOWN: Final = "-"


@dataclass(frozen=True, slots=True)
class Usefulness:
    """The alerts of one rule that stand in Postgres, suppressed ones among them.

    `precision` is the share of feedback that says `useful` or `acted`, None without any;
    `resolved_after_hours` is the median from raised to cleared, None where none was cleared.
    """

    rule: str
    alerts: int
    suppressed: int
    acknowledged: int
    useful: int
    acted: int
    not_useful: int
    precision: float | None
    resolved_after_hours: float | None


def read_usefulness(settings: Settings) -> list[Usefulness]:
    """Every rule of which there are alerts, by name.

    Raises what `wait_for_database` does.
    """
    wait_for_database(settings, _PROGRAM, schema=SCHEMA_VERSION)
    with closing(connect_now(settings, _PROGRAM)) as connection:
        return [_usefulness(*row) for row in connection.execute(SQL["usefulness"])]


def printed(found: list[Usefulness], *, as_json: bool) -> str:
    """A table, or one JSON object."""
    if as_json:
        return json.dumps({"rules": [asdict(each) for each in found]})
    if not found:
        return "no alert stands in Postgres yet"
    names = list(asdict(found[0]))
    rows = [[_shown(value) for value in asdict(each).values()] for each in found]
    return table([name.replace("_", " ") for name in names], rows)


def _usefulness(rule: str, *counts: Any) -> Usefulness:
    alerts, suppressed, acknowledged, useful, acted, not_useful, seconds = counts
    given = useful + acted + not_useful
    return Usefulness(
        rule=rule,
        alerts=alerts,
        suppressed=suppressed,
        acknowledged=acknowledged,
        useful=useful,
        acted=acted,
        not_useful=not_useful,
        precision=round((useful + acted) / given, 3) if given else None,
        resolved_after_hours=None if seconds is None else round(seconds / _HOUR_SECONDS, 1),
    )


def _shown(value: object) -> object:
    return _UNKNOWN if value is None else value
