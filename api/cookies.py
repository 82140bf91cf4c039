"""The page's cookie: it holds a token, and what is asked with it is held to stricter rules.

A browser adds a cookie to requests that other sites and ports make it send. So a request with it
must say that it comes from our own page (`Sec-Fetch-Site: same-origin`, which no page can forge),
and one that writes must be JSON. A request with a bearer token is free of all that.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import ProblemError, problem_response
from runtime.settings import Settings

SESSION_PATH: Final = "/api/v1/session"
_API: Final = "/api/"
_WRITING: Final = frozenset({"POST", "PUT", "PATCH"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


class CookieAsBearer:
    """An ASGI application that hands the cookie's token on as a bearer token."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; refuse what asks with the cookie and may not."""
        if scope["type"] == "http" and _is_asked(scope):
            try:
                token = session_token(scope, self._settings)
            except ProblemError as problem:
                await problem_response(problem)(scope, receive, send)
                return
            if token is not None:
                # In place: what counts requests finds the route in this very scope.
                bearer = (b"authorization", b"Bearer " + token.encode("latin-1"))
                scope["headers"] = [*scope["headers"], bearer]
        await self._app(scope, receive, send)


def cookie_name(scope: Scope, settings: Settings) -> str:
    """Cookies do not heed ports: each embedded stack of a machine has a name of its own."""
    if not settings.embedded:
        return "__Host-learnstream"
    server = scope.get("server")
    return f"learnstream-{server[1] if server else settings.api_port}"


def session_token(scope: Scope, settings: Settings) -> str | None:
    """The token of the page's cookie, None without one.

    Raises a 400 where a bearer token is there too, and what `check_origin` raises.
    """
    headers = Headers(scope=scope)
    token = _cookies(headers).get(cookie_name(scope, settings))
    if token is None:
        return None
    if "authorization" in headers:
        detail = "either the page's cookie or a bearer token, not both"
        raise ProblemError(HTTPStatus.BAD_REQUEST, "bad_request", detail)
    check_origin(scope, settings)
    return token


def check_origin(scope: Scope, settings: Settings) -> None:
    """Raise where a request is not one of our own page.

    A 421 for another host, where the stack is embedded; a 403 for another origin; a 415 where it
    writes and is no JSON.
    """
    headers = Headers(scope=scope)
    if settings.embedded and _host(headers) not in _LOOPBACK:
        detail = f"this stack answers its page at {', '.join(sorted(_LOOPBACK))} only"
        raise ProblemError(HTTPStatus.MISDIRECTED_REQUEST, "misdirected_request", detail)
    site = headers.get("sec-fetch-site")
    if site != "same-origin":
        detail = (
            "with the page's cookie, a request must come from the page: Sec-Fetch-Site is "
            f"{'not given' if site is None else site[:16]!r}, expected 'same-origin'"
        )
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if scope["method"] in _WRITING and kind != "application/json":
        detail = "with the page's cookie, what is written must be application/json"
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)


def _is_asked(scope: Scope) -> bool:
    """Whether a cookie may speak for this request; the session's own path reads it itself."""
    path = scope["path"]
    asks = path.startswith(_API) and path.rstrip("/") != SESSION_PATH
    return asks and any(name == b"cookie" for name, _ in scope["headers"])


def _cookies(headers: Headers) -> Mapping[str, str]:
    return cookie_parser("; ".join(headers.getlist("cookie")))


def _host(headers: Headers) -> str:
    """The host without its port."""
    host = headers.get("host", "").lower()
    return host if host.endswith("]") else host.rpartition(":")[0] or host
