"""How each page is asked for and answered: who may, from which rows, known already or in full."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter

from api.alert_query import AlertQuery
from api.auth import Authenticator, Identity, is_id, whom
from api.envelope import envelope, view_of
from api.etag import answer_etag, is_known
from api.freshness import Freshness
from api.parameters import ALLOWED, UserId
from api.problems import ParameterError, invalid_parameter, not_found
from api.reads import Reads
from api.responses import parts
from api.rows import Rows
from metrics.view import View
from runtime.settings import Settings

HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
BEARER: Final = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="`sub` is the learner; the scope progress:read:any may add `user_id`.",
)


@dataclass(frozen=True, slots=True)
class Around:
    """What every page needs of the application."""

    settings: Settings
    authenticator: Authenticator
    reads: Reads
    lags: Freshness


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose page was asked for; another's must have been seen, one's own may be empty."""

    request: Request
    user_id: str
    anothers: bool


Asker: TypeAlias = Callable[..., Awaitable[Asked]]
Build: TypeAlias = Callable[[View, Rows], object]


class Form:
    """What a page is written with: the type of its answer."""

    def __init__(self, answer: type) -> None:
        self._answer = answer
        self._adapter: TypeAdapter[Any] = TypeAdapter(answer)

    def write(self, opening: object, rest: object, *, absent: frozenset[str]) -> bytes:
        """The JSON of an answer: what opens it, then the rest; `absent` keys only if not null."""
        answer = self._answer(**parts(opening), **parts(rest))
        left_out = {name for name in absent if getattr(answer, name) is None}
        return self._adapter.dump_json(answer, exclude=left_out)


def asker(around: Around, *names: str) -> Asker:
    """A dependency that lets in who may read, and refuses every parameter but `names`."""
    known = {*names, "user_id"}

    async def identify(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> Identity:
        token = None if credentials is None else credentials.credentials
        return await around.authenticator.identify(token)

    async def ask(
        request: Request,
        identity: Annotated[Identity, Depends(identify)],
        user_id: UserId = None,
    ) -> Asked:
        refuse_others(request, known)
        learner, anothers = whom(identity, user_id)
        if not is_id(learner):
            raise not_found("no such learner was ever seen")
        return Asked(request, learner, anothers)

    return ask


def refuse_others(request: Request, known: set[str]) -> None:
    """Raise a 422 for parameters that the endpoint does not have, and for those given twice."""
    given = [name for name, _ in request.query_params.multi_items()]
    errors = [
        ParameterError(
            parameter=name[:64],
            code="repeated" if name in known else "unknown_parameter",
            allowed=ALLOWED[name] + ", once" if name in known else ", ".join(sorted(known)),
        )
        for name in dict.fromkeys(given)
        if name not in known or given.count(name) > 1
    ]
    if errors:
        raise invalid_parameter(*errors)


async def answer(
    around: Around,
    asked: Asked,
    form: Form,
    build: Build,
    *,
    query: AlertQuery | None = None,
    absent: frozenset[str] = frozenset(),
) -> Response:
    """The page: 304 where the client has it, 404 for another learner who was never seen."""
    rows = await around.reads.rows(asked.user_id, query)
    if asked.anothers and rows.state is None:
        raise not_found("no such learner was ever seen")
    now = around.reads.now(rows.checkpoint)
    view = view_of(rows, now, around.settings)
    opening = envelope(rows, view, around.lags, around.settings)
    etag = answer_etag(asked.request, rows, view.zone, now, opening.degraded)
    headers = {**HEADERS, "ETag": etag}
    if is_known(asked.request, etag):
        return Response(status_code=304, headers=headers)
    body = form.write(opening, build(view, rows), absent=absent)
    return Response(body, headers=headers, media_type="application/json")
