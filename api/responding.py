"""PUT preferences, POST acknowledge and feedback: events, answered before they are folded.

An answer says what will hold: it lies over the rows until the stream has it (`pending.py`).
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import Body, Path, Request, Response
from pydantic import TypeAdapter

from api.alert_rows import AlertRow
from api.alert_shapes import Preferences, QuietHours, ShownState
from api.alerts import shown_state
from api.bodies import FeedbackBody, PreferencesBody, read_body
from api.endpoint import Context
from api.pending import Said
from api.preferences import preferences_of
from api.problems import ProblemError, not_found
from api.routes import Token
from api.writing import Asker, Write, asker_of, learner_of, taken
from domain.alerts import ALERT_TYPES
from domain.alerts.lifecycle import is_known
from domain.state.limits import CLOSED_ALERTS_MAX
from metrics.shapes import Uuid

_PAGE: Final = "performance-alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesTaken:
    """The preferences that hold from now on; the stream may not have them yet."""

    preferences: Preferences
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTaken:
    """The alert as it stands from now on; the stream may not have it yet."""

    id: Uuid
    state: ShownState
    pending: bool


_PREFERENCES: Final = TypeAdapter(PreferencesTaken)
_RESPONSE: Final = TypeAdapter(ResponseTaken)


async def set_preferences(context: Context, request: Request) -> Response:
    """202 with the preferences that will hold.

    Raises ProblemError, the errors of `Reads.rows` and those of `Writer.write`.
    """
    user_id = await learner_of(context, request)
    body = await read_body(request, PreferencesBody)
    asker = await asker_of(context, user_id)
    version = preferences_of(asker.rows).version + 1
    preferences = Preferences(
        muted_types=[each for each in ALERT_TYPES if each in body.muted_types],
        muted_categories=sorted(set(body.muted_categories)),
        min_severity=body.min_severity,
        quiet_hours=None
        if body.quiet_hours is None
        else QuietHours(from_=body.quiet_hours.from_, to=body.quiet_hours.to),
        max_per_day=body.max_per_day,
        version=version,
    )
    answer = _PREFERENCES.dump_python(
        PreferencesTaken(preferences=preferences, pending=True), mode="json", by_alias=True
    )
    fields = {"type": "preferences_set", **answer["preferences"], "timezone": body.timezone}
    offset = await context.writer.write(user_id, asker.now, fields)
    context.pending.set_preferences(user_id, preferences, offset)
    return taken(_PREFERENCES.dump_json(PreferencesTaken(preferences=preferences, pending=True)))


async def acknowledge(context: Context, request: Request) -> Response:
    """202 with how the alert will stand; the first time counts, another changes nothing.

    Raises what `set_preferences` does; a 404 for an alert that is not the learner's.
    """
    user_id = await learner_of(context, request)
    asker = await asker_of(context, user_id)
    row, said = await _alert(context, request, asker)
    if said.acknowledged_at is None:
        fields = {"type": "alert_acknowledged"}
        said = said.and_then(Said(acknowledged_at=asker.now))
        await _respond(context, asker, row, said, fields)
    return _answered(row, said, asker.now)


async def give_feedback(context: Context, request: Request) -> Response:
    """202 with how the alert stands; the newest feedback counts.

    Raises what `acknowledge` does.
    """
    user_id = await learner_of(context, request)
    body = await read_body(request, FeedbackBody)
    asker = await asker_of(context, user_id)
    row, said = await _alert(context, request, asker)
    if said.feedback != body.value:
        fields = {"type": "alert_feedback", "value": body.value}
        said = said.and_then(Said(feedback=body.value, feedback_at=asker.now))
        await _respond(context, asker, row, said, fields)
    return _answered(row, said, asker.now)


async def _alert(context: Context, request: Request, asker: Asker) -> tuple[AlertRow, Said]:
    """The alert that the path names, and what was said about it.

    Raises a 404 where it is none of the learner's, a 409 where it was over too long ago.
    """
    try:
        alert_id = str(UUID(request.path_params["alert_id"]))
    except ValueError:
        raise not_found("no such alert") from None
    row = await context.reads.alert(asker.user_id, alert_id)
    if row is None:
        raise not_found("no such alert")
    if asker.rows.state is None or not is_known(asker.rows.state, alert_id):
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "conflict",
            f"the alert was over too long ago: the last {CLOSED_ALERTS_MAX} take responses",
        )
    return row, asker.rows.pending.over(alert_id, row.said)


async def _respond(
    context: Context, asker: Asker, row: AlertRow, said: Said, fields: dict[str, Any]
) -> None:
    """Write what was said; it lies over the alert's row from then on."""
    given = {**fields, "alert_id": row.alert_id}
    offset = await context.writer.write(asker.user_id, asker.now, given)
    context.pending.respond(asker.user_id, row.alert_id, said, offset)


def _answered(row: AlertRow, said: Said, now: int) -> Response:
    state = shown_state(row, said, now)
    return taken(_RESPONSE.dump_json(ResponseTaken(id=row.alert_id, state=state, pending=True)))


# -- routes --------------------------------------------------------------------------------------

_ALERT_ID: TypeAlias = Annotated[Uuid, Path(description="One of the learner's own alerts.")]


def _set(body: Annotated[PreferencesBody, Body()], token: Token) -> None: ...


def _acknowledge(alert_id: _ALERT_ID, token: Token) -> None: ...


def _feedback(alert_id: _ALERT_ID, body: Annotated[FeedbackBody, Body()], token: Token) -> None: ...


WRITES: Final = (
    Write(
        path=f"{_PAGE}/preferences",
        method="PUT",
        handler=set_preferences,
        documented=_set,
        answer=PreferencesTaken,
        name="set performance alerts preferences",
        description="Say which alerts the learner wants to get, all of it.",
    ),
    Write(
        path=f"{_PAGE}/{{alert_id}}/acknowledge",
        method="POST",
        handler=acknowledge,
        documented=_acknowledge,
        answer=ResponseTaken,
        name="acknowledge performance alert",
        description="Say that the learner has seen an alert. The first time counts.",
    ),
    Write(
        path=f"{_PAGE}/{{alert_id}}/feedback",
        method="POST",
        handler=give_feedback,
        documented=_feedback,
        answer=ResponseTaken,
        name="give performance alert feedback",
        description="Say what the learner thinks of an alert. The newest counts.",
    ),
)
