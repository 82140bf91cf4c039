"""The file with the thresholds of rules that an operator sets."""

from pathlib import Path

import msgspec

from domain.configuration import Configuration, Rules
from runtime.errors import UsageError


def read_rules(file: Path, place: str) -> Configuration:
    """What a file sets; raises UsageError, which begins with `place`, where that cannot be."""
    try:
        rules: Rules = msgspec.json.decode(file.read_bytes(), type=Rules)
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{place}: {error}") from error
    return Configuration(rules=rules)
