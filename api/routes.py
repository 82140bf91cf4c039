"""The pages, each under two prefixes, with and without a trailing slash."""

from collections.abc import Callable, Coroutine
from functools import cache, partial
from itertools import product
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter
from typing_extensions import override

from api.endpoint import Context, Endpoint
from api.endpoints import alerts, dashboard, predictions, preferences, trends
from api.problems import CONTENT_TYPE, ProblemBody

ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = (
    dashboard.ENDPOINT,
    predictions.ENDPOINT,
    alerts.ENDPOINT,
    trends.ENDPOINT,
    preferences.ENDPOINT,
)
PUBLISHED: Final = "/api/v1/progress/"
PREFIXES: Final = ("/api/progress/", PUBLISHED)
BEARER: Final = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="`sub` is the learner; the scope progress:read:any may add `user_id`, and "
    "models:read may ask for the models, operations:read for the rest of what operators read. An "
    "instructor's has courses:read or courses:write, and a claim `courses`: a list of ids, or `*`.",
)
Token: TypeAlias = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
"""The bearer token of an operation, as FastAPI reads it for `/openapi.json`."""
Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
_OF_PAGES: Final = (401, 403, 404, 422, 500, 503)
_PROBLEMS: Final = {
    400: "With the page's cookie: a bearer token is there too.",
    401: "No token, or one that is not accepted.",
    403: "The token does not cover what is asked for.",
    404: "No such learner was ever seen, or is in the course; no such alert or goal, of one's own; "
    "no such course.",
    408: "The body did not come in time.",
    409: "The alert was over too long ago; or as many goals stand as can (`too_many_goals`).",
    413: "The body is too large.",
    415: "With the page's cookie: what is written is no application/json.",
    421: "An embedded stack that is asked by another host name than this machine's own.",
    422: "A parameter that cannot be taken; `errors` says what can.",
    429: "Too many tickets were refused.",
    500: "A defect of ours; it was logged.",
    503: "`unavailable`: Postgres is away and memory has nothing young enough, Kafka is away, or "
    "the issuer's keys are not known. `busy`: too much is asked at this moment. See Retry-After.",
}


def progress_router(context: Context) -> APIRouter:
    """All pages."""
    router = APIRouter(tags=["progress"], redirect_slashes=False)
    # The published paths come first: a request is held against one route after the other.
    for prefix, slash, endpoint in product(reversed(PREFIXES), ("", "/"), ENDPOINTS):
        router.add_api_route(
            prefix + endpoint.name + slash,
            _documented(endpoint),
            route_class_override=handed_to(partial(endpoint.respond, context)),
            response_model=endpoint.answer,
            responses=etag_responses(*_OF_PAGES),
            response_description="The page.",
            include_in_schema=prefix == PUBLISHED and not slash,
            operation_id=operation_id(endpoint.name),
            summary=_words(endpoint.name).capitalize(),
            description=endpoint.description,
        )
    return router


class Handing(APIRoute):
    """A route that hands requests to a handler, not to FastAPI's dependencies.

    They would cost as much as the reading of the rows, and would judge parameters before tokens.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **documented: Any) -> None:
        self.is_documented: bool = documented.get("include_in_schema", True)
        self._documented = partial(APIRoute, path, endpoint, **documented)
        methods = documented.get("methods")
        super().__init__(path, _nothing, methods=methods, include_in_schema=False)

    def documented(self) -> APIRoute:
        """The route as `/openapi.json` has it.

        It is made when it is asked for: the models of all answers take a quarter of a second, which
        FastAPI would spend at the start of the API and once more in its first request.
        """
        return self._documented()


def handed_to(handler: Handler) -> type[Handing]:
    """A route that hands requests to this handler."""

    class HandingToOne(Handing):
        @override
        def get_route_handler(self) -> Handler:
            return handler

    return HandingToOne


def _nothing() -> None:
    """What FastAPI would call; it is not called."""


def sent_below(request: Request, prefix: str) -> bytes:
    """What follows `prefix` in the path as it was sent, without a slash at its end.

    A slash of an id is `%2F` there, which `request.path_params` no longer tells from a slash of
    the path.
    """
    sent: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return sent.partition(prefix.encode())[2].removesuffix(b"/")


def _documented(endpoint: Endpoint[Any]) -> Callable[..., None]:
    """What FastAPI reads the operation's parameters from, for `/openapi.json`; it is not called."""

    def operation(query: Any, token: Any) -> None: ...

    operation.__annotations__ = {"query": Annotated[endpoint.query, Query()], "token": Token}
    return operation


def etag_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation with an ETag may answer beside its page, and with which headers."""
    etag = {"ETag": _header("Names this answer, weakly, for If-None-Match.")}
    return {
        200: {"headers": etag},
        304: {"description": "The client has this answer already.", "headers": etag},
        **problem_responses(*statuses),
    }


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What is said of these errors, each with its headers."""
    challenge = {"WWW-Authenticate": _header("What kind of token is asked for (RFC 6750).")}
    retry = {"Retry-After": _header("After how many seconds.", "integer")}
    headers = {401: challenge, 403: challenge, 503: retry}
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
        responses[status] = {"description": _PROBLEMS[status], "content": content}
        if status in headers:
            responses[status]["headers"] = headers[status]
    return responses


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def operation_id(page: str) -> str:
    """The name of a page's operation, and so of a method in generated clients."""
    first, *rest = _words(page).split()
    return first + "".join(word.capitalize() for word in rest)


def _words(page: str) -> str:
    return page.replace("-", " ").replace("/", " ")


def page_of(operation: str) -> str | None:
    """The page of an operation; None where it is no page."""
    return next((page for page in examples() if operation_id(page) == operation), None)


@cache
def examples() -> dict[str, Any]:
    """An answer of each page, for the documentation."""
    return {endpoint.name: endpoint.example_answer() for endpoint in ENDPOINTS}


def problem_schemas() -> dict[str, Any]:
    """The schemas of every error, by name."""
    schema = TypeAdapter(ProblemBody).json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemBody": schema}
