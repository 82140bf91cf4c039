"""What opens every answer: whose it is, in which zone, how fresh, and what is missing from it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from api.freshness import Lags
from api.rows import Rows
from contracts.alert_event import instant
from domain.ids import shown_id
from domain.state.learner import new_learner
from metrics.shapes import Instant
from metrics.view import Models, View
from runtime.settings import Settings

Degraded: TypeAlias = Literal["database", "predictions", "cohort", "course_facts"]


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How old the answer is, and how far the pipeline is behind."""

    as_of: Instant | None
    last_event_at: Instant | None
    lag_seconds: float
    clock: Literal["wall", "stream"]
    stale: bool


@dataclass(frozen=True, kw_only=True)
class Env:
    """The keys that every answer begins with."""

    user_id: int | str
    timestamp: Instant
    timezone: str
    timezone_source: Literal["event", "default"]
    degraded: list[Degraded]
    freshness: Freshness


def view_of(rows: Rows, now: int, settings: Settings) -> View:
    """What the metrics look at, with what lies over the rows; of whom nothing is known, nothing."""
    state = new_learner(rows.user_id) if rows.state is None else rows.state
    return View(
        state=rows.pending.folded_into(state),
        facts=rows.facts,
        cohort=rows.cohort,
        now=now,
        default_zone=settings.timezone,
        default_pass_mark=rows.configuration.default_pass_mark,
        models=rows.models or Models(),
        predicted=rows.configuration.models.predicted(),
    )


def envelope(rows: Rows, view: View, lags: Lags, settings: Settings) -> Env:
    """The opening of the answer that is made of these rows."""
    lag = lags.of(rows.partition)
    checkpoint, last = rows.checkpoint, view.state.last_event_at
    return Env(
        user_id=shown_id(rows.user_id),
        timestamp=instant(view.now),
        timezone=view.zone,
        timezone_source="default" if view.state.zone is None else "event",
        degraded=degraded(rows, view),
        freshness=Freshness(
            as_of=instant(checkpoint.clock)
            if checkpoint is not None and checkpoint.clock
            else None,
            last_event_at=instant(last) if last else None,
            lag_seconds=round(lag.seconds, 1),
            clock=settings.clock,
            stale=rows.stale or lag.stale,
        ),
    )


def degraded(rows: Rows, view: View) -> list[Degraded]:
    """What the answer has to do without."""
    found: list[Degraded] = []
    if rows.stale:
        found.append("database")
    if rows.models is not None and rows.models.missing(view.state):
        found.append("predictions")
    if rows.cohort is None:
        found.append("cohort")
    if any(course.course_id not in rows.facts for course in view.courses):
        found.append("course_facts")
    return found
