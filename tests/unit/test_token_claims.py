"""What is wrong with a token is said by the name of the claim, and never by its value."""

import base64
import json
from typing import Any

import jwt
import pytest

from api.auth import LEEWAY_SECONDS, Authenticator
from api.problems import ProblemError
from runtime.settings import Settings

NOW = 1_800_000_000
SECRET = "a secret of forty-eight bytes or more, for HS384 too"
GOOD_UNTIL = NOW + 600
GOOD = {"sub": "ada", "aud": "learnstream", "iss": "https://lms", "exp": GOOD_UNTIL}


class ClockAt:
    """A clock that is set."""

    def __init__(self, now: int = NOW) -> None:
        self.at = now

    def now(self) -> int:
        return self.at


def a_door(clock: ClockAt | None = None) -> Authenticator:
    given = {"KAFKA_BOOTSTRAP": "none:1", "jwt_secret": SECRET, "jwt_issuer": "https://lms"}
    return Authenticator(Settings.model_validate(given), clock or ClockAt())


def a_token(payload: bytes, algorithm: str = "HS256", **header: str) -> str:
    return jwt.PyJWS().encode(payload, SECRET, algorithm=algorithm, headers=header)


def with_claims(**claims: Any) -> str:
    given = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return a_token(json.dumps(given).encode())


async def refusal(token: str) -> str:
    with pytest.raises(ProblemError) as refused:
        await a_door().identify(token)
    assert (refused.value.status, refused.value.code) == (401, "unauthorized")
    assert (
        f'error_description="{refused.value.detail}"' in refused.value.headers["WWW-Authenticate"]
    )
    return refused.value.detail


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"exp": None}, "the token lacks the claim exp"),
        ({"aud": None}, "the token lacks the claim aud"),
        ({"iss": None}, "the token lacks the claim iss"),
        ({"sub": None}, "the token lacks the claim sub"),
        ({"aud": "private"}, "the token is for another audience (aud)"),
        ({"aud": [7]}, "the token is for another audience (aud)"),
        ({"iss": "https://private"}, "the token is from another issuer (iss)"),
        ({"iss": 7}, "the token is from another issuer (iss)"),
        ({"exp": NOW - LEEWAY_SECONDS}, "the token has expired (exp)"),
        ({"exp": 0}, "the token has expired (exp)"),
        ({"nbf": NOW + LEEWAY_SECONDS + 1}, "the token is not valid yet (nbf)"),
        (
            {"iat": NOW + LEEWAY_SECONDS + 1},
            "the token was issued in the future (iat): its issuer's clock is ahead",
        ),
        *(
            ({claim: wrong}, f"the token's {claim} is not a number of seconds")
            for claim in ("exp", "nbf", "iat")
            for wrong in (str(NOW + 1), "private", True, [NOW + 1], float("nan"), float("inf"))
        ),
        *(
            ({"sub": wrong}, "the token's sub is not a learner's id (text, 1 to 128 characters)")
            for wrong in (7, True, ["ada"], "", "a\x00b", "\ud800", "x" * 129)
        ),
    ],
)
async def test_a_wrong_claim_is_named(claims: dict[str, Any], detail: str) -> None:
    assert await refusal(with_claims(**claims)) == detail


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW + 1 - LEEWAY_SECONDS},
        {"nbf": NOW + LEEWAY_SECONDS, "iat": NOW + LEEWAY_SECONDS},
        {"exp": NOW + 0.5, "nbf": NOW - 0.5, "iat": NOW - 0.5},
        {"aud": ["private", "learnstream"]},
        {"sub": "x" * 128},
        {"jti": 7},
    ],
)
async def test_a_good_token_is_taken_within_the_leeway(claims: dict[str, Any]) -> None:
    principal = await a_door().identify(with_claims(**claims))
    assert principal.subject == claims.get("sub", "ada")


async def test_a_token_that_is_known_expires_all_the_same() -> None:
    clock = ClockAt()
    door, token = a_door(clock), with_claims()
    for _ in range(2):
        assert (await door.identify(token)).subject == "ada"
    clock.at = GOOD_UNTIL + LEEWAY_SECONDS
    with pytest.raises(ProblemError, match="exp"):
        await door.identify(token)


async def test_what_is_no_token_of_ours_is_named_too() -> None:
    good = with_claims()
    body = good.split(".")[1]
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    not_allowed = "the token's algorithm (alg) is not one that its key allows"
    assert await refusal(a_token(json.dumps(GOOD).encode(), "HS384")) == not_allowed
    assert await refusal(f"{unsigned}.{body}.") == not_allowed
    other = jwt.encode(GOOD, "another secret of thirty-two bytes", algorithm="HS256")
    assert await refusal(other) == "the token's signature is not by the key that it names"
    for broken in ("", "a.b.c", "é", good[:20], a_token(b"[]"), a_token(b"[" * 100_000)):
        assert await refusal(broken) == "the token is not a signed JWT"
