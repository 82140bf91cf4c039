"""The rows of learners in courses as the sink writes them: with states, and with facts."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from contracts.state_keys import course_key
from domain.course_facts import Assessment, CourseFacts, Module
from domain.ids import partition_of, short_id
from domain.predictions import NUMBERS, Figure, Prediction
from domain.state.course import Course, Grade, Help, ModuleFact, Submission, Work
from domain.state.learner import Learner, OpenAlert, Severity
from domain.stored.codec import encode_facts, encode_learner
from domain.stored.course_rows import CourseRow, course_rows
from proof.tables import course_tuples, opened, read_tables
from runtime.database import connect
from runtime.settings import Settings
from sinks.batch import newest_states
from sinks.courses import list_partition
from sinks.position import Log, take_position
from sinks.tables import write_states
from tests.asking import Written, store
from tests.sinking import T0, TODAY, a_learner, rows

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ALGEBRA = CourseFacts(
    course_id="algebra",
    title="Algebra",
    modules=(Module(id="m1"), Module(id="m2")),
    assessments=(Assessment(id="quiz-1"), Assessment(id="quiz-2", weight=0)),
)
HOME = partition_of(b"ada", 4)


def an_alert(number: int, severity: Severity = "medium", **fields: Any) -> OpenAlert:
    given: dict[str, Any] = {
        "rule": "low_score",
        "revision": 1,
        "raised_at": T0 + number,
        "expires_at": T0 + 1000 + number,
        "at": T0,
        "course_id": "algebra",
        "subject": "quiz-1",
        "said": 0,
    }
    return OpenAlert(alert_id=UUID(int=number).bytes, severity=severity, **{**given, **fields})


def a_course(name: str = "algebra") -> Course:
    work = Work(
        short_id("quiz-1"),
        "quiz-1",
        submissions=[Submission(T0, TODAY)],
        grades=[Grade(T0 + 5, TODAY, 1, 0, 200 / 3)],
    )
    done = ModuleFact(short_id("m1"), T0, TODAY, done=True)
    helped = [Help(T0 + 7, "message"), Help(T0 + 9, "meeting")]
    return Course(name, enrolled_at=T0 - 9, first_at=T0, modules=[done], work=[work], helped=helped)


def ada(steps: int = 1, *courses: Course, **fields: Any) -> Learner:
    state = a_learner("ada", steps, days=[TODAY])
    state.courses = list(courses)
    for name, value in fields.items():
        setattr(state, name, value)
    return state


async def stored(settings: Settings) -> list[dict[str, Any]]:
    return await rows(
        settings, "SELECT *, xmin::text FROM learner_course ORDER BY course_id, user_id"
    )


def verified(settings: Settings, *states: Learner, facts: CourseFacts | None = ALGEBRA) -> None:
    """What stands in Postgres is what `verify` makes of the states."""
    known = {} if facts is None else {facts.course_id: facts}
    with opened(settings) as connection:
        for partition in range(settings.partitions):
            expected: dict[str, Any] = {}
            for state in states:
                if partition_of(state.user_id.encode(), settings.partitions) == partition:
                    expected |= course_tuples(encode_learner(state), known)
            assert read_tables(connection, partition, settings.partitions).courses == expected


async def test_a_row_says_what_the_state_and_the_facts_come_to(settings: Settings) -> None:
    state = ada(
        1,
        a_course(),
        alerts=[
            an_alert(1),
            an_alert(2, "high"),
            an_alert(3, "high", rule="missed_deadline"),
            an_alert(4, "high", suppressed=True),
            an_alert(5, "low", rule="missed_deadline"),
            an_alert(6, "high", course_id="geometry"),
            an_alert(7, "high", rule="of a newer program"),
        ],
        predictions=[
            Prediction(NUMBERS["next_missing"], "algebra", "quiz-2", T0, 1, [], Figure(410)),
            Prediction(NUMBERS["not_passing"], "algebra", None, T0, 1, [], Figure(640)),
        ],
    )
    state.streak.last_day = TODAY
    await store(settings, state, facts={HOME: [ALGEBRA]})
    (row,) = course_rows(state, {"algebra": ALGEBRA})
    assert row == CourseRow(
        course_id="algebra",
        user_id="ada",
        entered_at=T0 - 9,
        last_work_day=TODAY,
        next_missing=410,
        not_passing=640,
        attention=3,
        attention_since=T0 + 2,
        attention_until=T0 + 1003,
        categories=["low_score", "missed_deadline"],
        alerts=[str(UUID(int=number)) for number in (2, 3, 1)],
        contact_place=1_360,
        progress=50.0,
        average_score=200 / 3,
        score_count=1,
        scores=[200 / 3],
        settled=[short_id("quiz-1")],
        helped_at=T0 + 9,
        helped=["message", "meeting"],
    )
    verified(settings, state)
    (found,) = await stored(settings)
    assert (found["average_score"], found["partition"]) == (200 / 3, HOME)


async def test_rows_of_courses_that_were_left_go_and_new_ones_come(settings: Settings) -> None:
    await store(settings, ada(1, a_course(), a_course("geometry")), facts={HOME: [ALGEBRA]})
    left = a_course("geometry")
    left.unenrolled_at = T0 + 1
    later = ada(2, a_course(), left, a_course("logic"))
    await store(settings, later)
    verified(settings, later)
    assert [row["course_id"] for row in await stored(settings)] == ["algebra", "logic"]


async def test_an_older_state_and_a_repeated_one_change_nothing(settings: Settings) -> None:
    newest = ada(5, a_course())
    await store(settings, newest, facts={HOME: [ALGEBRA]})
    before = await stored(settings)
    await store(settings, ada(4, a_course("geometry")))
    await store(settings, newest)
    assert await stored(settings) == before


async def test_what_does_not_change_is_not_written(settings: Settings) -> None:
    await store(settings, ada(1, a_course()), facts={HOME: [ALGEBRA]})
    before = await stored(settings)
    await store(settings, ada(2, a_course()), facts={HOME: [ALGEBRA]})
    assert await stored(settings) == before


async def test_facts_that_come_later_change_the_rows_of_their_course(settings: Settings) -> None:
    other = a_learner("ben", 1)
    other.courses = [a_course("geometry")]
    state = ada(1, a_course())
    await store(settings, state, other)
    (found, _) = await stored(settings)
    assert found["progress"] is None
    await store(settings, facts={HOME: [ALGEBRA]})
    verified(settings, state, other)
    (found, untouched) = await stored(settings)
    assert (found["progress"], untouched["progress"]) == (50.0, None)


async def test_a_learner_who_is_forgotten_is_in_no_course(settings: Settings) -> None:
    await store(settings, ada(1, a_course()))
    async with await connect(settings, "test") as connection:
        await write_states(connection, HOME, newest_states([Written(b"ada", None)]), T0)  # type: ignore[arg-type]
    assert await stored(settings) == []


async def test_rows_that_an_older_program_left_out_are_made_once(settings: Settings) -> None:
    state = ada(3, a_course())
    await store(settings, state, facts={HOME: [ALGEBRA]})
    await rows(settings, "DELETE FROM learner_course RETURNING 1")
    await rows(settings, "INSERT INTO unlisted VALUES (%s) RETURNING 1", HOME)
    async with await connect(settings, "test") as connection:
        position = await take_position(connection, Log("progress.state", HOME, "id", 0, 9))
        assert await list_partition(connection, position)
        assert not await list_partition(connection, position)
    verified(settings, state)


async def test_what_is_wrong_in_a_row_is_found_out(settings: Settings) -> None:
    state = ada(1, a_course())
    await store(settings, state, facts={HOME: [ALGEBRA]})
    await rows(settings, "UPDATE learner_course SET progress = 51 RETURNING 1")
    with pytest.raises(AssertionError):
        await asyncio.to_thread(verified, settings, state)


def test_the_key_of_a_course_is_no_learner() -> None:
    assert newest_states([Written(course_key("algebra"), encode_facts(ALGEBRA))]).decoded == []
