"""The rows of alerts: what the statement is given, and what is made of the arrays it returns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from api.alert_query import FIRST_ID, AlertQuery
from api.bounded import HELD_MAX
from api.parameters import BEGINNING, END, SEVERITIES
from api.pending import Said
from api.snapshots import SQL, Connection
from contracts.alert_event import decode_transition
from domain.alerts import ALERT_TYPES, Feedback, Spoken, Transition

CURRENT_MAX: Final = 50
WEEK_SECONDS: Final = 7 * 86_400


class AlertRow(NamedTuple):
    """An alert as it stands, and its newest transition."""

    alert_id: str
    revision: int
    severity: str
    state: str
    raised_at: int
    updated_at: int
    expires_at: int
    resolved_at: int | None
    resolution: str | None
    transition: Transition
    said: Said = Said()


_ALERT_COLUMNS: Final = (*AlertRow._fields[:-2], "body", "said")


class AlertCount(NamedTuple):
    """How many of one type and severity: raised or suppressed in the last week, and open."""

    type: str
    severity: str
    raised: int
    suppressed: int
    open: int


@dataclass(frozen=True, slots=True)
class AlertRows:
    """The rows of an alerts answer; the history holds one more than asked where there are more."""

    current: Sequence[AlertRow] = ()
    history: Sequence[AlertRow] = ()
    counts: Sequence[AlertCount] = ()
    learned: Mapping[int, int] = field(default_factory=dict)  # until when, by snapshot
    unacknowledged: Sequence[str] = ()  # the ids of those that are open and were not acknowledged


def courses_of_alerts(alerts: AlertRows) -> frozenset[str]:
    """Every course that these alerts are about."""
    found = {row.transition.course_id for row in (*alerts.current, *alerts.history)}
    return frozenset(course_id for course_id in found if course_id is not None)


def models_of_alerts(alerts: AlertRows) -> set[int]:
    """The number of every snapshot that spoke in these alerts."""
    spoken = (row.transition.spoken for row in (*alerts.current, *alerts.history))
    return {snapshot_number(each) for each in spoken if each is not None}


def snapshot_number(spoken: Spoken) -> int:
    """The number of the snapshot that spoke; 0, which none has, where it names no number."""
    return int(spoken.version) if spoken.version.isdecimal() else 0


async def read_alert(connection: Connection, user_id: str, alert_id: str) -> AlertRow | None:
    """One alert of a learner; raises psycopg's errors and msgspec.DecodeError."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(SQL["alert"], {"user_id": user_id, "alert_id": alert_id})
    row = await cursor.fetchone()
    return None if row is None else _alert(row)


def alert_parameters(query: AlertQuery) -> dict[str, Any]:
    """What the statement is given where alerts are asked for."""
    asked, place = query.filter, query.place
    return {
        "types": list(asked.types or ALERT_TYPES),
        "severities": list(asked.severities or SEVERITIES),
        "since": BEGINNING if asked.since is None else asked.since,
        "before_at": END if place is None else place.raised_at,
        "before_id": FIRST_ID if place is None else place.alert_id,
        "current_max": CURRENT_MAX,
        "history_max": query.limit + 1,
        "week": WEEK_SECONDS,
    }


def alert_rows(row: Any) -> AlertRows:
    """The alerts of the row that the statement gave; raises msgspec.DecodeError."""
    counts = _columns(row, "count", AlertCount._fields)
    return AlertRows(
        current=[_alert(each) for each in _columns(row, "current", _ALERT_COLUMNS)],
        history=[_alert(each) for each in _columns(row, "history", _ALERT_COLUMNS)],
        counts=[AlertCount(*each) for each in counts],
        unacknowledged=row.unseen or (),
    )


def _alert(columns: Sequence[Any]) -> AlertRow:
    *rest, body, said = columns
    return AlertRow._make([*rest, transition_of(body), _said(*said)])


def _said(acknowledged_at: str | None, feedback: Feedback | None, at: str | None) -> Said:
    """What its learner said about an alert, from an array of texts."""
    first = None if acknowledged_at is None else int(acknowledged_at)
    return Said(first, feedback, None if at is None else int(at))


@lru_cache(maxsize=HELD_MAX)
def transition_of(body: bytes) -> Transition:
    """A transition, decoded once however often it is shown."""
    return decode_transition(body)


def _columns(row: Any, prefix: str, names: Iterable[str]) -> Iterable[tuple[Any, ...]]:
    """The rows that the statement has as arrays, one for each of their columns."""
    return zip(*(getattr(row, f"{prefix}_{name}") or () for name in names), strict=True)
