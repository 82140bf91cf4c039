"""Answers are compressed for those who take that: a page's three are a quarter of their size then.

What compression can betray is a secret beside text that somebody else may choose (BREACH). No
answer holds a secret: tokens stand in headers, which are not compressed, and a request that comes
with the cookie is of our own page (`cookies.py`).
"""

import re
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware, IdentityResponder
from starlette.types import Receive, Scope, Send
from typing_extensions import override

SIZE_MIN: Final = 1_000
"""Bytes; less than this fits into one packet as it is."""
_LEVEL: Final = 5
"""Of 9, which is a hundredth smaller."""
_REFUSED: Final = re.compile(r"q=0(\.0*)?")


class Compressed(GZipMiddleware):
    """An ASGI application that sends its answers by gzip, but not to those who refuse it.

    Streams of events, and what is compressed already, are sent as they are.
    """

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; the starlette that we have takes `gzip;q=0` for yes."""
        if scope["type"] == "http" and "gzip" not in codings(Headers(scope=scope)):
            await IdentityResponder(self.app, self.minimum_size)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def compress(app: FastAPI) -> None:
    """Compress the answers of all routes."""
    app.add_middleware(Compressed, minimum_size=SIZE_MIN, compresslevel=_LEVEL)


def codings(headers: Headers) -> set[str]:
    """The content codings that a client takes; one with `q=0` it does not (RFC 9110, 12.5.3)."""
    accepted = headers.get("accept-encoding", "").split(",")
    found = (each.replace(" ", "").lower().partition(";") for each in accepted)
    return {name for name, _, weight in found if not _REFUSED.fullmatch(weight)}
