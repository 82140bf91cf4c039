"""PUT preferences, POST acknowledge and feedback: events, answered before they are folded.

An answer says what will hold: it lies over the rows until the stream has it (`pending.py`).
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from itertools import product
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import TypeAdapter

from api.alert_shapes import Preferences, QuietHours, ShownState
from api.alerts import shown_state
from api.auth import is_id
from api.bodies import FeedbackBody, PreferencesBody, read_body
from api.endpoint import HEADERS, Context, bearer
from api.pending import Said
from api.preferences import preferences_of
from api.problems import ParameterError, ProblemError, invalid_parameter, not_found
from api.routes import PREFIXES, PUBLISHED, Token, handed_to, problem_responses
from api.rows import AlertRow, Rows
from domain.alerts import ALERT_TYPES
from domain.alerts.lifecycle import is_known
from domain.state.limits import CLOSED_ALERTS_MAX
from metrics.shapes import Uuid

_PAGE: Final = "performance-alerts"
_STATUSES: Final = (401, 403, 404, 408, 409, 413, 422, 500, 503)


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


@dataclass(frozen=True, slots=True)
class _Asker:
    """Whose request it is, and what stands about the learner at that moment."""

    user_id: str
    rows: Rows
    now: int


async def set_preferences(context: Context, request: Request) -> Response:
    """202 with the preferences that will hold.

    Raises ProblemError, the errors of `Reads.rows` and those of `Writer.write`.
    """
    user_id = await _learner(context, request)
    body = await read_body(request, PreferencesBody)
    asker = await _asker(context, user_id)
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
    return _taken(_PREFERENCES.dump_json(PreferencesTaken(preferences=preferences, pending=True)))


async def acknowledge(context: Context, request: Request) -> Response:
    """202 with how the alert will stand; the first time counts, another changes nothing.

    Raises what `set_preferences` does; a 404 for an alert that is not the learner's.
    """
    user_id = await _learner(context, request)
    asker = await _asker(context, user_id)
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
    user_id = await _learner(context, request)
    body = await read_body(request, FeedbackBody)
    asker = await _asker(context, user_id)
    row, said = await _alert(context, request, asker)
    if said.feedback != body.value:
        fields = {"type": "alert_feedback", "value": body.value}
        said = said.and_then(Said(feedback=body.value, feedback_at=asker.now))
        await _respond(context, asker, row, said, fields)
    return _answered(row, said, asker.now)


async def _learner(context: Context, request: Request) -> str:
    """Who asks; raises a 401 without a good token, a 403 for another learner, a 422 for more."""
    principal = await context.authenticator.identify(bearer(request))
    if "user_id" in request.query_params:
        detail = "what a learner says is written by that learner alone, without user_id"
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)
    errors = [
        ParameterError(parameter=name[:64], code="unknown_parameter", allowed="no parameter")
        for name in request.query_params
    ]
    if errors:
        raise invalid_parameter(*errors)
    assert is_id(principal.subject)
    return principal.subject


async def _asker(context: Context, user_id: str) -> _Asker:
    rows = await context.reads.rows(user_id)
    pending = context.pending.of(user_id, rows.checkpoint)
    rows = replace(rows, pending=pending)
    return _Asker(user_id, rows, context.reads.now(rows.checkpoint))


async def _alert(context: Context, request: Request, asker: _Asker) -> tuple[AlertRow, Said]:
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
    context: Context, asker: _Asker, row: AlertRow, said: Said, fields: dict[str, Any]
) -> None:
    """Write what was said; it lies over the alert's row from then on."""
    given = {**fields, "alert_id": row.alert_id}
    offset = await context.writer.write(asker.user_id, asker.now, given)
    context.pending.respond(asker.user_id, row.alert_id, said, offset)


def _answered(row: AlertRow, said: Said, now: int) -> Response:
    state = shown_state(row, said, now)
    return _taken(_RESPONSE.dump_json(ResponseTaken(id=row.alert_id, state=state, pending=True)))


def _taken(body: bytes) -> Response:
    return Response(body, HTTPStatus.ACCEPTED, HEADERS, "application/json")


# -- routes --------------------------------------------------------------------------------------

_Handler: TypeAlias = Callable[[Context, Request], Coroutine[Any, Any, Response]]
_ALERT_ID: TypeAlias = Annotated[Uuid, Path(description="One of the learner's own alerts.")]


def _set(body: Annotated[PreferencesBody, Body()], token: Token) -> None: ...


def _acknowledge(alert_id: _ALERT_ID, token: Token) -> None: ...


def _feedback(alert_id: _ALERT_ID, body: Annotated[FeedbackBody, Body()], token: Token) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """One operation: FastAPI reads `documented`, for `/openapi.json`, and never calls it."""

    path: str
    method: str
    handler: _Handler
    documented: Callable[..., None]
    answer: type
    name: str
    description: str


WRITES: Final = (
    _Write(
        path=f"{_PAGE}/preferences",
        method="PUT",
        handler=set_preferences,
        documented=_set,
        answer=PreferencesTaken,
        name="set performance alerts preferences",
        description="Say which alerts the learner wants to get, all of it.",
    ),
    _Write(
        path=f"{_PAGE}/{{alert_id}}/acknowledge",
        method="POST",
        handler=acknowledge,
        documented=_acknowledge,
        answer=ResponseTaken,
        name="acknowledge performance alert",
        description="Say that the learner has seen an alert. The first time counts.",
    ),
    _Write(
        path=f"{_PAGE}/{{alert_id}}/feedback",
        method="POST",
        handler=give_feedback,
        documented=_feedback,
        answer=ResponseTaken,
        name="give performance alert feedback",
        description="Say what the learner thinks of an alert. The newest counts.",
    ),
)


def responding_router(context: Context) -> APIRouter:
    """All that learners write, under both prefixes."""
    router = APIRouter(tags=["progress"], redirect_slashes=False)
    for prefix, slash, write in product(reversed(PREFIXES), ("", "/"), WRITES):
        first, *rest = write.name.split()
        router.add_api_route(
            prefix + write.path + slash,
            write.documented,
            methods=[write.method],
            status_code=HTTPStatus.ACCEPTED,
            route_class_override=handed_to(partial(write.handler, context)),
            response_model=write.answer,
            responses=problem_responses(*_STATUSES),
            response_description="Taken; what it says holds for this learner's next request.",
            include_in_schema=prefix == PUBLISHED and not slash,
            operation_id=first + "".join(word.capitalize() for word in rest),
            summary=write.name.capitalize(),
            description=write.description,
        )
    return router
