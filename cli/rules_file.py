"""The file with the thresholds of rules that an operator sets."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from domain.configuration import Configuration, configured
from runtime.errors import UsageError


def read_rules(file: Path, place: str) -> Configuration:
    """What a file sets: TOML, or JSON where its name ends in `.json`.

    Raises UsageError, which begins with `place`, where it cannot be read or says what cannot be.
    """
    try:
        text = file.read_bytes().decode()
        given = msgspec.json.decode(text) if file.suffix == ".json" else tomllib.loads(text)
        return configured(msgspec.convert(given, dict[str, Any]))
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}") from error
    except (ValueError, msgspec.DecodeError) as error:
        raise UsageError(f"{place}: {error}") from error
