"""The attacks: what a stranger on the network can send, each bounded in count and time.

Every attack gives a `Finding`: what was seen, and whether it stayed within what is allowed.
"""

import base64
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httpx
import jwt

from runtime.clock import WallClock
from tests.asking import PAGES, a_token
from tests.attack.target import ANSWER_SECONDS, Target, seconds_of

GROWTH_BYTES_MAX: Final = 65_536
GROWTH_MEGABYTES_MAX: Final = 64.0
LINE_BYTES_MAX: Final = 600
SECONDS_MAX: Final = 2.0
DESCRIPTORS: Final = 256
HELD_SECONDS: Final = 20.0
FLOOD_BYTES_MAX: Final = 1_048_576
_PIPELINED: Final = 100
_FINE: Final = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
_REFUSED: Final = {401, 403, 404, 405, 422}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent: all of it by hand, a slice in CI."""

    methods: int
    connections: int
    held_seconds: float


WHOLE: Final = Size(methods=30_000, connections=1_500, held_seconds=HELD_SECONDS)
SLICE: Final = Size(methods=2_000, connections=400, held_seconds=12.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one attack came to."""

    attack: str
    seen: str
    ok: bool


def all_of(target: Target, size: Size) -> Iterator[Finding]:
    """One attack after the other."""
    attacks: dict[str, Callable[[], Finding]] = {
        "invented methods": lambda: invented_methods(target, size.methods),
        "half-sent heads": lambda: half_sent_heads(target, size.connections, size.held_seconds),
        "forged tokens": lambda: forged_tokens(target),
        "injected parameters": lambda: injected_parameters(target),
        "broken requests": lambda: broken_requests(target),
    }
    for name, attack in attacks.items():
        try:
            yield attack()
        except (httpx.HTTPError, OSError) as error:
            yield Finding(name, f"no answer: {error!r}", ok=False)
    yield from logs_are_clean(target)


# -- labels ----------------------------------------------------------------------------------------


def invented_methods(target: Target, count: int) -> Finding:
    """Methods that nobody knows become no label, no memory and no line as long as themselves."""
    before = _size_of_metrics(target)
    memory, log = target.megabytes(), target.log_bytes()
    for first in range(0, count, _PIPELINED):
        _send_methods(target, range(first, min(count, first + _PIPELINED)))
    with target.client(None) as client:
        seconds = seconds_of(lambda: client.get("/metrics"))
    grown = _size_of_metrics(target) - before
    more_memory = target.megabytes() - memory
    a_line = (target.log_bytes() - log) / count
    ok = (
        grown < GROWTH_BYTES_MAX
        and more_memory < GROWTH_MEGABYTES_MAX
        and a_line < LINE_BYTES_MAX
        and seconds < SECONDS_MAX
    )
    return Finding(
        f"{count} invented methods",
        f"/metrics grew by {grown} bytes and took {seconds:.2f} s, the process by "
        f"{more_memory:.1f} MiB, the log by {a_line:.0f} bytes a request",
        ok,
    )


def _send_methods(target: Target, numbers: range) -> None:
    """One connection with a request each; a server that closes it is as right as one that answers.

    Each waits for its answer: a pipeline would be one read for the server.
    """
    with target.connect() as connection, suppress(ConnectionError):
        for number in numbers:
            name = f"{'ABCDEFGHIJ'[number % 10] * (7 if number % 3 else 2_000)}{number}"
            connection.sendall(f"{name} /healthz HTTP/1.1\r\nHost: api\r\n\r\n".encode())
            if not connection.recv(65_536):
                return


def _size_of_metrics(target: Target) -> int:
    with target.client(None) as client:
        return len(client.get("/metrics").content)


# -- connections -----------------------------------------------------------------------------------


def half_sent_heads(target: Target, count: int, seconds: float) -> Finding:
    """Heads that never end, with few descriptors: others are answered, and the log stays short.

    They wait no two seconds longer than at an API that nobody attacks, asked in turn with it.
    """
    with target.another_api(DESCRIPTORS) as api, ExitStack() as held:
        log = api.log.stat().st_size
        for _ in range(count):
            with suppress(OSError):
                connection = held.enter_context(api.connect())
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: api\r\nX-Slow: ")
        waits = list(_waits(api.url, target.running.api, seconds))
        written = api.log.stat().st_size - log
    answered = [wait for wait, _ in waits if wait is not None]
    unanswered = len(waits) - len(answered)
    most = max(answered, default=0.0)
    usual = max((wait for _, wait in waits if wait), default=0.0)
    return Finding(
        f"{count} heads that never end, {DESCRIPTORS} descriptors",
        f"/healthz was asked {len(waits)} times, {unanswered} times without an answer, "
        f"and waited {most:.2f} s at most, {usual:.2f} s where nobody attacks; "
        f"the log grew by {written} bytes",
        not unanswered and most - usual < SECONDS_MAX and written < FLOOD_BYTES_MAX,
    )


def _waits(
    attacked: str, other: str, seconds: float
) -> Iterator[tuple[float | None, float | None]]:
    """After how long both answer while the heads are held; None for no answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield _wait(attacked), _wait(other)
        time.sleep(0.1)


def _wait(url: str) -> float | None:
    started = time.monotonic()
    try:
        answer = httpx.get(f"{url}/healthz", timeout=ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return None
    return time.monotonic() - started if answer.is_success else None


# -- tokens ----------------------------------------------------------------------------------------


def forged_tokens(target: Target) -> Finding:
    """No token that the issuer did not sign, for us, for now, opens a page."""
    tokens = list(_forged(target))
    statuses = [_status_with(target, token) for token in tokens]
    opened = [number for number, status in enumerate(statuses) if status not in {400, 401}]
    return Finding(f"{len(tokens)} forged tokens", f"not refused: {opened or 'none'}", not opened)


def _forged(target: Target) -> Iterator[str]:
    settings = target.settings
    secret = settings.jwt_secret
    assert secret is not None, "an embedded stack signs its own tokens"
    key = secret.get_secret_value()
    claims = {"sub": "ada", "aud": settings.jwt_audience, "exp": WallClock().now() + 600}
    good = a_token(settings)
    head, body, signature = good.split(".")
    yield from ("", "x", "..", head, f"{head}.{body}.", f"{head}.{body}.{signature[:-2]}AA")
    yield f"{head}.{body}.{signature}." + "A" * 100
    for none in ("none", "None", "NONE", "nOnE"):
        yield f"{_part({'alg': none, 'typ': 'JWT'})}.{body}."
        yield f"{_part({'alg': none, 'typ': 'JWT'})}.{body}.{signature}"
    yield from (jwt.encode(claims, key, algorithm=name) for name in ("HS384", "HS512"))
    yield jwt.encode(claims, "another secret that is long enough for it", algorithm="HS256")
    yield jwt.encode(claims, key, algorithm="HS256", headers={"crit": ["b64"], "b64": False})
    for name, values in _WRONG_CLAIMS.items():
        for value in values:
            changed = {k: v for k, v in {**claims, name: value}.items() if v is not None}
            with suppress(TypeError, ValueError):
                yield jwt.encode(changed, key, algorithm="HS256")


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


_WRONG_CLAIMS: Final[dict[str, tuple[Any, ...]]] = {
    "sub": (None, "", "x" * 5_000, "a\x00b"),
    "aud": (None, "", "another", ["another"]),
    "exp": (None, 0, 1, -1),
    "nbf": (4_000_000_000,),
}


def _status_with(target: Target, token: str) -> int:
    try:
        return httpx.get(
            f"{target.running.api}/api/progress/real-time-dashboard",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            trust_env=False,
        ).status_code
    except (httpx.HTTPError, UnicodeError):
        return HTTPStatus.BAD_REQUEST


# -- parameters ------------------------------------------------------------------------------------

_PAYLOADS: Final = (
    "' OR 1=1 --",
    "1; SELECT pg_sleep(5)",
    "%00",
    "../../etc/passwd",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "9" * 400,
    "-1",
    "NaN",
    "{{7*7}}",
    "<script>",
    "x" * 8_000,
)
_PARAMETERS: Final = (
    "user_id",
    "course_id",
    "since",
    "limit",
    "cursor",
    "severity",
    "type",
    "state",
    "horizon",
    "period",
    "metric",
)


def injected_parameters(target: Target) -> Finding:
    """Whatever stands in a parameter, an answer is a page or a refusal, and comes soon."""
    slow = unexpected = sent = 0
    with target.client() as client:
        for page in PAGES:
            for name in _PARAMETERS:
                for payload in _PAYLOADS:
                    started = time.monotonic()
                    answer = client.get(f"/api/progress/{page}", params={name: payload})
                    seconds = time.monotonic() - started
                    if seconds > SECONDS_MAX:  # unless the machine is slow at this moment
                        usual = seconds_of(partial(client.get, "/healthz"))
                        slow += seconds - usual > SECONDS_MAX
                    unexpected += answer.status_code not in _FINE | _REFUSED
                    sent += 1
    return Finding(
        f"{sent} injected parameters",
        f"{unexpected} unexpected answers, {slow} slower than {SECONDS_MAX:.0f} s",
        not (slow or unexpected),
    )


# -- broken requests -------------------------------------------------------------------------------

_BROKEN: Final = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: api\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\nHost: api\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: api\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET " + b"/" * 200_000 + b" HTTP/1.1\r\nHost: api\r\n\r\n",
)


def broken_requests(target: Target) -> Finding:
    """What is no request is refused or dropped, and the next one is answered."""
    for data in _BROKEN:
        with target.connect() as connection, suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1_000)
    wait = _wait(target.running.api)
    ok = wait is not None and wait < SECONDS_MAX
    return Finding(f"{len(_BROKEN)} broken requests", f"healthy afterwards: {ok}", ok)


# -- what was written ------------------------------------------------------------------------------


def logs_are_clean(target: Target) -> Iterator[Finding]:
    """After all of it: every line of the parts is JSON, and no secret stands in any."""
    settings = target.settings
    assert settings.jwt_secret is not None, "an embedded stack signs its own tokens"
    secrets = [settings.jwt_secret.get_secret_value(), *_passwords(target)]
    for part in ("api", "worker", "sink"):
        lines = (target.logs / f"{part}.log").read_bytes().splitlines()
        odd = sum(not _is_json(line) for line in lines)
        leaked = sum(any(secret.encode() in line for secret in secrets) for line in lines)
        yield Finding(
            f"{len(lines)} lines of {part}'s log",
            f"{odd} are no JSON, {leaked} hold a secret",
            not (odd or leaked),
        )


def _passwords(target: Target) -> list[str]:
    password = httpx.URL(target.running.env["DATABASE_URL"]).password
    return [password] if password else []


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
