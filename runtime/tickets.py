"""What an embedded stack signs itself: tokens, and tickets into its page.

A ticket is a JWT for an audience of its own, so that the API takes none for a token. It stands in a
link's fragment, which no browser sends, and is good once, for ten minutes.
"""

import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

import jwt

from runtime.settings import Settings

TICKET_SECONDS: Final = 600
ALGORITHM: Final = "HS256"


def make_token(
    settings: Settings, secret: str, *, user: str, now: int, seconds: int, **more: str | list[str]
) -> str:
    """A token as the API takes it, for so many seconds; of `more` claims no empty ones."""
    claims: dict[str, str | int | list[str]] = {
        "sub": user,
        "aud": settings.jwt_audience,
        "iat": now,
        "exp": now + seconds,
    }
    if settings.jwt_issuer is not None:
        claims["iss"] = settings.jwt_issuer
    claims |= {name: value for name, value in more.items() if value}
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def ticket_audience(audience: str) -> str:
    """The audience of tickets of a stack whose tokens are for `audience`."""
    return f"{audience}:ticket"


class Access(NamedTuple):
    """What a ticket opens beside its learner's own page.

    `courses` are those that the learner teaches as well: ids, or `*` for all. Who `operates` may
    read what operators do. `learners` are those of a demo, between whose pages one may choose.
    """

    courses: Sequence[str] = ()
    operates: bool = False
    learners: Sequence[str] = ()


OWN_PAGE: Final = Access()


def make_ticket(
    secret: str, *, audience: str, user: str, now: int, access: Access = OWN_PAGE
) -> str:
    """A ticket for this learner, signed with the stack's secret; `now` is in epoch seconds."""
    claims: dict[str, str | int | list[str]] = {
        "sub": user,
        "aud": ticket_audience(audience),
        "iat": now,
        "exp": now + TICKET_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    for name in ("courses", "learners"):
        if ids := getattr(access, name):
            claims[name] = list(ids)
    if access.operates:
        claims["operates"] = access.operates
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def page_link(api: str, ticket: str) -> str:
    """The link that opens the page of the API at this address."""
    return f"{api}/#ticket={ticket}"
