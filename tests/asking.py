"""How tests ask the API: a client, tokens, and rows put into Postgres by the sink's own writer."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import jwt

from api.app import create_app
from api.routes import ENDPOINTS
from contracts.alert_event import encode_transition
from contracts.state_keys import PARTITION_KEY, course_key
from domain.alerts import Published
from domain.course_facts import CourseFacts
from domain.ids import partition_of
from domain.state.learner import Learner
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import encode_checkpoint, encode_facts, encode_learner
from runtime.clock import Clock, WallClock
from runtime.database import connect
from runtime.settings import Settings
from sinks.batch import newest_alerts, newest_states
from sinks.tables import write_alerts, write_states
from tests.sinking import T0, StoppedClock

PAGES = tuple(endpoint.name for endpoint in ENDPOINTS)


class Written(NamedTuple):
    """A record as the sink reads it."""

    key: bytes
    value: bytes
    offset: int = 0


def a_token(settings: Settings, user_id: str = "ada", **claims: Any) -> str:
    assert settings.jwt_secret is not None
    given = {
        "sub": user_id,
        "aud": settings.jwt_audience,
        "exp": WallClock().now() + 600,
        **claims,
    }
    kept = {name: value for name, value in given.items() if value is not None}
    return jwt.encode(kept, settings.jwt_secret.get_secret_value(), algorithm="HS256")


@asynccontextmanager
async def asking(
    settings: Settings, token: str | None = None, *, clock: Clock | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that runs in this process, with its background task."""
    app = create_app(settings, clock or StoppedClock(T0 + 120))
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client,
    ):
        yield client


async def store(
    settings: Settings,
    *states: Learner,
    checkpoints: Iterable[Checkpoint] = (),
    facts: Mapping[int, Iterable[CourseFacts]] | None = None,
    told: Iterable[Published] = (),
) -> None:
    """Put rows into Postgres as the sink does, without a stream."""
    written: dict[int, list[Written]] = {}
    for state in states:
        key = state.user_id.encode()
        partition = partition_of(key, settings.partitions)
        written.setdefault(partition, []).append(Written(key, encode_learner(state)))
    for partition, known in (facts or {}).items():
        found = [Written(course_key(each.course_id), encode_facts(each)) for each in known]
        written.setdefault(partition, []).extend(found)
    for checkpoint in checkpoints:
        found = [Written(PARTITION_KEY, encode_checkpoint(checkpoint))]
        written.setdefault(checkpoint.partition, []).extend(found)
    async with await connect(settings, "test") as connection, connection.transaction():
        for partition, batch in written.items():
            await write_states(connection, partition, newest_states(batch), T0)
        alerts = [Written(each.user_id.encode(), encode_transition(each)) for each in told]
        await write_alerts(connection, newest_alerts(alerts))
