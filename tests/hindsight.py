"""Courses, learners and predictions that are made up, for the tests of how models are judged."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.models.hindsight import Hindsight, Stay
from benchmarks.models.rows import Row, all_rows
from domain.course_facts import DAY, Assessment, CourseFacts
from domain.examples import Example, Lesson
from domain.predicting.features import COURSE, SILENCE
from domain.predictions import Figure, Target

WEEK: Final = 7 * DAY
WEEKS: Final = 30


def start(year: int = 2014) -> int:
    """The first day of every course of a year."""
    return int(datetime(year, 2, 1, 12, tzinfo=UTC).timestamp())


def day(number: int, year: int = 2014) -> int:
    """An instant: so many days after the courses of a year began."""
    return start(year) + number * DAY


def course(module: str = "AAA", year: int = 2014, dues: Sequence[int] = (20, 60)) -> CourseFacts:
    """A course of 30 weeks with an assessment due on each of these days."""
    return CourseFacts(
        course_id=f"{module}-{year}B",
        series=module,
        starts_at=start(year),
        ends_at=day(7 * WEEKS, year),
        assessments=tuple(Assessment(id=f"{module}{n}", due_at=day(n, year)) for n in dues),
    )


def known_of(*courses: CourseFacts, users: Sequence[str] = ("1", "2", "3", "4")) -> Hindsight:
    """What is known of these courses, where each of these learners was in all from the start on."""
    found = Hindsight({each.course_id: each for each in courses})
    for each in courses:
        assert each.starts_at is not None
        for user in users:
            found.stays[user, each.course_id] = Stay(each.starts_at)
            found.courses_of[user].append(each.course_id)
    return found


def example(target: Target, week: int, shown: int | None, label: int, **given: Any) -> Example:
    """A prediction of a week of 2014 (`year`), with features by their name, the others 0."""
    year, name = given.pop("year", 2014), given.pop("assessment", None)
    figure = None if shown is None else Figure(shown, given.pop("naive", None))
    names = [each.name for each in (SILENCE if target.startswith("inactivity") else COURSE)]
    features = [given.pop(each, 0) for each in names]
    assert not given, given
    return Example(target, name, None, 0, day(7 * week, year), 1, features, label, figure)


def lesson(user: str, course_id: str | None, at: int, *examples: Example, **given: Any) -> Lesson:
    """What one moment told."""
    return Lesson(user_id=user, course_id=course_id, at=at, examples=examples, **given)


def rows_of(known: Hindsight, target: Target, *lessons: Lesson) -> list[Row]:
    """The rows of one target."""
    return all_rows(lessons, known)[target]


def outcome(user: str, known: Hindsight, label: int, *probabilities: int | None) -> Lesson:
    """The outcome of the first course, with a prediction of each week from week 4 on."""
    facts = next(iter(known.facts.values()))
    assert facts.ends_at is not None
    year = datetime.fromtimestamp(facts.ends_at, UTC).year
    made = [
        example("not_passing", week, shown, label, year=year)
        for week, shown in enumerate(probabilities, 4)
    ]
    return lesson(user, facts.course_id, facts.ends_at + 30 * DAY, *made, outcome=label)
