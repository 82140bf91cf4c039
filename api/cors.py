"""Which other origins may use the API with a bearer token: none but those that are named."""

from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from runtime.settings import Settings

_MAX_AGE_SECONDS: Final = 600


def allow_origins(app: FastAPI, settings: Settings) -> None:
    """Let the origins of the settings in, without cookies."""
    named = settings.cors_origins.split(",")
    if origins := [origin.strip() for origin in named if origin.strip()]:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "If-None-Match"),
            expose_headers=("ETag", "Retry-After"),
            allow_credentials=False,
            max_age=_MAX_AGE_SECONDS,
        )
