"""What lists of a course cost: each read at 2,000 and 100,000 learners, and the sink's writes."""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final
from unittest.mock import patch

from benchmarks.api import a_postgres, a_server, settings_of
from benchmarks.api_load.clients import Load, ask, in_turn, load, request
from benchmarks.api_load.rows import Row, write_rows
from benchmarks.machine import heading
from benchmarks.stack import a_folder
from devstack.environment import PROGRAM
from domain.state.learner import Learner
from domain.stored.codec import decode_learner, encode_learner
from feeds.simulate import Simulation
from operations.token import issue
from runtime.clock import WallClock
from runtime.database import connect
from runtime.settings import Settings
from sinks.batch import newest_states
from sinks.tables import write_states

SIZES: Final = {"small": 2_000, "large": 100_000}
PLAN: Final = Simulation(learners=30, days=60, seed=1, until=1_760_000_000)
BATCH: Final = 1_000
READS: Final = {
    "course": "/api/v1/courses/{}",
    "learners, contact": "/api/v1/courses/{}/learners",
    "learners, 100 of them": "/api/v1/courses/{}/learners?limit=100",
    "learners, quiet": "/api/v1/courses/{}/learners?sort=quiet",
    "learners, progress": "/api/v1/courses/{}/learners?sort=progress",
    "learners, score": "/api/v1/courses/{}/learners?sort=score",
    "learners, one in a thousand": "/api/v1/courses/{}/learners?category=at_risk",
    "learners, nobody": "/api/v1/courses/{}/learners?score_max=1",
}
_FILL: Final = """
INSERT INTO learner (user_id, partition, steps, state, course_ids, last_event_at, first_day,
    activities, seconds, posts, timed, updated_at)
SELECT %(course)s || '-' || n, 0, 1, '', ARRAY[%(course)s], %(now)s, %(today)s - 29,
    array_fill(2, ARRAY[30]), array_fill(600, ARRAY[30]), array_fill(0, ARRAY[30]),
    array_fill(2, ARRAY[30]), %(now)s
FROM generate_series(1, %(size)s) AS n
"""
_FILL_COURSE: Final = """
INSERT INTO learner_course
SELECT course, user_id, 0, now - 9000000, today - (hash %% 30)::integer,
    CASE WHEN hash %% 10 < 6 THEN hash %% 700 END, CASE WHEN hash %% 3 = 0 THEN hash %% 900 END,
    attention, CASE WHEN attention > 0 THEN now - hash %% 800000 ELSE 0 END,
    CASE WHEN attention > 0 THEN now + hash %% 900000 - 90000 ELSE 0 END,
    CASE WHEN hash %% 1000 = 7 THEN ARRAY['at_risk'] WHEN attention > 0 THEN ARRAY['low_score']
        ELSE ARRAY[]::text[] END,
    ARRAY[]::uuid[],
    CASE WHEN hash %% 10 < 6 AND hash %% 700 >= 500 THEN 1000 - hash %% 700
        WHEN hash %% 3 = 0 AND hash %% 900 >= 600 THEN 2000 - hash %% 900
        WHEN attention > 0 THEN 2000 - attention ELSE 3000 END,
    (hash %% 1000) / 10.0, CASE WHEN hash %% 8 > 0 THEN 2 + (hash %% 970) / 10.0 END, 8,
    ARRAY[61, 72, 55, 80, 40, 66, 71, 59.5], ARRAY[1, 2, 3, 4, 5, 6],
    CASE WHEN hash %% 50 = 1 THEN now - hash %% 5000000 END, ARRAY[]::text[]
FROM (
    SELECT %(course)s AS course, %(course)s || '-' || n AS user_id, %(now)s::bigint AS now,
        %(today)s::integer AS today, abs(hashtext(n::text))::bigint AS hash,
        (CASE WHEN abs(hashtext('a' || n)) %% 12 < 2 THEN 1 + abs(hashtext('a' || n)) %% 3
            ELSE 0 END)::smallint AS attention
    FROM generate_series(1, %(size)s) AS n
) AS made
"""


def main(arguments: list[str]) -> None:
    """Print milliseconds of each read by the course's size, and of a batch of the sink."""
    parser = argparse.ArgumentParser(prog="benchmarks courses", description=__doc__)
    parser.add_argument("--requests", type=int, default=100, help="of each kind (100)")
    parser.add_argument("--rounds", type=int, default=10, help="of batches of each kind (10)")
    options = parser.parse_args(arguments)
    print(heading())
    busy = os.getloadavg()[0]
    with a_folder() as folder, a_postgres(folder) as database:
        settings = settings_of(database)
        users = asyncio.run(write_rows(settings, PLAN))
        written = asyncio.run(_written(settings, options.rounds))
        asyncio.run(_fill(settings))
        read = asyncio.run(_read(settings, users, folder, options.requests))
    print("\n" + "\n".join(_write_table(written)))
    print("\n" + "\n".join(_read_table(read)))
    print(f"\nload average before the start: {busy:.1f} (what else ran on this machine)")


# -- the sink ------------------------------------------------------------------------------------


async def _written(settings: Settings, rounds: int) -> Mapping[str, list[float]]:
    """Milliseconds of a batch of 1,000 states: without rows of courses, with them, round by round.

    `unchanged` is what most events do to such rows: nothing.
    """
    found: dict[str, list[float]] = {"without": [], "unchanged": [], "changed": []}
    async with await connect(settings, "benchmark") as connection:
        cursor = await connection.execute("SELECT state FROM learner ORDER BY user_id")
        kept = [row[0] for row in await cursor.fetchall()]
        for number in range(rounds + 1):
            for place, kind in enumerate(found):
                steps = 100_000 + 10 * number + place
                day = steps if kind == "changed" else 0
                states = [_a_state(kept, n, steps, day=day) for n in range(BATCH)]
                records = [Row(each.user_id.encode(), encode_learner(each)) for each in states]
                began = time.perf_counter()
                batch = newest_states(records)
                async with connection.transaction():
                    if kind == "without":
                        with patch("sinks.tables.write_courses", _nothing):
                            await write_states(connection, 0, batch, steps)
                    else:
                        await write_states(connection, 0, batch, steps)
                if number:  # the first round inserts
                    found[kind].append(1000 * (time.perf_counter() - began))
    return found


async def _nothing(*_: object) -> set[str]:
    """In the place of what writes rows of courses: no course has others."""
    return set()


def _a_state(kept: list[bytes], number: int, steps: int, *, day: int) -> Learner:
    """One of a thousand learners, each like one of the simulated ones."""
    state = decode_learner(kept[number % len(kept)])
    state.user_id, state.steps = f"writes-{number}", steps
    if day:
        state.streak.last_day = day
    return state


# -- the reads -----------------------------------------------------------------------------------


async def _fill(settings: Settings) -> None:
    """Made-up rows of a small and a large course, with every part of the contact order in them."""
    now = PLAN.until
    given = {"now": now, "today": now // 86_400 + 719_163}
    async with await connect(settings, "benchmark") as connection:
        for course, size in SIZES.items():
            for statement in (_FILL, _FILL_COURSE):
                await connection.execute(statement, {**given, "course": course, "size": size})
        await connection.execute("VACUUM ANALYZE")


async def _read(
    settings: Settings, users: list[str], folder: Path, count: int
) -> Mapping[tuple[str, str], Load]:
    """How long each read took, by its name and the course."""
    token = issue(
        settings,
        user="teacher",
        scope="courses:read",
        lifetime=timedelta(hours=1),
        clock=WallClock(),
        courses="*",
    )
    headers = {"Authorization": f"Bearer {token}"}
    found: dict[tuple[str, str], Load] = {}
    with a_server((*PROGRAM, "api"), settings, folder / "api.log") as server:
        port = settings.api_port
        paths: dict[tuple[str, str], str] = {
            (name, course): path.format(course) for name, path in READS.items() for course in SIZES
        }
        for course in SIZES:
            last = await _last_page(port, headers, course)
            paths["learners, page 20", course] = last
        paths["courses", "small"] = "/api/v1/courses?limit=1"
        paths["one learner", "small"] = await _a_learner(settings, users)
        for key, path in paths.items():
            asked = [request(path, headers)]
            await load(server, port, in_turn(asked, 3), 200, 1)
            found[key] = await load(server, port, in_turn(asked, count), 200, 1)
    return found


async def _last_page(port: int, headers: Mapping[str, str], course: str) -> str:
    """The path of the twentieth page in the contact order."""
    path = cursor = f"/api/v1/courses/{course}/learners?limit=100"
    for _ in range(19):
        answer = await ask(port, request(cursor, headers))
        more = json.loads(answer.body)["next_cursor"]
        if more is None:
            return cursor
        cursor = f"{path}&cursor={more}"
    return cursor


async def _a_learner(settings: Settings, users: list[str]) -> str:
    """The path of a simulated learner in a course."""
    async with await connect(settings, "benchmark") as connection:
        cursor = await connection.execute(
            "SELECT course_id, user_id FROM learner_course WHERE user_id = ANY(%s) LIMIT 1",
            (users,),
        )
        row = await cursor.fetchone()
    assert row is not None, "a simulated learner is in a course"
    return f"/api/v1/courses/{row[0]}/learners/{row[1]}"


# -- tables --------------------------------------------------------------------------------------


def _write_table(written: Mapping[str, list[float]]) -> Iterator[str]:
    yield f"a batch of {BATCH} states: ms, median of {len(written['without'])} (ratio to without)"
    base = statistics.median(written["without"])
    for kind, times in written.items():
        middle = statistics.median(times)
        yield f"{'rows of courses ' + kind:<26} {middle:>7.1f}  {middle / base:>5.2f}"


def _read_table(read: Mapping[tuple[str, str], Load]) -> Iterator[str]:
    titles = "".join(f" | {size:>7,}: p50    p99" for size in SIZES.values())
    yield f"{'ms':<30}{titles}"
    for name in dict.fromkeys(name for name, _ in read):
        cells = [_cell(read[name, course]) if (name, course) in read else "" for course in SIZES]
        yield f"{name:<30} | " + " | ".join(cells)


def _cell(found: Load) -> str:
    cuts = statistics.quantiles(found.times, n=100)
    return f"{1000 * cuts[49]:>12.1f} {1000 * cuts[98]:>6.1f}"
