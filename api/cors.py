"""Which other origins may read the API with a bearer token: none but those that are named."""

import re
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from runtime.errors import UsageError
from runtime.settings import Settings

_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_MAX_AGE_SECONDS: Final = 600


def allow_origins(app: FastAPI, settings: Settings) -> None:
    """Let the origins of the settings in, without cookies; raises UsageError for what is none."""
    if origins := _origins(settings.cors_origins):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "HEAD"),
            allow_headers=("Authorization", "If-None-Match"),
            expose_headers=("ETag", "Retry-After"),
            allow_credentials=False,
            max_age=_MAX_AGE_SECONDS,
        )


def _origins(text: str) -> list[str]:
    found = [origin.strip() for origin in text.split(",") if origin.strip()]
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise UsageError(
                f"LEARNSTREAM_CORS_ORIGINS: {origin!r} is not an origin; expected a comma list "
                "such as https://app.example.org,http://localhost:5173, without paths"
            )
    return found
