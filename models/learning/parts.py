"""The bytes of what has been learned: versioned JSON, one part a model, so that few are written."""

from collections.abc import Mapping
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct, field

from domain.predictions import Target

VERSION: Final = 1
S = TypeVar("S")


class UnknownLearningError(Exception):
    """What was learned was written by a newer version of the code than this one."""


class BadLearningError(Exception):
    """The bytes are no part of what was learned, or one is missing."""


class Head(Struct):
    """What is known of all models: when the newest label was known, and how much was learned."""

    learned_until: int = 0
    examples: dict[Target, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)


class _Part(Struct, Generic[S]):
    version: int
    state: S


class _Version(Struct):
    version: int


_version = msgspec.json.Decoder(_Version)
_encoder = msgspec.json.Encoder()


def encode_part(state: object) -> bytes:
    """The same state gives the same bytes."""
    return _encoder.encode(_Part(VERSION, state))


def decode_part(parts: Mapping[str, bytes], name: str, kind: type[S]) -> S:
    """The part of this name.

    Raises UnknownLearningError where a newer version of the code wrote it, BadLearningError where
    it is missing or truncated.
    """
    if name not in parts:
        raise BadLearningError(_bad(f"the part {name} is missing"))
    try:
        version = _version.decode(parts[name]).version
        if version > VERSION:
            raise UnknownLearningError(
                f"the part {name} of what was learned has version {version}, and this program "
                f"reads versions up to {VERSION}: a newer one wrote it; start that one, "
                "docs/upgrading.md says how"
            )
        return msgspec.json.decode(parts[name], type=_Part[kind]).state  # type: ignore[valid-type]
    except msgspec.DecodeError as error:
        raise BadLearningError(_bad(f"the part {name}: {error}")) from error


def check_names(parts: Mapping[str, bytes], known: set[str]) -> None:
    """Raise UnknownLearningError for a part that only a newer version can have written."""
    if unknown := sorted(set(parts) - known):
        raise UnknownLearningError(
            f"parts of what was learned that this program does not know: {', '.join(unknown)}; a "
            "newer one wrote them; start that one, docs/upgrading.md says how"
        )


def _bad(fault: str) -> str:
    return f"what was learned cannot be read: {fault}; learn it again from the examples"
