"""A command's settings, read once; what is wrong is said in one line that names the variable."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.zones import is_zone
from runtime.errors import UsageError
from runtime.settings import PREFIX, Settings, is_secret, variable

OTHERS: Final = frozenset(
    {
        "LEARNSTREAM_CACHE",  # where `up` keeps downloads
        "LEARNSTREAM_DATA",  # where the tests find OULAD
        "LEARNSTREAM_KAFKA_PORT",  # these three are for docker-compose.yml
        "LEARNSTREAM_POSTGRES_PORT",
        "LEARNSTREAM_WORKERS",
    }
)
"""Variables of ours that are no settings of a process."""

_EXPECTED: Final = {
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "literal_error": "{expected}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_pattern_mismatch": "text of the form {pattern}",
    "value_error": "{error}",
}


def read_settings(env_file: Path | None = None, **given: object) -> Settings:
    """The environment's settings, then those of a file of `NAME=value` lines; `given` goes first.

    Raises UsageError, without the value of a secret, where a variable is unknown or has a value
    that cannot be.
    """
    _refuse_unknown(os.environ)
    values: Any = given
    try:
        settings = Settings(_env_file=env_file, **values)
    except ValidationError as error:
        # Not chained: the cause holds the values.
        raise UsageError("; ".join(_problem(item) for item in error.errors())) from None
    if not is_zone(settings.timezone):
        raise UsageError(_said("timezone", settings.timezone, "an IANA zone, such as UTC"))
    return settings


def _refuse_unknown(names: Iterable[str]) -> None:
    known = {variable(field) for field in Settings.model_fields} | OTHERS
    ours = {name for name in names if name.upper().startswith(PREFIX)}
    if unknown := sorted(name for name in ours if name.upper() not in known):
        (nearest,) = get_close_matches(unknown[0].upper(), known, n=1, cutoff=0.0)
        raise UsageError(f"{unknown[0]} is not a setting of learnstream; the nearest is {nearest}")


def _problem(item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    if not item["loc"]:
        return str(context.get("error", item["msg"]))
    name = str(item["loc"][0])
    fields = {variable(field): field for field in Settings.model_fields}
    field = fields.get(name, name)
    if item["type"] == "missing":
        return f"{variable(field)} is not set"
    expected = _EXPECTED.get(item["type"], item["msg"]).format(**context)
    return _said(field, item["input"], expected)


def _said(field: str, seen: object, expected: str) -> str:
    shown = f"seen {seen!r}, expected"
    # What has an `@` may be a URL with a password in it, whatever the field.
    if is_secret(field) or "@" in str(seen):
        shown = "what was seen is not shown, expected" if str(seen) else "seen nothing, expected"
    return f"{variable(field)}: {shown} {expected}"
