"""What HTTP asks of every resource, whatever it is: HEAD wherever there is GET."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD: Final = "learnstream.head"


class HeadAsGet:
    """An ASGI application that answers HEAD as GET without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; of a HEAD request, the application sees a GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", _HEAD: True}, receive, without_body)


def is_head(scope: Scope) -> bool:
    """Whether only the head of the answer is asked for: what never ends need not begin."""
    return bool(scope.get(_HEAD))


def allowed_methods(methods: str) -> str:
    """The Allow header of a resource that has these methods."""
    names = [name.strip() for name in methods.split(",")]
    return ", ".join(dict.fromkeys([*names, "HEAD"] if "GET" in names else names))
