"""GET /api/v1/progress/stream: a hint whenever the pages of a learner have changed.

Nothing of the learner is in it: whoever gets a hint asks the pages again. So there is one shape and
one authorisation, and to resume needs no memory, since the rows are the replay. Of a course there
are the same hints, with fewer of them and no version to resume by.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from itertools import product
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.asked import USER_ID, refuse_all_but_user_id
from api.auth import Principal, is_id
from api.changes import Changes, TooManyStreamsError, Watch
from api.endpoint import Context, bearer
from api.methods import is_head
from api.parameters import UserId
from api.problems import busy, not_found
from api.routes import PREFIXES, PUBLISHED, Token, handed_to, problem_responses
from runtime.clock import WallClock

PATH: Final = "stream"
OPERATION: Final = "progressStream"
EVENT_STREAM: Final = "text/event-stream"
ALIVE_SECONDS: Final = 15.0
"""After so long without a hint a comment is sent, so that nobody on the way gives up."""
RETRY_MS: Final = 2_000
COURSE_PAUSE_SECONDS: Final = 1.0
"""Somebody in a large course works all the time, and each hint is three answers."""
VERSION_LENGTH_MAX: Final = 64
_CHANGED: Final = "event: changed\ndata: {}\n\n"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Vary": "Authorization, Cookie",
    "X-Accel-Buffering": "no",
}


async def _respond(context: Context, changes: Changes, request: Request) -> Response:
    """The stream; raises ProblemError, a 503 where too many are open."""
    principal = await context.authenticator.identify(bearer(request))
    refuse_all_but_user_id(request)
    learner = principal.learner(request.query_params.get(USER_ID))
    if not is_id(learner):
        raise not_found("no such learner was ever seen")
    known = request.headers.get("last-event-id", "")[:VERSION_LENGTH_MAX] or None
    watch = partial(changes.watch, learner, known)
    return hints(changes, watch, request, principal)


def hints_of_course(
    changes: Changes, course_id: str, request: Request, principal: Principal
) -> Response:
    """The stream about a course that the principal may read; raises what `hints` does."""
    watch = partial(changes.watch_course, course_id, principal.subject)
    return hints(changes, watch, request, principal, pause=COURSE_PAUSE_SECONDS)


def hints(
    changes: Changes,
    watch: Callable[[], Watch],
    request: Request,
    principal: Principal,
    *,
    pause: float = 0.0,
) -> Response:
    """A stream until the principal's token expires, with so many seconds between two hints.

    Raises ProblemError, a 503 where too many are open.
    """
    headers = {**_HEADERS, "Content-Type": EVENT_STREAM}
    if is_head(request.scope):
        return Response(headers=headers)
    try:
        begun = watch()
    except TooManyStreamsError:
        raise busy("as many streams are open as there may be") from None
    ends = time.monotonic() + max(0, principal.expires_at - WallClock().now())
    return StreamingResponse(_hints(changes, begun, ends, pause), headers=headers)


async def _hints(changes: Changes, watch: Watch, ends: float, pause: float) -> AsyncIterator[str]:
    """What is sent until that moment: one hint for all changes since the last one."""
    try:
        yield f"retry: {RETRY_MS}\n\n"
        while not watch.has_ended() and (left := ends - time.monotonic()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(watch.changed.wait(), min(ALIVE_SECONDS, left))
            if watch.has_ended():
                return
            if watch.changed.is_set():
                watch.changed.clear()
                yield ("" if watch.known is None else f"id: {watch.known}\n") + _CHANGED
                await watch.rest(pause)
            else:
                yield ": alive\n\n"
    finally:
        changes.leave(watch)


def stream_router(context: Context, changes: Changes) -> APIRouter:
    """The paths, under both prefixes, with and without a trailing slash."""
    router = APIRouter(tags=["progress"], redirect_slashes=False)

    for prefix, slash in product(reversed(PREFIXES), ("", "/")):
        router.add_api_route(
            prefix + PATH + slash,
            _documented,
            route_class_override=handed_to(partial(_respond, context, changes)),
            response_class=StreamingResponse,
            responses={200: OF_STREAM, **problem_responses(401, 403, 404, 422, 500, 503)},
            include_in_schema=prefix == PUBLISHED and not slash,
            operation_id=OPERATION,
            summary="When is there something new?",
            description=(
                "Server-sent events: `changed` whenever a page of the learner would say something "
                "else than before. Its `id` names the learner's version; who comes back with it as "
                "`Last-Event-ID` hears only of what came meanwhile. A comment comes each 15 "
                "seconds without a hint. The stream ends with its token. A learner may have 8 "
                "streams, a process 2,000; then the answer is 503, and asking now and then is "
                "the way."
            ),
        )
    return router


OF_STREAM: Final[dict[str, Any]] = {
    "description": "Hints, as they come.",
    "content": {
        EVENT_STREAM: {
            "schema": {"type": "string"},
            "example": "id: 41-7\nevent: changed\ndata: {}\n\n",
        }
    },
}


def _documented(
    user_id: Annotated[UserId, Query()],
    token: Token,
) -> None:
    """What FastAPI reads the operation's parameters from, for `/openapi.json`; it is not called."""
