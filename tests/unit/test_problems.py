"""Every problem of the API is in the table for those who call it."""

from http import HTTPStatus

import httpx
from fastapi import FastAPI

from api import problems
from tests.behaviour.test_docs import rows
from tests.schemas import ROOT

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def an_application() -> FastAPI:
    """It meets a problem of each kind."""
    app = FastAPI(redirect_slashes=False)
    problems.install(app, {})
    raised = [
        problems.unauthorized("x"),
        problems.forbidden("x", "a:scope"),
        problems.not_found("x"),
        problems.invalid_parameter(),
        problems.unavailable("x"),
        problems.busy("x"),
        ValueError("a defect"),
    ]

    @app.get("/{number}")
    async def meet(number: int) -> None:
        raise raised[number]

    return app


async def test_the_table_of_problems_is_that_of_the_code() -> None:
    transport = httpx.ASGITransport(an_application(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        answers = [await client.get(f"/{number}") for number in range(7)]
        answers.append(await client.post("/1"))
    met = {answer.json()["code"]: answer for answer in answers}
    table = {row[0].strip("`"): row for row in rows(OPERATIONS, "code")}
    assert set(table) == set(met)
    for code, (_, status, meaning) in table.items():
        assert int(status) == met[code].status_code
        assert HTTPStatus(int(status)).phrase == met[code].json()["title"]
        after = met[code].headers.get("retry-after")
        assert (f"`Retry-After` ({after} s)" in meaning) == (after is not None), code
