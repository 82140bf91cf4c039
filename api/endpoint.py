"""What a page's endpoint is, and how a request of it is answered."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec
from fastapi import Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, ConfigDict, TypeAdapter

from api.alert_query import AlertQuery
from api.asked import USER_ID, allowed_in, errors_of, refuse_others, validated
from api.auth import Authenticator, Principal, is_id
from api.envelope import Env, degraded, envelope, view_of
from api.etag import answer_etag, is_known
from api.freshness import Lags
from api.parameters import UserId
from api.pending import PendingWrites
from api.problems import invalid_parameter, not_found
from api.reads import Reads
from api.rows import Rows
from api.writer import Writer
from metrics.view import View
from runtime.settings import Settings

HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
_NEVER_SEEN: Final = "no such learner was ever seen"


@dataclass(frozen=True, slots=True)
class Context:
    """What every endpoint needs of the application."""

    settings: Settings
    authenticator: Authenticator
    reads: Reads
    lags: Lags
    writer: Writer
    pending: PendingWrites


def bearer(request: Request) -> str | None:
    """The bearer token of a request, None without one."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if token and scheme.lower() == "bearer" else None


class PageQuery(BaseModel):
    """The parameters of a page; all others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: UserId = None

    @property
    def alerts(self) -> AlertQuery | None:
        """Which alerts the page shows; None where it shows none."""
        return None

    @property
    def models(self) -> bool:
        """Whether the page says what the models say."""
        return False


Query = TypeVar("Query", bound=PageQuery)


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[Query]):
    """One page: its name in the path, its parameters, its answer, and what the answer says.

    `build` gives the fields of `answer` that are not of `Env`; one that has a default is left out
    of the JSON where it is None. `example` is a file with an answer, for the documentation.
    """

    name: str
    description: str
    query: type[Query]
    answer: type
    build: Callable[[View, Query, Rows], object]
    example: Path

    def __post_init__(self) -> None:
        """Refuse a parameter of which a refusal could not say what is allowed."""
        assert USER_ID in allowed_in(self.query)

    @cached_property
    def _json(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.answer)

    @cached_property
    def _optional(self) -> frozenset[str]:
        return frozenset(each.name for each in fields(self.answer) if each.default is not MISSING)

    async def respond(self, context: Context, request: Request) -> Response:
        """The page: 304 where the client has it, 404 for another learner who was never seen.

        Raises ProblemError, and the errors of `Reads.rows`.
        """
        principal = await context.authenticator.identify(bearer(request))
        query = self._query(request, principal)
        learner = principal.learner(query.user_id)
        rows = await context.reads.rows(learner, query.alerts, models=query.models)
        if query.user_id is not None and rows.state is None:
            raise not_found(_NEVER_SEEN)
        rows = replace(rows, pending=context.pending.of(learner, rows.checkpoint))
        now = context.reads.now(rows.checkpoint)
        view = view_of(rows, now, context.settings)
        etag = answer_etag(request, rows, view.zone, now, degraded(rows, view))
        headers = {**HEADERS, "ETag": etag}
        if is_known(request, etag):
            return Response(status_code=304, headers=headers)
        opening = envelope(rows, view, context.lags, context.settings)
        body = self._body(opening, self.build(view, query, rows))
        return Response(body, headers=headers, media_type="application/json")

    def example_answer(self) -> dict[str, Any]:
        """An answer for the documentation."""
        found: dict[str, Any] = msgspec.json.decode(self.example.read_bytes())
        return found

    def _query(self, request: Request, principal: Principal) -> Query:
        """The parameters as they were given.

        Raises ProblemError: first a 422 for a `user_id` that cannot be one and for parameters that
        the page does not have, then a 403 or 404 for whom it asks, then a 422 for the others.
        """
        query, wrong = validated(request, self.query)
        if USER_ID in wrong:
            raise invalid_parameter(*errors_of(self.query, wrong))
        refuse_others(request, self.query)
        if not is_id(principal.learner(request.query_params.get(USER_ID))):
            raise not_found(_NEVER_SEEN)
        if query is None:
            raise invalid_parameter(*errors_of(self.query, wrong))
        return query

    def _body(self, opening: Env, rest: object) -> bytes:
        """The JSON of an answer: what opens it, then the rest."""
        answer = self.answer(**_parts(opening), **_parts(rest))
        left_out = {name for name in self._optional if getattr(answer, name) is None}
        return self._json.dump_json(answer, exclude=left_out or None)


def _parts(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, by name, not copied."""
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(shape: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(shape))
