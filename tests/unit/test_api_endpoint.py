"""What an endpoint must say of itself, and what it refuses before anything is read."""

import time
from dataclasses import replace
from typing import Annotated

import pytest
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH
from pydantic import Field

from api.endpoint import Endpoint, PageQuery
from api.parameters import Allowed
from api.routes import ENDPOINTS
from api.rows import ANSWER_WITH_ALERTS
from runtime.settings import Settings
from tests.asking import a_token, asking


class Mute(PageQuery):
    """A parameter of which a refusal could not say what is allowed."""

    days: Annotated[int, Field(ge=1)] = 1


class Telling(PageQuery):
    """The same with it."""

    days: Annotated[int, Field(ge=1), Allowed("1 or more")] = 1


def test_a_parameter_without_what_it_allows_is_found_before_anybody_asks() -> None:
    assert isinstance(replace(ENDPOINTS[0], query=Telling), Endpoint)
    with pytest.raises(AssertionError, match="days"):
        replace(ENDPOINTS[0], query=Mute)


async def test_a_flood_of_parameters_is_refused_in_time_that_grows_with_it() -> None:
    given = {
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DATABASE_URL": "postgresql://none@127.0.0.1:1/none",
        "jwt_secret": "s" * 32,
    }
    settings = Settings.model_validate(given)
    async with asking(settings, a_token(settings)) as client:
        await client.get("/api/v1/progress/predictive-analytics?a")
        began = time.process_time()
        flood = "&".join(["a"] * 32_000)
        answer = await client.get(f"/api/v1/progress/predictive-analytics?{flood}")
        spent = time.process_time() - began
    assert answer.status_code == 422
    assert spent < 3  # each name held against all others: ten times as long


def test_the_longest_statement_is_short_enough_for_psycopg_to_keep_what_it_makes_of_it() -> None:
    assert len(ANSWER_WITH_ALERTS) <= MAX_CACHED_STATEMENT_LENGTH
