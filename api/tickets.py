"""What a ticket of an embedded stack is good for: one session, once, within ten minutes."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import jwt
from pydantic import SecretStr

from api.auth import (
    EVERY_COURSE,
    READ_COURSES,
    READ_MODELS,
    READ_OPERATIONS,
    WRITE_COURSES,
    Principal,
    is_id,
)
from api.problems import ProblemError, unauthorized
from runtime.clock import Clock
from runtime.settings import Settings
from runtime.tickets import ALGORITHM, make_token, ticket_audience

SESSION_SECONDS: Final = 43_200
"""How long a session of an embedded stack lasts."""
REFUSED_MAX: Final = 30
"""So many tickets in a minute may be refused; then none is looked at until the minute is over."""
TEACHING: Final = f"{READ_COURSES} {WRITE_COURSES}"
"""What a ticket gives for the courses that it names."""
OPERATING: Final = f"{READ_OPERATIONS} {READ_MODELS}"
"""What a ticket gives an operator: to read, and nothing of any learner."""
_MINUTE: Final = 60


class Tickets:
    """The tickets of one process: each is taken once.

    Which were taken is this process's own memory: enough for an embedded stack, which has one API.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._taken: dict[str, int] = {}
        """When each that was taken expires, by its id."""
        self._refused: tuple[int, int] = (0, 0)
        """A minute, and how many tickets were refused in it."""

    @property
    def _secret(self) -> SecretStr | None:
        """What an embedded stack signs with; elsewhere None, as nothing is signed there."""
        return self._settings.jwt_secret if self._settings.embedded else None

    def redeem(self, ticket: str) -> str:
        """A token for the ticket's learner, for the courses it names, and to operate if it says so.

        Raises ProblemError: a 401 for one that is not good (any more), a 429 after many of those.
        """
        minute, refused = self._refused
        if minute == self._clock.now() // _MINUTE and refused >= REFUSED_MAX:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_requests",
                "too many tickets were refused in this minute",
                headers={"Retry-After": str(_MINUTE)},
            )
        try:
            claims = self._claims(ticket)
        except ProblemError:
            self._count_refused()
            raise
        teaches, operates = claims.get("courses", []), claims.get("operates", False)
        return self._token(
            claims["sub"],
            SESSION_SECONDS,
            scope=" ".join([TEACHING] * bool(teaches) + [OPERATING] * operates),
            courses=teaches,
            learners=claims.get("learners", []),
        )

    def as_learner(self, principal: Principal, learner: str) -> str:
        """A token for the same session as another learner of a demo.

        Raises ProblemError: a 403 where the session is none of a demo with that learner.
        """
        if self._secret is None or learner not in principal.learners:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "forbidden",
                "this session is none of a demo with that learner",
            )
        courses = [EVERY_COURSE] if principal.courses is None else sorted(principal.courses)
        return self._token(
            learner,
            principal.expires_at - self._clock.now(),
            scope=" ".join(sorted(principal.scopes)),
            courses=courses,
            learners=list(principal.learners),
        )

    def _claims(self, ticket: str) -> dict[str, Any]:
        secret, now = self._secret, self._clock.now()
        if secret is None:
            raise _refused("tickets are taken by embedded stacks only: send a bearer token")
        try:
            claims: dict[str, Any] = jwt.decode(
                ticket,
                secret.get_secret_value(),
                algorithms=[ALGORITHM],
                audience=ticket_audience(self._settings.jwt_audience),
                options={
                    "require": ["exp", "aud", "sub", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused("the ticket is none of this stack") from error
        if not isinstance(claims["exp"], int) or claims["exp"] <= now:
            raise _refused("the ticket has expired: `learnstream open` prints another link")
        if claims["jti"] in self._taken:
            raise _refused("the ticket was used before: `learnstream open` prints another link")
        _check_named(claims)
        self._taken = {key: exp for key, exp in self._taken.items() if exp > now}
        self._taken[claims["jti"]] = claims["exp"]
        return claims

    def _count_refused(self) -> None:
        now = self._clock.now() // _MINUTE
        minute, refused = self._refused
        self._refused = (now, refused + 1 if minute == now else 1)

    def _token(self, user: str, seconds: int, **more: str | list[str]) -> str:
        secret, now = self._secret, self._clock.now()
        assert secret is not None, "asked only where there is one"
        return make_token(
            self._settings, secret.get_secret_value(), user=user, now=now, seconds=seconds, **more
        )


def _check_named(claims: Mapping[str, Any]) -> None:
    """Raise a 401 where whom and what a ticket names is not what a session can be made of."""
    if not is_id(claims["sub"]):
        raise _refused("the ticket names no learner")
    for name in ("courses", "learners"):
        if not _are_ids(claims.get(name, [])):
            raise _refused(f"the ticket names {name} by something else than a list of ids")
    if not isinstance(claims.get("operates", False), bool):
        raise _refused("the ticket says by something else than true or false who operates")


def _are_ids(named: object) -> bool:
    return isinstance(named, list) and all(isinstance(each, str) for each in named)


def _refused(detail: str) -> ProblemError:
    return unauthorized(detail, token_seen=False)
