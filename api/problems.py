"""Errors as RFC 9457 problem+json: they name the parameter and what is allowed, never internals."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.methods import allowed_methods

CONTENT_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5
BUSY_SECONDS: Final = 1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterError:
    """What is wrong with one parameter, and what it may be."""

    parameter: str
    code: str
    allowed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemBody:
    """A problem as it is answered; `errors` is empty where no parameter is to blame."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ParameterError]


@dataclass(eq=False)
class ProblemError(Exception):
    """A request that is answered with a problem; `code` is stable, `detail` is for people."""

    status: HTTPStatus
    code: str
    detail: str
    errors: list[ParameterError] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)


def unauthorized(detail: str, *, token_seen: bool = True) -> ProblemError:
    """401: no token, or one that is not accepted."""
    challenge = 'Bearer realm="learnstream"'
    if token_seen:
        challenge += f', error="invalid_token", error_description="{detail}"'
    headers = {"WWW-Authenticate": challenge}
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers=headers)


def forbidden(detail: str, scope: str) -> ProblemError:
    """403: a good token that does not cover this; `scope` is what it would need."""
    challenge = f'Bearer realm="learnstream", error="insufficient_scope", scope="{scope}"'
    headers = {"WWW-Authenticate": challenge}
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail, headers=headers)


def not_found(detail: str) -> ProblemError:
    """404: nothing of that name."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not_found", detail)


def invalid_parameter(*errors: ParameterError) -> ProblemError:
    """422: parameters that cannot be taken; `allowed` says what can."""
    detail = "; ".join(f"{error.parameter}: allowed is {error.allowed}" for error in errors)
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter", detail, errors=list(errors)
    )


def unavailable(detail: str) -> ProblemError:
    """503: something that the answer needs is away; try again soon."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers=headers)


def busy(detail: str) -> ProblemError:
    """503: more is asked than can be answered; nothing is away, try again in a moment."""
    headers = {"Retry-After": str(BUSY_SECONDS)}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, headers=headers)


def install(app: FastAPI, known: Mapping[type[Exception], ProblemError]) -> None:
    """Answer every error of the application as a problem: those that are `known` with theirs."""
    for kind, problem in known.items():
        app.add_exception_handler(kind, _always(problem))
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _defect)


def problem_body(problem: ProblemError) -> bytes:
    """The JSON of a problem."""
    body = ProblemBody(
        type=f"/problems/{problem.code.replace('_', '-')}",
        title=problem.status.phrase,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        errors=problem.errors,
    )
    return msgspec.json.encode(body)


def problem_response(problem: ProblemError) -> Response:
    """A problem as it is answered."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(problem_body(problem), int(problem.status), headers, CONTENT_TYPE)


def _always(problem: ProblemError) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_request: Request, _error: Exception) -> Response:
        return problem_response(problem)

    return answer


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    details = {
        HTTPStatus.NOT_FOUND: "there is nothing at this path",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method[:32]} is not offered at this path",
    }
    detail = details.get(status, status.phrase)
    code = status.name.lower()
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = allowed_methods(_methods_here(request) or headers["Allow"])
    return problem_response(ProblemError(status, code, detail, headers=headers))


def _methods_here(request: Request) -> str:
    """Every method that the path offers: each has a route of its own."""

    def offers(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(offers, ("GET", "POST", "PUT", "PATCH", "DELETE")))


async def _defect(_request: Request, error: Exception) -> Response:
    # The server logs the traceback: the error goes on to it after this answer.
    log.error("request_failed", error=type(error).__name__)
    detail = "the request met a defect of ours; it was logged"
    return problem_response(
        ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)
    )
