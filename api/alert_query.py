"""What is asked of the alerts: the filter, and the cursor that holds it from page to page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from api import cursors
from api.parameters import (
    BEGINNING,
    END,
    SEVERITIES,
    SEVERITIES_ALLOWED,
    TYPES_ALLOWED,
)
from api.problems import ParameterError, invalid_parameter
from domain.alerts import ALERT_TYPES, AlertType
from domain.state.learner import Severity

Name = TypeVar("Name", bound=str)

FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"
HISTORY_DEFAULT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which alerts; empty names mean all."""

    types: tuple[AlertType, ...] = ()
    severities: tuple[Severity, ...] = ()
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An alert in the history: what comes after it is older, or has a higher id."""

    raised_at: int
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuery:
    """A page of the alerts: those that come after `place`."""

    filter: Filter
    limit: int = HISTORY_DEFAULT
    place: Place | None = None


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    types: tuple[AlertType, ...]
    severities: tuple[Severity, ...]
    since: int | None
    raised_at: int
    alert_id: UUID


def alert_query(
    *, types: str, severity: str, since: datetime | None, limit: int, cursor: str | None
) -> AlertQuery:
    """The query that these parameters ask for; raises a 422 where one cannot be taken."""
    asked = Filter(
        types=_names("types", types, ALERT_TYPES, TYPES_ALLOWED),
        severities=_names("severity", severity, SEVERITIES, SEVERITIES_ALLOWED),
        since=None if since is None else min(max(floor(since.timestamp()), BEGINNING), END),
    )
    if cursor is None:
        return AlertQuery(filter=asked, limit=limit)
    held, place = read_cursor(cursor)
    if asked not in (Filter(), held):
        raise invalid_parameter(
            ParameterError(
                parameter="cursor",
                code="other_filter",
                allowed="a cursor alone, or with the filter that it was given with",
            )
        )
    return AlertQuery(filter=held, limit=limit, place=place)


def write_cursor(filter_: Filter, place: Place) -> str:
    """The opaque text that leads to what comes after `place`."""
    held = _Cursor(
        filter_.types, filter_.severities, filter_.since, place.raised_at, UUID(place.alert_id)
    )
    return cursors.write(held)


def read_cursor(text: str) -> tuple[Filter, Place]:
    """What a cursor holds; raises a 422 for anything that is none."""
    held = cursors.read(text, _Cursor)
    times = (held.raised_at, 0 if held.since is None else held.since)
    if any(not BEGINNING <= at <= END for at in times):
        raise cursors.broken()
    filter_ = Filter(types=held.types, severities=held.severities, since=held.since)
    return filter_, Place(held.raised_at, str(held.alert_id))


def _names(parameter: str, text: str, known: Sequence[Name], allowed: str) -> tuple[Name, ...]:
    """The names in a comma list; all of them is the same as none in particular."""
    found = names_in(parameter, text, known, allowed)
    return () if len(found) == len(known) else found


def names_in(parameter: str, text: str, known: Sequence[Name], allowed: str) -> tuple[Name, ...]:
    """The names in a comma list, in our order, none for `all`; raises a 422 for another name."""
    if text == "all":
        return ()
    asked = {name.strip() for name in text.split(",")}
    if not asked <= set(known):
        raise invalid_parameter(
            ParameterError(parameter=parameter, code="unknown_value", allowed=allowed)
        )
    return tuple(name for name in known if name in asked)
