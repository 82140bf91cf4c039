"""Cursors: opaque texts that hold where a list continues, and what it was asked for."""

import base64
import binascii
from typing import TypeVar

import msgspec

from api.parameters import CURSOR_ALLOWED
from api.problems import ParameterError, ProblemError, invalid_parameter

Held = TypeVar("Held", bound=msgspec.Struct)


def write(held: msgspec.Struct) -> str:
    """The text that `read` takes."""
    return base64.urlsafe_b64encode(msgspec.json.encode(held)).rstrip(b"=").decode()


def read(text: str, kind: type[Held]) -> Held:
    """What a cursor holds; raises a 422 for anything that is none."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=kind)
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise broken() from error


def broken() -> ProblemError:
    """The 422 for a cursor that nobody was given."""
    return invalid_parameter(
        ParameterError(parameter="cursor", code="broken", allowed=CURSOR_ALLOWED)
    )
