"""How useful the alerts of each rule were, by what learners said and what came of them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec

from contracts.schema import SCHEMA_VERSION
from domain.stored.codec import decode_learner
from metrics.usefulness import STATEMENTS, Usefulness, usefulness
from operations.followed import LEARNERS_MIN, Followed, Known, Suggested, count_followed
from runtime.database import connect_now, statements
from runtime.servers import wait_for_database
from runtime.settings import Settings
from runtime.tables import table

SQL: Final = {**statements(STATEMENTS), **statements(Path(__file__).with_suffix(".sql"))}
_PROGRAM: Final = "learnstream alerts"
_UNKNOWN: Final = "-"
_FETCHED: Final = 1_000  # learners at once: their states come with them
_FEW: Final = f"under {LEARNERS_MIN}"
_MEANING: Final = """Learners, each by the first alert of the rule that is more than 7 days old, and
how many of them did what it suggests within 7 days. Suppressed alerts are the comparison: what
they show is an association, not an effect."""


@dataclass(frozen=True, slots=True)
class Useful:
    """What is known of every rule of which there are alerts, and of what its alerts suggest."""

    rules: list[Usefulness]
    actions: list[Followed]


def read_usefulness(settings: Settings) -> Useful:
    """Every rule of which there are alerts, by name.

    Raises what `wait_for_database` does.
    """
    wait_for_database(settings, _PROGRAM, schema=SCHEMA_VERSION)
    with closing(connect_now(settings, _PROGRAM)) as connection, connection.transaction():
        rules = [
            usefulness(rule, *counts, resolved_after=seconds)
            for rule, *counts, seconds in connection.execute(SQL["usefulness"])
        ]
        with connection.cursor("suggested", binary=True) as cursor:
            cursor.itersize = _FETCHED
            found = _learners(cursor.execute(SQL["suggested"]), settings.timezone)
            return Useful(rules, count_followed(found))


def printed(found: Useful, *, as_json: bool) -> str:
    """Two tables, or one JSON object."""
    if as_json:
        return json.dumps(asdict(found))
    if not found.rules:
        return "no alert stands in Postgres yet"
    names = list(asdict(found.rules[0]))
    rows = [[_shown(value) for value in asdict(each).values()] for each in found.rules]
    first = table([name.replace("_", " ") for name in names], rows)
    if not found.actions:
        return first
    return "\n".join((first, "", _table_of_actions(found.actions), "", _MEANING))


def _table_of_actions(found: list[Followed]) -> str:
    """A share of few learners is not given."""
    head = ("rule", "action", "delivered", "did it", "share", "suppressed", "did it", "share")
    return table(
        head,
        (
            (
                *(each.rule, each.action),
                *(each.delivered, each.delivered_did, _percent(each.delivered_share)),
                *(each.suppressed, each.suppressed_did, _percent(each.suppressed_share)),
            )
            for each in found
        ),
    )


def _percent(part: float | None) -> str:
    return _FEW if part is None else f"{100 * part:.1f} %"


def _learners(
    rows: Iterable[tuple[bytes, int, str]], default_zone: str
) -> Iterator[tuple[Known, list[Suggested]]]:
    """Every learner with an alert that suggests something."""
    alerts = msgspec.json.Decoder(list[Suggested])
    for state, clock, suggested in rows:
        yield Known(decode_learner(state), default_zone, clock), alerts.decode(suggested)


def _shown(value: object) -> object:
    return _UNKNOWN if value is None else value
