"""`.env.example`, made of `runtime/settings.py`: `python -m tests.env_example > .env.example`."""

import sys
from typing import Final, Literal, get_args, get_origin

from runtime.settings import Settings, is_secret, variable

HEAD: Final = """\
# Every setting of learnstream with its default. Made of runtime/settings.py by
# python -m tests.env_example > .env.example
#
# Copy what you need to a file of your own, and load it: set -a; . ./FILE; set +a
# Docker Compose reads a file `.env` beside it by itself, and needs POSTGRES_PASSWORD,
# LEARNSTREAM_READER_PASSWORD and LEARNSTREAM_JWT_SECRET.
"""


def env_example() -> str:
    """The whole file: for each setting its sentence, its values where they are few, its default."""
    return HEAD + "".join(_entry(field) for field in Settings.model_fields)


def _entry(field: str) -> str:
    info = Settings.model_fields[field]
    default = "" if info.is_required() or info.default is None else info.default
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    secret = "A secret. " if is_secret(field) else ""
    values = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
    among = f" One of {', '.join(values)}." if values else ""
    return f"\n# {secret}{info.description}{among}\n#{variable(field)}={shown}\n"


if __name__ == "__main__":
    sys.stdout.write(env_example())
