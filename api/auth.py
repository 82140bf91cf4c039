"""Who asks: a bearer JWT, checked against one kind of key, and whom its owner may read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt.types import Options

from api.bounded import Bounded
from api.parameters import END, USER_ID_MAX
from api.problems import ProblemError, forbidden, unauthorized
from api.signing_keys import configured_keys
from runtime.clock import Clock, WallClock
from runtime.settings import Settings

READ_ANY: Final = "progress:read:any"
READ_MODELS: Final = "models:read"
READ_OPERATIONS: Final = "operations:read"
READ_COURSES: Final = "courses:read"
WRITE_COURSES: Final = "courses:write"
EVERY_COURSE: Final = "*"
LEEWAY_SECONDS: Final = 60
"""How far an issuer's clock may be from ours: Spring Security's default, and Auth0's."""

ACCEPTED_MAX: Final = 1_000
"""So many tokens are remembered whose signatures were checked."""

_OURS: Final[Options] = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
    "verify_jti": False,
}
"""PyJWT checks the signature, the audience and the issuer. These are ours to check or ignore:
PyJWT takes times as text, and its errors name no claim."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The owner of an accepted token."""

    subject: str
    scopes: frozenset[str]
    courses: frozenset[str] | None
    """Those that the claim `courses` names; None: every course."""
    expires_at: int
    """When the token does, in epoch seconds; at the end of the year 9999 at the latest."""
    learners: tuple[str, ...] = ()
    """A demo's learners that the claim `learners` names; only embedded stacks heed it."""

    def course(self, course_id: str, scope: str) -> None:
        """Raise a 403 unless the token has the scope and its claim names the course.

        It says nothing of whether there is such a course: that is asked later.
        """
        self.check(scope)
        if self.courses is not None and course_id not in self.courses:
            raise forbidden("the token's claim courses does not name this course", scope)

    def check(self, scope: str) -> None:
        """Raise a 403 unless the token has the scope."""
        if scope not in self.scopes:
            raise forbidden(f"this needs the scope {scope}", scope)

    def learner(self, user_id: str | None) -> str:
        """Whose page is asked for; raises a 403 where that is another's and not allowed."""
        if user_id is None:
            return self.subject
        if READ_ANY not in self.scopes:
            detail = f"user_id needs the scope {READ_ANY}; without it, the page is your own"
            raise forbidden(detail, READ_ANY)
        return user_id


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a token says, and the key that it is signed with."""

    header: Mapping[str, Any]
    key: Any
    claims: Mapping[str, Any]


class Authenticator:
    """Turn a token into a principal, or a 401 that names the claim that is wrong, not its value.

    Tokens are about the wall's time, whatever clock the stream has.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._keys = configured_keys(settings)
        self._audience = settings.jwt_audience
        self._issuer = settings.jwt_issuer
        self._needs = ("iss",) if settings.jwt_issuer else ()
        self._clock = clock or WallClock()
        self._accepted: Bounded[str, _Signed] = Bounded(ACCEPTED_MAX)

    async def identify(self, token: str | None) -> Principal:
        """Who the token's owner is; raises a 401 where it is not accepted, a 503 without keys."""
        if token is None:
            raise unauthorized("a bearer token is needed", token_seen=False)
        try:
            claims = await self._signed(token)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused(error) from error
        _check_times(claims, self._clock.now())
        if not is_id(claims["sub"]):
            raise unauthorized(
                f"the token's sub is not a learner's id (text, 1 to {USER_ID_MAX} characters)"
            )
        return Principal(
            subject=claims["sub"],
            scopes=_scopes(claims),
            courses=_courses(claims),
            expires_at=int(min(claims["exp"], END)),
            learners=_learners(claims),
        )

    async def _signed(self, token: str) -> Mapping[str, Any]:
        """The claims, signed by one of our keys for our audience by our issuer.

        A signature that was checked is not checked again while the token's key is still that key.
        """
        known = self._accepted.get(token)
        if known is not None and await self._keys.key_for(known.header) is known.key:
            return known.claims
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in self._keys.algorithms:  # before a key is looked for
            raise jwt.InvalidAlgorithmError
        key = await self._keys.key_for(header)
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(self._keys.algorithms),
            audience=self._audience,
            issuer=self._issuer,
            options={**_OURS, "require": ["exp", "aud", "sub", *self._needs]},
        )
        self._accepted.put(token, _Signed(header, key, claims))
        return claims


def is_id(text: object) -> bool:
    """Whether this can be a learner's id: 1 to 128 characters that Postgres takes."""
    if not isinstance(text, str) or not 0 < len(text) <= USER_ID_MAX or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(error: Exception) -> ProblemError:
    """The 401 for a token that PyJWT does not take."""
    if isinstance(error, jwt.MissingRequiredClaimError):
        return unauthorized(f"the token lacks the claim {error.claim}")
    reasons: dict[type[Exception], str] = {
        jwt.InvalidAlgorithmError: "the token's algorithm (alg) is not one that its key allows",
        jwt.InvalidSignatureError: "the token's signature is not by the key that it names",
        jwt.InvalidAudienceError: "the token is for another audience (aud)",
        jwt.InvalidIssuerError: "the token is from another issuer (iss)",
    }
    return unauthorized(reasons.get(type(error), "the token is not a signed JWT"))


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    """Raise a 401 for a token whose time is over or has not come, or whose times are none."""
    for claim in ("exp", "nbf", "iat"):
        if claim in claims and not _is_time(claims[claim]):
            raise unauthorized(f"the token's {claim} is not a number of seconds")
    if claims["exp"] <= now - LEEWAY_SECONDS:
        raise unauthorized("the token has expired (exp)")
    if claims.get("nbf", now) > now + LEEWAY_SECONDS:
        raise unauthorized("the token is not valid yet (nbf)")
    if claims.get("iat", now) > now + LEEWAY_SECONDS:
        raise unauthorized("the token was issued in the future (iat): its issuer's clock is ahead")


def _is_time(value: object) -> bool:
    """Whether this is a JWT's NumericDate: a number, finite."""
    return type(value) is int or (isinstance(value, float) and math.isfinite(value))


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if isinstance(scope, list):
        return frozenset(each for each in scope if isinstance(each, str))
    return frozenset(scope.split() if isinstance(scope, str) else ())


def _learners(claims: Mapping[str, Any]) -> tuple[str, ...]:
    named = claims.get("learners", [])
    return tuple(filter(is_id, named)) if isinstance(named, list) else ()


def _courses(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """The courses that a token names, None for every one; what is no list of ids names none."""
    named = claims.get("courses", [])
    if named == EVERY_COURSE:
        return None
    if not isinstance(named, list):
        return frozenset()
    found = frozenset(each for each in named if isinstance(each, str))
    return None if EVERY_COURSE in found else found
