"""The file with the thresholds of rules that an operator sets."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.configuration import Configuration, configured
from domain.events.json_objects import Problem, parse_object, standing_twice
from runtime.errors import UsageError


def read_rules(file: Path, place: str) -> Configuration:
    """What a file sets: TOML, or JSON where its name ends in `.json`.

    Raises UsageError, which begins with `place`, where it cannot be read or says what cannot be.
    """
    try:
        data = file.read_bytes()
        return configured(_json(data) if file.suffix == ".json" else tomllib.loads(_text(data)))
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from error


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error


def _json(data: bytes) -> Mapping[str, Any]:
    match parse_object(data):
        case Problem(detail=detail):
            raise ValueError(detail)
        case found if (name := standing_twice(found)) is not None:
            raise ValueError(f"{name} stands twice in one table, expected once")
        case found:
            return found
