"""An issuer of the tests' own: signs tokens, and serves its keys over HTTP as badly as told."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from typing_extensions import override

from devstack.places import free_ports
from runtime.clock import WallClock


class Issuer:
    """Keys by name, and how the server behaves; `fetches` are the times at which it was asked."""

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.body: bytes | None = None
        """Sent in place of the keys."""
        self.seconds = 0.0
        """How long an answer takes."""
        self.hangs = False
        self.closing = Event()
        self.fetches: list[float] = []
        (self.port,) = free_ports(1)

    @property
    def url(self) -> str:
        """Where the keys are, whether the server runs or not."""
        return f"http://127.0.0.1:{self.port}/jwks.json"

    def make_key(self, name: str) -> None:
        """Publish one more key."""
        self.keys[name] = ec.generate_private_key(ec.SECP256R1())

    def token(self, name: str, **claims: Any) -> str:
        """A good token, signed with this key."""
        given = {"sub": "ada", "aud": "learnstream", "exp": WallClock().now() + 600, **claims}
        return jwt.encode(given, self.keys[name], algorithm="ES256", headers={"kid": name})

    def published(self) -> bytes:
        """What the server sends."""
        if self.body is not None:
            return self.body
        keys = [
            json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": name}
            for name, key in self.keys.items()
        ]
        return json.dumps({"keys": keys}).encode()

    @contextmanager
    def served(self) -> Iterator[None]:
        """The server runs while this is entered."""
        with ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self)) as server:
            self.closing.clear()
            thread = Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield
            finally:
                self.closing.set()
                server.shutdown()
                thread.join()


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetches.append(time.monotonic())
            issuer.closing.wait(3_600 if issuer.hangs else issuer.seconds)
            body = issuer.published()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
