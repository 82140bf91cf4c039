"""The rows of one answer, and the statement that reads them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Generic, LiteralString, NamedTuple, TypeVar

from psycopg.rows import namedtuple_row

from api.alert_query import AlertQuery
from api.alert_rows import (
    AlertRows,
    alert_parameters,
    alert_rows,
    courses_of_alerts,
    models_of_alerts,
)
from api.bounded import HELD_MAX, Bounded
from api.pending import NOTHING, Pending
from api.snapshots import SQL, Connection, LearnedUntil, Snapshots
from domain.configuration import Configuration, adopted
from domain.course_facts import CourseFacts
from domain.keepers.recent import newest
from domain.state.learner import Learner
from domain.stored.checkpoint import Checkpoint
from domain.stored.codec import decode_checkpoint, decode_facts, decode_learner
from metrics.view import Cohort, CohortCourse, Models

ANSWER_WITH_ALERTS: Final[LiteralString] = SQL["answer"] + " " + SQL["alerts"]
ANSWER_WITH_MODELS: Final[LiteralString] = SQL["answer"] + " " + SQL["models"]
ANSWER_WITH_BOTH: Final[LiteralString] = ANSWER_WITH_ALERTS + " " + SQL["models"]
"""In this order: what is joined first multiplies what Postgres takes the rest to cost."""
Value = TypeVar("Value")

_COHORT_FIGURES: Final = tuple(each.name for each in fields(CohortCourse))[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All that one answer is made of, from one moment."""

    user_id: str
    partition: int
    state: Learner | None
    checkpoint: Checkpoint | None
    configuration: Configuration
    facts: dict[str, CourseFacts]
    facts_version: str
    cohort: Cohort | None
    cohort_version: tuple[int, ...]
    newest_transition: tuple[int | None, ...]
    alerts: AlertRows
    models: Models | None = None  # None: not asked for
    pending: Pending = NOTHING
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose rows, in which partition, and at what time unless the stream says it.

    `models` is whether the answer says what the models say.
    """

    user_id: str
    partition: int
    now: int
    stream: bool
    query: AlertQuery | None = None
    models: bool = False


class Held(NamedTuple, Generic[Value]):
    """What was decoded of a row of this version."""

    version: str
    value: Value


class Known(NamedTuple):
    """A learner's state, and every course that it names."""

    state: Learner
    courses: frozenset[str]


class Facts(NamedTuple):
    """A course's facts, and the bytes that they were decoded from, which the ETag is made of."""

    facts: CourseFacts
    data: bytes


class RowReader:
    """Reads the rows of answers, one snapshot each, and holds what it decoded by its version.

    All rows of an answer are from one moment: one statement reads them. What is held counts as read
    by that statement, because it says which version of the row it found: a row that was written
    again has another one. Versions are those of one database: make a new reader for another.

    A statement must name the courses whose facts it reads, and they stand in the state and in the
    alerts. It takes the open ones from a column, and those that the learner's last answer named;
    where more are needed, it is made once more, with them, and only its rows count.
    """

    def __init__(self) -> None:
        self._learners: Bounded[str, Held[Known]] = Bounded(HELD_MAX)
        self._facts: Bounded[tuple[int, str], Held[Facts]] = Bounded(HELD_MAX)
        self._checkpoints: dict[int, Held[Checkpoint]] = {}
        self._courses: Bounded[tuple[str, AlertQuery | None], frozenset[str]] = Bounded(HELD_MAX)
        self._snapshots = Snapshots()
        self._learned = LearnedUntil()

    async def read(self, connection: Connection, asked: Asked) -> Rows:
        """The rows of one answer.

        Raises psycopg's errors, UnknownVersionError and msgspec.DecodeError.
        """
        named = self._courses.get((asked.user_id, asked.query), frozenset())
        while True:
            found, needed = await self._read(connection, asked, named)
            if found is not None:
                self._courses.put((asked.user_id, asked.query), needed)
                found = await self._with_snapshots(connection, found)
                return await self._with_times(connection, found)
            named = needed

    async def _read(
        self, connection: Connection, asked: Asked, named: frozenset[str]
    ) -> tuple[Rows | None, frozenset[str]]:
        """The rows, None where not all courses were named that they need; and those courses."""
        learner = self._learners.get(asked.user_id)
        checkpoint = self._checkpoints.get(asked.partition)
        facts = {
            course_id: held
            for course_id in named
            if (held := self._facts.get((asked.partition, course_id))) is not None
        }
        given = {
            "user_id": asked.user_id,
            "partition": asked.partition,
            "learner_version": "" if learner is None else learner.version,
            "checkpoint_version": "" if checkpoint is None else checkpoint.version,
            "course_ids": list(named),
            "held_facts": [f"{held.version} {course_id}" for course_id, held in facts.items()],
        }
        row = await _run(connection, asked, given)
        learner = self._learner(asked.user_id, row, learner)
        alerts = alert_rows(row) if asked.query is not None else AlertRows()
        needed = courses_of_alerts(alerts)
        if learner is not None:
            needed |= learner.value.courses
        if not needed <= named.union(row.open_courses or ()):
            return None, needed
        checkpoint = self._checkpoint(asked.partition, row, checkpoint)
        facts = self._facts_of(asked.partition, needed, row, facts)
        known = None if checkpoint is None else checkpoint.value
        rows = Rows(
            user_id=asked.user_id,
            partition=asked.partition,
            state=None if learner is None else learner.value.state,
            checkpoint=known,
            configuration=adopted("" if known is None else known.configuration),
            facts={course_id: held.value.facts for course_id, held in facts.items()},
            facts_version=digest(held.value.data for held in facts.values()),
            cohort=_cohort(needed, row),
            cohort_version=() if row.as_of is None else (row.as_of, row.version),
            newest_transition=(
                *(row.alerts, row.revisions, row.updated_at, row.acknowledged, row.feedback),
            ),
            alerts=alerts,
            models=_models(known, row) if asked.models else None,
        )
        return rows, needed

    async def _with_snapshots(self, connection: Connection, rows: Rows) -> Rows:
        """The rows with the snapshots that they name; one more statement where a number is new."""
        models = rows.models
        if models is None:
            return rows
        numbers = {models.adopted, models.newest}
        numbers |= {made.model for made in (rows.state.predictions if rows.state else ())}
        snapshots = await self._snapshots.read(connection, numbers - {0})
        return replace(rows, models=replace(models, snapshots=snapshots))

    async def _with_times(self, connection: Connection, rows: Rows) -> Rows:
        """The rows with until when the models had learned that alerts name; likewise."""
        numbers = models_of_alerts(rows.alerts)
        if not numbers:
            return rows
        learned = await self._learned.read(connection, numbers)
        return replace(rows, alerts=replace(rows.alerts, learned=learned))

    def _learner(self, user_id: str, row: Any, held: Held[Known] | None) -> Held[Known] | None:
        if row.learner_version is None:
            return None
        if row.state is not None:
            state = decode_learner(row.state)
            held = Held(row.learner_version, Known(state, courses_of(state)))
        assert held is not None, "a state that is not sent is one that is held"
        self._learners.put(user_id, held)
        return held

    def _checkpoint(
        self, partition: int, row: Any, held: Held[Checkpoint] | None
    ) -> Held[Checkpoint] | None:
        if row.checkpoint_version is None:
            return None
        if row.record is not None:
            held = Held(row.checkpoint_version, decode_checkpoint(row.record))
            self._checkpoints[partition] = held
        return held

    def _facts_of(
        self,
        partition: int,
        needed: frozenset[str],
        row: Any,
        held: Mapping[str, Held[Facts]],
    ) -> dict[str, Held[Facts]]:
        """The facts of the courses that are needed, as far as there are any, by course."""
        found = {}
        columns = row.facts_courses or (), row.facts_versions or (), row.facts or ()
        for course_id, version, data in sorted(zip(*columns, strict=True)):
            if course_id in needed:
                one = held[course_id] if data is None else _held_facts(version, data)
                self._facts.put((partition, course_id), one)
                found[course_id] = one
        return found


def courses_of(state: Learner) -> frozenset[str]:
    """Every course that an answer about this state may have to name."""
    found = {course.course_id for course in state.courses}
    found |= {course.course_id for course in state.finished}
    named = {each.course_id for each in newest(state)} | {goal.course_id for goal in state.goals}
    return frozenset(found | {course_id for course_id in named if course_id is not None})


def digest(parts: Iterable[bytes]) -> str:
    """What stands for these bytes in an ETag."""
    found = hashlib.blake2b(digest_size=12)
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


async def _run(connection: Connection, asked: Asked, given: dict[str, Any]) -> Any:
    """The one row of the statement."""
    statement: LiteralString = SQL["answer"]
    if asked.models:
        statement = ANSWER_WITH_MODELS
    if asked.query is not None:
        statement = ANSWER_WITH_BOTH if asked.models else ANSWER_WITH_ALERTS
        given |= alert_parameters(asked.query)
        given |= {"now": asked.now, "stream": asked.stream}
    cursor = connection.cursor(binary=True, row_factory=namedtuple_row)
    await cursor.execute(statement, given)
    return await cursor.fetchone()


def _held_facts(version: str, data: bytes) -> Held[Facts]:
    return Held(version, Facts(decode_facts(data), data))


def _models(checkpoint: Checkpoint | None, row: Any) -> Models:
    """Which snapshots there are; without them."""
    adopted = 0 if checkpoint is None else checkpoint.model
    if row.serving is None:
        return Models(adopted=adopted)
    return Models(
        adopted=adopted,
        newest=row.newest_model,
        serving=row.serving,
        pinned=row.pinned,
        frozen=row.frozen,
    )


def _cohort(needed: frozenset[str], row: Any) -> Cohort | None:
    if row.as_of is None:
        return None
    columns = zip(row.cohort_courses or (), row.cohort_figures or (), strict=True)
    return Cohort(
        courses={
            course_id: CohortCourse(
                course_id=course_id, **dict(zip(_COHORT_FIGURES, figures, strict=True))
            )
            for course_id, figures in columns
            if course_id in needed
        },
        as_of=row.as_of,
    )
