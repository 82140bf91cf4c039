"""Development tokens: right claims, and none outside an embedded stack."""

from datetime import timedelta

import jwt
import pytest

from operations.token import issue
from runtime.errors import UsageError
from runtime.settings import Settings

SECRET = "a secret of thirty-two bytes or more"
HOUR = timedelta(hours=1)


class ClockAt:
    """A clock that stands still."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        return self._at


def some_settings(**changes: object) -> Settings:
    plain = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "embedded": True, "jwt_secret": SECRET}
    return Settings.model_validate(plain | changes)


def claims_of(token: str) -> dict[str, object]:
    return jwt.decode(
        token,
        SECRET,
        algorithms=["HS256"],
        audience="learnstream",
        options={"verify_exp": False, "verify_iat": False},
    )


def test_a_token_says_who_for_whom_and_how_long() -> None:
    token = issue(some_settings(), user="17", scope="", lifetime=HOUR, clock=ClockAt(1_000))
    assert claims_of(token) == {"sub": "17", "aud": "learnstream", "iat": 1_000, "exp": 4_600}


def test_a_scope_and_an_issuer_are_claims_where_there_are_any() -> None:
    settings = some_settings(jwt_issuer="https://issuer")
    token = issue(
        settings, user="t", scope="progress:read:any", lifetime=HOUR, clock=ClockAt(1_000)
    )
    claims = claims_of(token)
    assert (claims["scope"], claims["iss"]) == ("progress:read:any", "https://issuer")


@pytest.mark.parametrize("changes", [{"embedded": False}, {"jwt_secret": None}])
def test_no_token_outside_an_embedded_stack(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        issue(some_settings(**changes), user="17", scope="", lifetime=HOUR, clock=ClockAt(1_000))
