"""A weak ETag over everything that an answer depends on, so that an unchanged one is not sent."""

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from typing import Final

from fastapi import Request

from api.rows import Rows
from domain.keepers.days import local_day
from metrics.view import Models

BUILD: Final = version("learnstream")
MINUTE: Final = 60


def answer_etag(request: Request, rows: Rows, zone: str, now: int, degraded: Iterable[str]) -> str:
    """The weak ETag of the answer to this request.

    The minute is part of it because sessions, deadlines and expiry move within the day; `timestamp`
    and `freshness.lag_seconds` are not, nor how far the rest of the partition has come.
    """
    path = request.url.path.rstrip("/")
    parts = (
        BUILD,
        path,
        sorted(request.query_params.multi_items()),
        rows.user_id,
        rows.state.steps if rows.state else 0,
        rows.facts_version,
        rows.newest_transition,
        rows.cohort_version,
        models_version(rows.models),
        rows.pending,
        rows.checkpoint.configuration if rows.checkpoint else "",
        local_day(now, zone),
        now // MINUTE,
        sorted(degraded),
    )
    return f'W/"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def models_version(models: Models | None) -> tuple[int, ...]:
    """What of the models an answer depends on, beside what the state says of its predictions."""
    if models is None:
        return ()
    return models.adopted, models.newest, models.serving, models.pinned, models.frozen


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has this answer already (If-None-Match, compared weakly)."""
    held = request.headers.get("if-none-match")
    if held is None:
        return False
    names = {name.strip().removeprefix("W/") for name in held.split(",")}
    return "*" in names or etag.removeprefix("W/") in names
