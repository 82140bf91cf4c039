"""Keys from an issuer over HTTP: its outages are not ours, and a stranger's key id blocks nobody.

Times are the product's, except where a test has to see a refresh, the end of the ten seconds or the
end of the day: there the constant is made small.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest
from structlog.testing import capture_logs

from api import signing_keys
from api.auth import Authenticator
from api.problems import ProblemError
from runtime.settings import Settings
from tests.issuing import Issuer

MOMENT = 0.5  # seconds: far over what a check of a signature takes here, far under every wait


@pytest.fixture
def issuer() -> Issuer:
    made = Issuer()
    made.make_key("one")
    return made


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set is fetched again after a tenth of a second; a stranger waits half a second for it."""
    monkeypatch.setattr(signing_keys, "ASK_SECONDS", 0.5)
    monkeypatch.setattr(signing_keys, "FETCH_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(signing_keys, "REFRESH_SECONDS", 0.1)


def a_door(issuer: Issuer) -> Authenticator:
    given = {"KAFKA_BOOTSTRAP": "none:1", "jwt_jwks_url": issuer.url}
    return Authenticator(Settings.model_validate(given))


async def status_of(door: Authenticator, token: str) -> tuple[int, float]:
    """How a token is answered, and after how many seconds."""
    began = time.monotonic()
    try:
        await door.identify(token)
    except ProblemError as problem:
        return int(problem.status), time.monotonic() - began
    return 200, time.monotonic() - began


async def longest_wait(door: Authenticator, token: str, until: float) -> float:
    """A reader with a good token asks again and again; each time it must be let in."""
    longest = 0.0
    while time.monotonic() < until:
        status, seconds = await status_of(door, token)
        assert status == 200
        longest = max(longest, seconds)
        await asyncio.sleep(0.01)
    return longest


async def ask_both(
    door: Authenticator, good: str, stranger: str
) -> tuple[float, tuple[int, float]]:
    """The longest wait of a reader beside a stranger, and how the stranger was answered."""
    await asyncio.sleep(0.25)  # a refresh has met the fault
    asked = asyncio.create_task(status_of(door, stranger))
    return await longest_wait(door, good, time.monotonic() + 0.6), await asked


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def a_stranger() -> str:
    other = Issuer()
    other.make_key("unknown")
    return other.token("unknown")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "fault",
    [
        "away",
        "hangs",
        "slow",
        pytest.param(b"<html>Service Unavailable</html>", id="html"),
        pytest.param(b'{"keys": []}', id="empty"),
        pytest.param(b'{"keys": [{"kty": "EC", "kid": "one", "crv": "P-256"}]}', id="broken"),
        pytest.param(b'{"keys": [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}]}', id="secret"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
async def test_who_has_a_known_key_waits_for_no_issuer(issuer: Issuer, fault: str | bytes) -> None:
    door, good, stranger = a_door(issuer), issuer.token("one"), a_stranger()
    with ExitStack() as serving:
        serving.enter_context(issuer.served())
        assert (await status_of(door, good))[0] == 200
        if isinstance(fault, bytes):
            issuer.body = fault
        issuer.hangs = fault == "hangs"
        issuer.seconds = 4.0 if fault == "slow" else 0.0
        if fault == "away":
            serving.close()
        longest, (status, seconds) = await ask_both(door, good, stranger)
    assert longest < MOMENT
    assert status == 503
    assert seconds < signing_keys.ASK_SECONDS + MOMENT


@pytest.mark.parametrize("body", [b"<html></html>", b'{"keys": []}', b"[1]"])
async def test_a_first_answer_without_keys_is_503(issuer: Issuer, body: bytes) -> None:
    issuer.body = body
    door = a_door(issuer)
    with issuer.served(), pytest.raises(ProblemError) as refused:
        await door.identify(issuer.token("one"))
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")


async def test_an_issuer_that_is_away_from_the_start_is_503_and_asked_again_soon(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "FETCH_EVERY_SECONDS", 1.0)
    door = a_door(issuer)
    token = issuer.token("one")
    assert (await status_of(door, token))[0] == 503
    for _ in range(100):
        status, seconds = await status_of(door, token)
        assert (status, seconds < MOMENT) == (503, True)
    with issuer.served():

        async def let_in() -> bool:
            return (await status_of(door, token))[0] == 200

        await until(let_in, 3)
        assert len(issuer.fetches) == 1


async def test_a_new_key_is_fetched_when_its_first_token_comes(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "FETCH_EVERY_SECONDS", 1.0)
    door = a_door(issuer)
    with issuer.served():
        assert (await status_of(door, issuer.token("one")))[0] == 200
        issuer.make_key("two")
        early, seconds = await status_of(door, issuer.token("two"))
        assert (early, seconds < MOMENT) == (401, True)  # the issuer was asked a moment ago

        async def let_in() -> bool:
            return (await status_of(door, issuer.token("two")))[0] == 200

        await until(let_in, 3)
        issuer.make_key("three")
        await asyncio.sleep(1.2)
        issuer.seconds = 0.3
        waited = await status_of(door, issuer.token("three"))
        assert waited[0] == 200
        assert waited[1] >= 0.3


@pytest.mark.usefixtures("soon")
async def test_a_key_that_the_issuer_withdrew_is_refused_after_the_next_refresh(
    issuer: Issuer,
) -> None:
    door, old = a_door(issuer), issuer.token("one")
    with issuer.served():
        assert (await status_of(door, old))[0] == 200
        issuer.make_key("two")
        del issuer.keys["one"]

        async def refused() -> bool:
            return (await status_of(door, old))[0] == 401

        await until(refused)


async def test_strangers_cause_one_fetch_in_ten_seconds_and_block_nobody(issuer: Issuer) -> None:
    door, good, stranger = a_door(issuer), issuer.token("one"), a_stranger()
    with issuer.served():
        assert (await status_of(door, good))[0] == 200
        answers = await asyncio.gather(*(status_of(door, stranger) for _ in range(500)))
        assert {status for status, _ in answers} == {401}
        assert (await status_of(door, good))[1] < MOMENT
        assert len(issuer.fetches) == 1


@pytest.mark.usefixtures("soon")
async def test_the_last_keys_count_for_a_day_and_no_longer(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, good = a_door(issuer), issuer.token("one")
    with issuer.served():
        assert (await status_of(door, good))[0] == 200
    monkeypatch.setattr(signing_keys, "KEEP_SECONDS", 1.0)
    assert (await status_of(door, good))[0] == 200
    await asyncio.sleep(1.5)
    assert (await status_of(door, good))[0] == 503


@pytest.mark.usefixtures("soon")
async def test_an_outage_of_the_issuer_is_logged_once_and_so_is_its_end(issuer: Issuer) -> None:
    door, good = a_door(issuer), issuer.token("one")
    with capture_logs() as logged:
        with issuer.served():
            await door.identify(good)
        await asyncio.sleep(1)
        fetches = len(issuer.fetches)
        with issuer.served():

            async def asked_again() -> bool:
                return len(issuer.fetches) > fetches + 1

            await until(asked_again)
    assert [line["event"] for line in logged] == ["signing_keys_away", "signing_keys_reachable"]
