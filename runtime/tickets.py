"""Tickets: how a person gets from a terminal into the page of an embedded stack.

A ticket is a JWT for an audience of its own, so that the API takes none for a token. It stands in a
link's fragment, which no browser sends, and is good once, for ten minutes.
"""

import secrets
from typing import Final

import jwt

TICKET_SECONDS: Final = 600
ALGORITHM: Final = "HS256"


def ticket_audience(audience: str) -> str:
    """The audience of tickets of a stack whose tokens are for `audience`."""
    return f"{audience}:ticket"


def make_ticket(secret: str, *, audience: str, user: str, now: int) -> str:
    """A ticket for this learner, signed with the stack's secret; `now` is in epoch seconds."""
    claims: dict[str, str | int] = {
        "sub": user,
        "aud": ticket_audience(audience),
        "iat": now,
        "exp": now + TICKET_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def page_link(api: str, ticket: str) -> str:
    """The link that opens the page of the API at this address."""
    return f"{api}/#ticket={ticket}"
