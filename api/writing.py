"""What all that a learner writes has in common: who asks, what stands then, and the operation."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from itertools import product
from typing import Any, Final, TypeAlias

from fastapi import APIRouter, Request, Response

from api.auth import is_id
from api.endpoint import HEADERS, Context, bearer
from api.problems import ParameterError, ProblemError, invalid_parameter
from api.routes import PREFIXES, PUBLISHED, handed_to, problem_responses
from api.rows import Rows

TAKEN: Final = "Taken; what it says holds for this learner's next request."

Handler: TypeAlias = Callable[[Context, Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request it is, and what stands about the learner at that moment."""

    user_id: str
    rows: Rows
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One operation: FastAPI reads `documented`, for `/openapi.json`, and never calls it.

    A path that ends in a `:rest` takes the slash at its end itself.
    """

    path: str
    method: str
    handler: Handler
    documented: Callable[..., None]
    answer: type
    name: str
    description: str
    statuses: tuple[int, ...] = (401, 403, 404, 408, 409, 413, 422, 500, 503)

    @property
    def operation_id(self) -> str:
        """The name of the operation, and so of a method in generated clients."""
        first, *rest = self.name.split()
        return first + "".join(word.capitalize() for word in rest)

    @property
    def slashes(self) -> tuple[str, ...]:
        """What the path may end in."""
        return ("",) if self.path.endswith(":rest}") else ("", "/")


async def learner_of(context: Context, request: Request) -> str:
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


async def asker_of(context: Context, user_id: str) -> Asker:
    """What stands about this learner now; raises the errors of `Reads.rows`."""
    rows = await context.reads.rows(user_id)
    pending = context.pending.of(user_id, rows.checkpoint)
    rows = replace(rows, pending=pending)
    return Asker(user_id, rows, context.reads.now(rows.checkpoint))


def taken(body: bytes) -> Response:
    """The 202 with this JSON."""
    return Response(body, HTTPStatus.ACCEPTED, HEADERS, "application/json")


def writes_router(context: Context, writes: Sequence[Write]) -> APIRouter:
    """These operations, under both prefixes."""
    router = APIRouter(tags=["progress"], redirect_slashes=False)
    for prefix, write in product(reversed(PREFIXES), writes):
        for slash in write.slashes:
            router.add_api_route(
                prefix + write.path + slash,
                write.documented,
                methods=[write.method],
                status_code=HTTPStatus.ACCEPTED,
                route_class_override=handed_to(partial(write.handler, context)),
                response_model=write.answer,
                responses=problem_responses(*write.statuses),
                response_description=TAKEN,
                include_in_schema=prefix == PUBLISHED and not slash,
                operation_id=write.operation_id,
                summary=write.name.capitalize(),
                description=write.description,
            )
    return router
