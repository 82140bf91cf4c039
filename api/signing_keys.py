"""What tokens are signed with: one shared secret, or the public keys that an issuer publishes."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

import jwt
import structlog

from api.problems import unauthorized, unavailable
from runtime.errors import UsageError
from runtime.settings import Settings

SECRET_BYTES_MIN: Final = 32
REFRESH_SECONDS: Final = 300.0
FETCH_EVERY_SECONDS: Final = 10.0
"""The shortest time between two fetches, whoever asks: a stranger cannot make us ask more often."""
FETCH_SECONDS: Final = 5.0
"""After so long without an answer from the issuer a fetch is given up."""
ASK_SECONDS: Final = 2.0
"""How long a token with an unknown key waits for a fetch."""
KEEP_SECONDS: Final = 86_400.0
"""How long the last keys count while the issuer is away."""

log = structlog.get_logger()


class Keys(Protocol):
    """Where keys come from. The algorithms follow from the kind of key, never from a token."""

    algorithms: tuple[str, ...]

    async def key_for(self, header: Mapping[str, Any]) -> Any:
        """The key that a token with this header must be signed with.

        Raises a 401 where there is no such key, a 503 where that cannot be known now.
        """
        ...


class Secret:
    """One shared secret: HS256 and nothing else."""

    algorithms: tuple[str, ...] = ("HS256",)

    def __init__(self, secret: str) -> None:
        seen = len(secret.encode())
        if seen < SECRET_BYTES_MIN:
            raise UsageError(
                f"LEARNSTREAM_JWT_SECRET has {seen} bytes, expected {SECRET_BYTES_MIN} or more"
            )
        self._secret = secret

    async def key_for(self, header: Mapping[str, Any]) -> Any:
        """Always the one."""
        del header
        return self._secret


class KeySet:
    """The public keys at a JWKS URL: RS256 and ES256.

    PyJWT's client fetches and reads the set. It is not asked to keep it: its own cache ends after
    its lifespan whether the issuer answers or not, and it fetches while every reader waits. Here
    one task fetches, from the first token on; a token whose key is known never waits for it.
    """

    algorithms: tuple[str, ...] = ("RS256", "ES256")

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_SECONDS)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._answers = True
        """Whether the last fetch that ended brought keys."""
        self._resting = False
        """Whether the last fetch has ended, and it is too soon for another."""
        self._wanted, self._ended = asyncio.Event(), asyncio.Event()
        self._refreshing: asyncio.Task[None] | None = None

    async def key_for(self, header: Mapping[str, Any]) -> Any:
        """The key that the header names; one that is not known is looked for at the issuer."""
        name = header.get("kid")
        if name is None:
            raise unauthorized("the token does not name its key (kid)")
        known = self._known(name) or await self._look_for(name)
        if known is not None:
            return known
        if self._answers and self._resting:
            raise unauthorized("the token's key (kid) is not one of the issuer's")
        raise unavailable("the keys that tokens are checked with cannot be fetched")

    def _known(self, name: str) -> jwt.PyJWK | None:
        if time.monotonic() - self._fetched_at > KEEP_SECONDS:
            return None
        return self._keys.get(name)

    async def _look_for(self, name: str) -> jwt.PyJWK | None:
        """Have the set fetched as soon as it may be, and wait a short time if that is now."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())
        self._wanted.set()
        if not self._resting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), ASK_SECONDS)
        return self._known(name)

    async def _refresh(self) -> None:
        """Fetch for ever: when the set is old, sooner if the last fetch failed or a key is sought.

        An event `_ended` belongs to one fetch: who waits on it waits for the next that ends.
        """
        while True:
            began = time.monotonic()
            await self._fetch()
            self._wanted.clear()
            self._resting = True
            self._ended.set()
            self._ended = asyncio.Event()
            await asyncio.sleep(began + FETCH_EVERY_SECONDS - time.monotonic())
            self._resting = False
            if self._answers:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), REFRESH_SECONDS)

    async def _fetch(self) -> None:
        """Take the issuer's keys; whatever it sends that is no set of keys leaves the last ones."""
        try:
            keys = _by_name(await asyncio.to_thread(self._client.get_signing_keys))
        except Exception as error:  # noqa: BLE001 - a refresh that ends would be silent
            self._failed(error)
        else:
            self._succeeded(keys)

    def _failed(self, error: Exception) -> None:
        # Texts of other errors than PyJWT's may quote what was sent.
        reason = str(error) if isinstance(error, jwt.PyJWTError) else type(error).__name__
        if self._answers:
            log.warning("signing_keys_away", reason=reason)
        self._answers = False

    def _succeeded(self, keys: dict[str, jwt.PyJWK]) -> None:
        if not self._answers:
            log.info("signing_keys_reachable")
        self._keys, self._fetched_at, self._answers = keys, time.monotonic(), True


def _by_name(found: Iterable[jwt.PyJWK]) -> dict[str, jwt.PyJWK]:
    """The keys of our algorithms; raises PyJWKSetError where there is none."""
    keys = {each.key_id: each for each in found if each.key_id and each.key_type in {"RSA", "EC"}}
    if not keys:
        raise jwt.PyJWKSetError("the set holds no RSA and no EC key")
    return keys


def configured_keys(settings: Settings) -> Keys:
    """The one kind of keys that the settings name; raises UsageError for none and for both."""
    secret, url = settings.jwt_secret, settings.jwt_jwks_url
    if secret is not None and url is not None:
        raise UsageError("LEARNSTREAM_JWT_SECRET and LEARNSTREAM_JWT_JWKS_URL are both set: one")
    if secret is not None:
        return Secret(secret.get_secret_value())
    if url is not None:
        return KeySet(url)
    raise UsageError("neither LEARNSTREAM_JWT_JWKS_URL nor LEARNSTREAM_JWT_SECRET is set: one of")
