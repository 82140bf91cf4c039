"""POST, GET and DELETE /api/v1/session: who uses the page, and until when.

In an embedded stack a ticket makes a session (`runtime/tickets.py`), which goes on as another
learner where it is a demo's; elsewhere a token of the identity provider makes one, which the cookie
then holds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api.auth import READ_COURSES, READ_OPERATIONS, WRITE_COURSES, Principal
from api.bodies import read_body
from api.cookies import SESSION_PATH, check_origin, cookie_name, session_token
from api.endpoint import Context, bearer
from api.parameters import USER_ID_MAX
from api.routes import Token, handed_to, problem_responses
from api.tickets import Tickets
from contracts.alert_event import instant
from metrics.shapes import Instant
from runtime.clock import WallClock

_TICKET_LENGTH_MAX: Final = 2_048
View: TypeAlias = Literal["learner", "instructor", "operator"]


class SessionBody(BaseModel):
    """What makes a session."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    ticket: Annotated[str, Field(max_length=_TICKET_LENGTH_MAX)] | None = Field(
        default=None,
        description="From the link of an embedded stack. Without it, a bearer token is needed.",
    )
    learner: Annotated[str, Field(max_length=USER_ID_MAX)] | None = Field(
        default=None,
        description="The session that the cookie holds goes on as this one of a demo's `learners`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who uses the page, until when, what there is to see and do, and where its links lead.

    `learners` are those of a demo that one may choose from; elsewhere there are none.
    """

    user_id: str
    expires_at: Instant
    views: list[View]
    may_note_help: bool
    learners: list[str]
    lms_url: str | None
    learner_url: str | None


_JSON: Final = TypeAdapter(Session)


async def _begin(context: Context, tickets: Tickets, request: Request) -> Response:
    """200 with the session and its cookie; raises ProblemError."""
    check_origin(request.scope, context.settings)
    body = await read_body(request, SessionBody)
    token = bearer(request) if body.ticket is None else tickets.redeem(body.ticket)
    if body.learner is not None:
        token = token or session_token(request.scope, context.settings)
        held = await context.authenticator.identify(token)
        token = tickets.as_learner(held, body.learner)
    principal = await context.authenticator.identify(token)
    response = _shown(context, principal)
    response.set_cookie(
        cookie_name(request.scope, context.settings),
        token or "",
        expires=datetime.fromtimestamp(principal.expires_at, UTC),
        path="/",
        secure=not context.settings.embedded,
        httponly=True,
        samesite="strict",
    )
    return response


async def _show(context: Context, request: Request) -> Response:
    """200 with the session; a 401 without one."""
    token = session_token(request.scope, context.settings)
    return _shown(context, await context.authenticator.identify(token))


async def _end(context: Context, request: Request) -> Response:
    """204, and the cookie is gone; also where there was none."""
    check_origin(request.scope, context.settings)
    response = Response(status_code=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
    response.delete_cookie(
        cookie_name(request.scope, context.settings),
        path="/",
        secure=not context.settings.embedded,
        httponly=True,
        samesite="strict",
    )
    return response


def _shown(context: Context, principal: Principal) -> Response:
    """The session of an accepted token."""
    views = _views(principal)
    session = Session(
        user_id=principal.subject,
        expires_at=instant(principal.expires_at),
        views=views,
        may_note_help="instructor" in views and WRITE_COURSES in principal.scopes,
        learners=list(principal.learners) if context.settings.embedded else [],
        lms_url=context.settings.lms_url,
        learner_url=context.settings.learner_url,
    )
    headers = {"Cache-Control": "no-store"}
    return Response(_JSON.dump_json(session), headers=headers, media_type="application/json")


def _views(principal: Principal) -> list[View]:
    """A learner's own page is everybody's; courses are seen with their scope and a claim."""
    views: list[View] = ["learner"]
    if READ_COURSES in principal.scopes and principal.courses != frozenset():
        views.append("instructor")
    if READ_OPERATIONS in principal.scopes:
        views.append("operator")
    return views


# -- routes --------------------------------------------------------------------------------------

_ORIGIN: Final = (400, 401, 403, 415, 421)


def _documented_begin(body: Annotated[SessionBody, Body()], token: Token) -> None: ...


def _documented() -> None: ...


def session_router(context: Context) -> APIRouter:
    """The three operations, each with and without a trailing slash."""
    router = APIRouter(tags=["page"], redirect_slashes=False)
    tickets = Tickets(context.settings, WallClock())
    for slash in ("", "/"):
        path, shown = SESSION_PATH + slash, not slash
        router.add_api_route(
            path,
            _documented_begin,
            methods=["POST"],
            route_class_override=handed_to(partial(_begin, context, tickets)),
            response_model=Session,
            responses=problem_responses(*_ORIGIN, 408, 413, 422, 429, 500, 503),
            response_description="The session; Set-Cookie has it.",
            include_in_schema=shown,
            operation_id="beginSession",
            summary="Begin a session of the page",
            description="A ticket of an embedded stack, or a bearer token, becomes a cookie. In a "
            "demo the session can go on as another of its learners.",
        )
        router.add_api_route(
            path,
            _documented,
            route_class_override=handed_to(partial(_show, context)),
            response_model=Session,
            responses=problem_responses(*_ORIGIN, 500, 503),
            response_description="The session of the cookie.",
            include_in_schema=shown,
            operation_id="showSession",
            summary="Who uses the page?",
            description="The session that the page's cookie holds.",
        )
        router.add_api_route(
            path,
            _documented,
            methods=["DELETE"],
            status_code=HTTPStatus.NO_CONTENT,
            route_class_override=handed_to(partial(_end, context)),
            responses=problem_responses(403, 421, 500),
            response_description="There is no session any more.",
            include_in_schema=shown,
            operation_id="endSession",
            summary="End the session of the page",
            description="The cookie is taken back; the token in it stays valid until it expires.",
        )
    return router
