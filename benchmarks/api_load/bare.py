"""The least that answers of a learner: FastAPI, a pool of psycopg, one row, a small JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from psycopg_pool import AsyncConnectionPool

from api.metrics import ApiMetrics
from api.reads import POOL_SIZE
from api.server import Server, connections_max, listen
from cli.settings import read_settings
from runtime.database import database_url
from runtime.process import raise_file_limit, settle_memory

PATH = "/learners/"


def create_app(database: str) -> FastAPI:
    """One endpoint, as the documentations of FastAPI and psycopg show it; no token is asked for."""
    pool = AsyncConnectionPool(
        database,
        kwargs={"autocommit": True},
        min_size=POOL_SIZE,
        max_size=POOL_SIZE,
        open=False,
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get(PATH + "{user_id}")
    async def read(user_id: str) -> dict[str, str | int]:
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT steps, state FROM learner WHERE user_id = %s", (user_id,)
            )
            row = await cursor.fetchone()
        if row is None:
            raise HTTPException(404)
        return {"user_id": user_id, "steps": row[0], "bytes": len(row[1])}

    return app


def main() -> None:
    """Serve it as the read API is served, with the settings of the environment, until SIGTERM."""
    settings = read_settings()
    with listen(settings) as listener:
        settle_memory()
        app = create_app(database_url(settings))
        server = Server(app, ApiMetrics(), limit=connections_max(raise_file_limit()))
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
