"""Who is let in, what is refused and how: tokens, parameters, paths, and the form of errors."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from api.auth import Authenticator
from api.problems import ProblemError
from devstack.places import free_ports
from runtime.clock import WallClock
from runtime.errors import UsageError
from runtime.settings import Settings
from tests.asking import PAGES, a_token, asking, store
from tests.openapi import problems
from tests.sinking import a_learner

pytestmark = pytest.mark.integration

DASHBOARD = "/api/v1/progress/real-time-dashboard"
PROBLEM = {"$ref": "#/components/schemas/ProblemBody"}
INJECTION = "1'; DROP TABLE learner; --"


def is_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert problems(PROBLEM, body) == []
    return body


def unsigned(settings: Settings) -> str:
    claims = jwt.decode(a_token(settings), options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


async def test_no_token_is_401_with_a_challenge(settings: Settings) -> None:
    async with asking(settings) as client:
        for page in PAGES:
            refused = await client.get(f"/api/progress/{page}")
            is_problem(refused, 401, "unauthorized")
            assert refused.headers["www-authenticate"] == 'Bearer realm="learnstream"'
        basic = await client.get(DASHBOARD, headers={"Authorization": "Basic YTpi"})
        is_problem(basic, 401, "unauthorized")


async def test_a_token_that_does_not_hold_is_401_and_says_why(settings: Settings) -> None:
    async with asking(settings, a_token(settings, exp=1_000_000_000)) as client:
        refused = await client.get(DASHBOARD)
    detail = is_problem(refused, 401, "unauthorized")["detail"]
    assert detail == "the token has expired (exp)"
    challenge = f'Bearer realm="learnstream", error="invalid_token", error_description="{detail}"'
    assert refused.headers["www-authenticate"] == challenge


async def test_an_unsigned_or_foreign_token_is_401(settings: Settings) -> None:
    other = settings.model_copy(update={"jwt_secret": SecretStr("x" * 32)})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"sub": "ada", "aud": "learnstream", "exp": WallClock().now() + 60}
    rs256 = jwt.encode(claims, key, algorithm="RS256")
    async with asking(settings) as client:
        for token in (unsigned(settings), a_token(other), rs256, "a.b.c", "é"):
            headers = {b"Authorization": f"Bearer {token}".encode()}
            is_problem(await client.get(DASHBOARD, headers=headers), 401, "unauthorized")


async def test_the_issuer_counts_where_one_is_set(settings: Settings) -> None:
    strict = settings.model_copy(update={"jwt_issuer": "https://lms"})
    async with asking(strict) as client:
        for claims, status in (({}, 401), ({"iss": "x"}, 401), ({"iss": "https://lms"}, 200)):
            headers = {"Authorization": f"Bearer {a_token(strict, **claims)}"}
            assert (await client.get(DASHBOARD, headers=headers)).status_code == status


@pytest.fixture
def key_server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and where it can be fetched from."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_public_keys_take_their_own_algorithms_only(
    settings: Settings, key_server: tuple[Path, str]
) -> None:
    folder, address = key_server
    one, curve = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(one.public_key()))
    point = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(curve.public_key()))
    secret = base64.urlsafe_b64encode(b"s" * 32).decode().rstrip("=")
    keys = [
        {**public, "kid": "rsa", "use": "sig", "alg": "RS256"},
        {**point, "kid": "ec", "use": "sig", "alg": "ES256"},
        {"kty": "oct", "k": secret, "kid": "oct", "alg": "HS256", "use": "sig"},
    ]
    (folder / "jwks.json").write_text(json.dumps({"keys": keys}))
    url = {"jwt_secret": None, "jwt_jwks_url": f"{address}/jwks.json"}
    settings = settings.model_copy(update=url)
    door = Authenticator(settings)
    claims = {"sub": "ada", "aud": "learnstream", "exp": WallClock().now() + 60}
    for key, algorithm, name in ((one, "RS256", "rsa"), (curve, "ES256", "ec")):
        token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": name})
        assert (await door.identify(token)).subject == "ada"
    bad = [
        jwt.encode(claims, b"s" * 32, algorithm="HS256", headers={"kid": "oct"}),
        jwt.encode(claims, b"s" * 32, algorithm="HS256", headers={"kid": "rsa"}),
        jwt.encode(claims, one, algorithm="RS256", headers={"kid": "ec"}),
        jwt.encode(claims, one, algorithm="RS256", headers={"kid": "unknown"}),
        jwt.encode(claims, one, algorithm="RS512", headers={"kid": "rsa"}),
        jwt.encode(claims, one, algorithm="RS256"),
    ]
    for token in bad:
        with pytest.raises(ProblemError) as refused:
            await door.identify(token)
        assert refused.value.status == 401


async def test_keys_that_cannot_be_fetched_are_503(settings: Settings) -> None:
    (port,) = free_ports(1)
    url = {"jwt_secret": None, "jwt_jwks_url": f"http://127.0.0.1:{port}/jwks.json"}
    door = Authenticator(settings.model_copy(update=url))
    curve = ec.generate_private_key(ec.SECP256R1())
    token = jwt.encode({"sub": "ada"}, curve, algorithm="ES256", headers={"kid": "a"})
    for _ in range(2):
        with pytest.raises(ProblemError) as refused:
            await door.identify(token)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")


def test_exactly_one_kind_of_key_is_configured(settings: Settings) -> None:
    neither = {"jwt_secret": None, "jwt_jwks_url": None}
    short = SecretStr("short")
    for update in (neither, {"jwt_jwks_url": "https://keys"}, {"jwt_secret": short}):
        with pytest.raises(UsageError):
            Authenticator(settings.model_copy(update=update))


async def test_another_learner_needs_the_scope(settings: Settings) -> None:
    await store(settings, a_learner("ben", 1))
    anybody = {"Authorization": f"Bearer {a_token(settings, scope='x progress:read:any')}"}
    async with asking(settings, a_token(settings)) as client:
        for user_id in ("ben", "ada", "nobody"):
            refused = await client.get(DASHBOARD, params={"user_id": user_id})
            is_problem(refused, 403, "forbidden")
        seen = await client.get(DASHBOARD, params={"user_id": "ben"}, headers=anybody)
        assert (seen.status_code, seen.json()["user_id"]) == (200, "ben")
        unseen = await client.get(DASHBOARD, params={"user_id": "nobody"}, headers=anybody)
        is_problem(unseen, 404, "not_found")
        nul = await client.get(DASHBOARD, params={"user_id": "a\x00"}, headers=anybody)
        is_problem(nul, 404, "not_found")
        long = await client.get(DASHBOARD, params={"user_id": "x" * 129}, headers=anybody)
        is_problem(long, 422, "invalid_parameter")


@pytest.mark.parametrize(
    ("page", "parameter", "values", "code"),
    [
        ("predictive-analytics", "horizon", ("0", "366", "-1"), "out_of_range"),
        ("predictive-analytics", "horizon", ("x", "", "1.5", INJECTION), "wrong_type"),
        (
            "predictive-analytics",
            "horizon",
            ("1_0", " 30", "30.0", "+30", "030", "\uff13\uff10"),
            "wrong_type",
        ),
        ("trend-analysis", "period", ("6", "91"), "out_of_range"),
        ("trend-analysis", "period", ("a week", INJECTION), "wrong_type"),
        ("trend-analysis", "type", ("everything", "", INJECTION), "unknown_value"),
        ("performance-alerts", "types", ("x", "performance,x", INJECTION), "unknown_value"),
        ("performance-alerts", "severity", ("severe", INJECTION), "unknown_value"),
        ("performance-alerts", "limit", ("0", "101"), "out_of_range"),
        ("performance-alerts", "limit", ("many", INJECTION), "wrong_type"),
        ("performance-alerts", "since", ("2026-01-01T00:00:00", "x", INJECTION), "wrong_type"),
        ("performance-alerts", "since", ("0.5", "-62135596800", "1767225600"), "wrong_type"),
        ("performance-alerts", "since", ("2026-01-01 00:00:00Z", "2026-01-01"), "wrong_type"),
        ("performance-alerts", "since", ("2026-02-30T00:00:00Z", "20260101T000000Z"), "wrong_type"),
        ("performance-alerts", "cursor", ("x", "", "W10", "e30=", "é", INJECTION), "broken"),
        ("real-time-dashboard", "horizon", ("7", INJECTION), "unknown_parameter"),
        ("real-time-dashboard", "learner", ("ada",), "unknown_parameter"),
    ],
)
async def test_what_cannot_be_taken_is_named(
    settings: Settings, page: str, parameter: str, values: tuple[str, ...], code: str
) -> None:
    async with asking(settings, a_token(settings)) as client:
        for value in values:
            refused = await client.get(f"/api/progress/{page}", params={parameter: value})
            (error,) = is_problem(refused, 422, "invalid_parameter")["errors"]
            assert (error["parameter"], error["code"]) == (parameter, code), value
            assert error["allowed"]
        twice = await client.get(f"/api/progress/{page}", params=[(parameter, "1")] * 2)
        is_problem(twice, 422, "invalid_parameter")


async def test_a_time_is_printed_as_it_must_be_written(settings: Settings) -> None:
    async with asking(settings, a_token(settings)) as client:
        for since in ("0999-01-31T08:00:00Z", "2026-01-31T08:00:00Z"):
            for spelled in (since, since.lower(), since.replace("Z", ".5+00:00")):
                found = await client.get(
                    "/api/progress/performance-alerts", params={"since": spelled}
                )
                assert found.json()["filters"]["since"] == since


async def test_sql_in_a_learners_id_is_only_an_id(settings: Settings) -> None:
    token = a_token(settings, INJECTION, scope="progress:read:any")
    await store(settings, a_learner("ada", 1))
    async with asking(settings, token) as client:
        for page in PAGES:
            own = await client.get(f"/api/progress/{page}")
            assert (own.status_code, own.json()["user_id"]) == (200, INJECTION)
            other = await client.get(f"/api/progress/{page}", params={"user_id": INJECTION})
            is_problem(other, 404, "not_found")
        assert (await client.get(DASHBOARD, params={"user_id": "ada"})).status_code == 200


async def test_each_page_has_both_prefixes_with_and_without_a_slash(settings: Settings) -> None:
    async with asking(settings, a_token(settings)) as client:
        for page in PAGES:
            for prefix in ("/api/progress/", "/api/v1/progress/"):
                for slash in ("", "/"):
                    found = await client.get(prefix + page + slash)
                    assert found.status_code == 200, (prefix, page, slash)


async def test_what_is_not_offered_is_a_problem(settings: Settings) -> None:
    async with asking(settings, a_token(settings)) as client:
        is_problem(await client.get("/api/progress/nothing"), 404, "not_found")
        is_problem(await client.get("/index.html"), 404, "not_found")
        refused = await client.post(DASHBOARD)
        is_problem(refused, 405, "method_not_allowed")
        assert refused.headers["allow"] == "GET, HEAD"
        put = await client.put("/api/progress/performance-alerts/x/snooze", json={})
        is_problem(put, 404, "not_found")
