"""Pages of other origins: none but those that the settings name."""

import httpx
import pytest
from pydantic import ValidationError

from api.app import create_app
from runtime.clock import WallClock
from runtime.settings import Settings

PAGE = "/api/v1/progress/real-time-dashboard"
ASKING = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


def client(origins: str) -> httpx.AsyncClient:
    settings = Settings.model_validate(
        {
            "KAFKA_BOOTSTRAP": "none:1",
            "DATABASE_URL": "postgresql://none",
            "jwt_secret": "s" * 32,
            "cors_origins": origins,
        }
    )
    transport = httpx.ASGITransport(create_app(settings, WallClock()))
    return httpx.AsyncClient(transport=transport, base_url="http://api")


async def test_a_page_of_a_named_origin_may_ask_with_a_token_and_sees_etag_and_retry_after() -> (
    None
):
    origin = {"Origin": "https://app.example.org"}
    async with client("https://app.example.org, http://localhost:5173") as asking:
        allowed = await asking.options(PAGE, headers=origin | ASKING)
        refused = await asking.get(PAGE, headers=origin)
        foreign = await asking.get(PAGE, headers={"Origin": "https://app.example.org.evil"})
        not_allowed = await asking.options(PAGE, headers={"Origin": "https://evil"} | ASKING)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-methods"] == "GET, HEAD, POST, PUT, DELETE"
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in allowed.headers
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == origin["Origin"]
    assert refused.headers["access-control-expose-headers"] == "ETag, Retry-After"
    assert "Origin" in refused.headers["vary"]
    assert "access-control-allow-origin" not in foreign.headers
    assert not_allowed.status_code == 400
    assert "access-control-allow-origin" not in not_allowed.headers


async def test_by_default_no_other_origin_is_let_in() -> None:
    async with client("") as asking:
        headers = {"Origin": "https://app.example.org"} | ASKING
        assert (await asking.options(PAGE, headers=headers)).status_code == 405
        answer = await asking.get("/healthz", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "wrong", ["*", "null", "app.example.org", "https://a/", "https://a b", "ftp://a"]
)
def test_what_is_no_origin_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match="origins by commas"):
        client(f"https://ok.example.org,{wrong}")
