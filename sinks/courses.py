"""The rows of learners in courses: written with the learner's own row, or the course's facts."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from psycopg import AsyncConnection

from domain.course_facts import CourseFacts
from domain.state.learner import Learner
from domain.stored.codec import decode_facts, decode_learner
from domain.stored.course_rows import CourseRow, course_rows
from sinks.batch import number_array, text_array
from sinks.position import SQL, Position

CHUNK: Final = 1_000
"""So many states are decoded at a time: about a third of a second."""
FACTS_HELD: Final = 1_000


async def write_courses(
    connection: AsyncConnection, partition: int, states: Sequence[Learner], changed: Sequence[str]
) -> set[str]:
    """Write the rows of these learners, whose own rows stand, and of all in the `changed` courses.

    Of whom there is a newer state nothing is written. Returns the courses whose rows are others.
    """
    written = await _write(connection, partition, states)
    if changed:
        written |= await _again(connection, partition, "states_in_courses", changed)
    return written


async def list_partition(connection: AsyncConnection, position: Position) -> bool:
    """Make the rows of a partition that an older program wrote; False where they are there.

    One transaction, which holds the position of its states: nobody else writes meanwhile.
    """
    async with connection.transaction():
        given = {"topic": position.topic, "partition": position.partition}
        await connection.execute(SQL["hold_position"], given)
        cursor = await connection.execute(SQL["unlisted"], given)
        if await cursor.fetchone() is None:
            return False
        await _again(connection, position.partition, "next_states", ())
    return True


async def _again(
    connection: AsyncConnection, partition: int, statement: str, course_ids: Sequence[str]
) -> set[str]:
    """Write the rows of the learners that a statement finds, some at a time, from their states."""
    after, written = "", set[str]()
    while True:
        given = {"partition": partition, "course_id": list(course_ids), "after": after}
        cursor = connection.cursor(binary=True)
        await cursor.execute(SQL[statement], {**given, "limit": CHUNK})
        found = await cursor.fetchall()
        if not found:
            return written
        after = found[-1][0]
        written |= await _write(
            connection, partition, [decode_learner(state) for _, state in found]
        )


async def _write(
    connection: AsyncConnection, partition: int, states: Sequence[Learner]
) -> set[str]:
    """Write the rows of these learners; returns the courses of which any has changed."""
    written = set[str]()
    if not states:
        return written
    facts = await _facts(connection, partition, states)
    left = sorted(state.user_id for state in states if _may_have_left(state))
    if left:
        cursor = await connection.execute(SQL["leave_courses"], {"user_id": left})
        written |= {course_id for (course_id,) in await cursor.fetchall()}
    steps = {state.user_id: state.steps for state in states}
    rows = [row for state in states for row in course_rows(state, facts)]
    rows.sort(key=lambda row: row[:2])  # in one order, so that two writers never deadlock
    if rows:
        given = {"partition": partition, "steps": [steps[row.user_id] for row in rows]}
        cursor = await connection.execute(SQL["write_courses"], course_columns(rows) | given)
        written |= {course_id for (course_id,) in await cursor.fetchall()}
    return written


def _may_have_left(state: Learner) -> bool:
    """Whether any course was ever left or over: most learners have none to take a row away of."""
    closed = any(not course.is_open for course in state.courses)
    return closed or bool(state.finished or state.overflow.courses)


async def _facts(
    connection: AsyncConnection, partition: int, states: Iterable[Learner]
) -> dict[str, CourseFacts]:
    """What the partition adopted of the open courses of these learners, as it stands now."""
    course_ids = {course.course_id for state in states for course in state.open_courses}
    given = {"partition": partition, "course_id": sorted(course_ids)}
    cursor = connection.cursor(binary=True)
    await cursor.execute(SQL["facts_of_courses"], given)
    return {course_id: _decoded(facts) for course_id, facts in await cursor.fetchall()}


@lru_cache(FACTS_HELD)
def _decoded(facts: bytes) -> CourseFacts:
    """Facts, decoded once however many batches need them."""
    return decode_facts(facts)


def course_columns(rows: Sequence[CourseRow]) -> dict[str, list[object]]:
    """The columns of `write_courses`, in the order of `rows`."""
    columns: dict[str, list[object]] = {
        name: [getattr(row, name) for row in rows] for name in CourseRow._fields
    }
    return columns | {
        "categories": [text_array(row.categories) for row in rows],
        "alerts": [text_array(row.alerts) for row in rows],
        "scores": [number_array(row.scores) for row in rows],
        "settled": [number_array(row.settled) for row in rows],
        "helped": [text_array(row.helped) for row in rows],
    }
