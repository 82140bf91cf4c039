"""Who asks: a bearer JWT, checked against one kind of key, and whom its owner may read."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jwt
from jwt.exceptions import PyJWKClientError

from api.problems import forbidden, unauthorized, unavailable
from runtime.errors import UsageError
from runtime.settings import Settings

READ_ANY: Final = "progress:read:any"
LEEWAY_SECONDS: Final = 5
SECRET_BYTES_MIN: Final = 32
JWKS_SECONDS: Final = 300.0
JWKS_FAILED_SECONDS: Final = 2.0
JWKS_REFRESH_SECONDS_MIN: Final = 10.0
"""An unknown key id fetches the set anew, but not more often: else a stranger could make us."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The owner of an accepted token."""

    subject: str
    reads_any: bool


class Keys(Protocol):
    """Where keys come from. The algorithms follow from the kind of key, never from a token."""

    algorithms: tuple[str, ...]

    async def key_for(self, token: str) -> Any:
        """The key that this token must be signed with."""
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

    async def key_for(self, token: str) -> Any:
        """Always the one."""
        del token
        return self._secret


class KeySet:
    """The public keys at a JWKS URL: RS256 and ES256."""

    algorithms: tuple[str, ...] = ("RS256", "ES256")

    def __init__(self, url: str) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=True, lifespan=JWKS_SECONDS, timeout=5)
        self._fetching = asyncio.Lock()
        self._fetched_at = self._failed_at = float("-inf")

    async def key_for(self, token: str) -> Any:
        """The key that the token's header names, from a set that is fetched when it is old."""
        name = jwt.get_unverified_header(token).get("kid")
        if not isinstance(name, str):
            raise jwt.InvalidTokenError("it names no key")
        async with self._fetching:
            key = await self._look(name, refresh=False)
            due = time.monotonic() - self._fetched_at > JWKS_REFRESH_SECONDS_MIN
            if key is None and due:
                self._fetched_at = time.monotonic()
                key = await self._look(name, refresh=True)
        if key is None or key.key_type not in {"RSA", "EC"}:
            raise jwt.InvalidTokenError("it names an unknown key")
        return key

    async def _look(self, name: str, *, refresh: bool) -> jwt.PyJWK | None:
        if time.monotonic() - self._failed_at < JWKS_FAILED_SECONDS:
            raise unavailable("the keys that tokens are checked with cannot be fetched")
        try:
            keys = await asyncio.to_thread(self._client.get_signing_keys, refresh=refresh)
        except PyJWKClientError as error:
            self._failed_at = time.monotonic()
            raise unavailable("the keys that tokens are checked with cannot be fetched") from error
        return next((key for key in keys if key.key_id == name), None)


class Authenticator:
    """Turns a token into an identity, or a 401 that says what is wrong with it."""

    def __init__(self, settings: Settings) -> None:
        self._keys = _keys(settings)
        self._audience = settings.jwt_audience
        self._issuer = settings.jwt_issuer

    async def identify(self, token: str | None) -> Identity:
        """Who the token's owner is; raises a 401 where it is none of ours."""
        if token is None:
            raise unauthorized("a bearer token is needed", token_seen=False)
        try:
            claims = await self._claims(token)
        except jwt.ExpiredSignatureError as error:
            raise unauthorized("the token has expired") from error
        except jwt.InvalidAudienceError as error:
            raise unauthorized("the token is for another audience") from error
        except jwt.InvalidIssuerError as error:
            raise unauthorized("the token is from another issuer") from error
        except jwt.MissingRequiredClaimError as error:
            raise unauthorized(f"the token lacks the claim {error.claim}") from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise unauthorized("the token is not one of ours") from error
        subject = claims["sub"]
        if not is_id(subject):
            raise unauthorized("the token's subject is not a learner's id")
        return Identity(subject, READ_ANY in _scopes(claims))

    async def _claims(self, token: str) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            await self._keys.key_for(token),
            algorithms=list(self._keys.algorithms),
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "aud", "sub"] + (["iss"] if self._issuer else [])},
        )
        return claims


def whom(identity: Identity, user_id: str | None) -> tuple[str, bool]:
    """Whose page is asked for, and whether it is another's: then it must have been seen."""
    if user_id is None:
        return identity.subject, False
    if not identity.reads_any:
        raise forbidden(f"user_id needs the scope {READ_ANY}; without it, the page is your own")
    return user_id, True


def is_id(text: object) -> bool:
    """Whether this can be a learner's id at all: text that Postgres takes, and not empty."""
    if not isinstance(text, str) or not text or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _keys(settings: Settings) -> Keys:
    secret, url = settings.jwt_secret, settings.jwt_jwks_url
    if secret is not None and url is not None:
        raise UsageError("LEARNSTREAM_JWT_SECRET and LEARNSTREAM_JWT_JWKS_URL are both set: one")
    if secret is not None:
        return Secret(secret.get_secret_value())
    if url is not None:
        return KeySet(url)
    raise UsageError("neither LEARNSTREAM_JWT_JWKS_URL nor LEARNSTREAM_JWT_SECRET is set: one of")


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    scope = claims.get("scope", "")
    if isinstance(scope, list):
        return {each for each in scope if isinstance(each, str)}
    return set(scope.split()) if isinstance(scope, str) else set()
