"""Runs of the fold in which alerts are raised, changed, resolved and suppressed."""

from collections.abc import Callable, Mapping
from typing import Final

from domain.alerts import Transition
from tests.factories import (
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    record,
    submitted,
    viewed,
)


def low_score() -> Bench:
    """Raised, graver after a regrade, and over with a later attempt well above the pass mark."""
    return Bench(facts=course(pass_mark=50)).send(
        graded(at(1), 45, "quiz-1", attempt=1, event_id="grade-1"),
        graded(at(2), 25, "quiz-1", attempt=1, event_id="grade-2"),
        graded(at(3), 80, "quiz-1", attempt=2, event_id="grade-3"),
    )


def withdrawn_grade() -> Bench:
    """Raised, and corrected when the grade is withdrawn."""
    return Bench().send(graded(at(1), 30), graded(at(2), None))


def left_course() -> Bench:
    """Raised, and over when the learner leaves."""
    return Bench().send(graded(at(1), 30), event("unenrolled", at(2)))


def finished_course() -> Bench:
    """Raised, and over with the course."""
    return Bench().send(graded(at(1), 30), event("course_finished", at(2), outcome="failed"))


def declining_trend() -> Bench:
    """Raised by three falling scores, and over with one above their mean."""
    scores = (95, 85, 75, 86)
    return Bench().send(
        *[
            graded(at(n), score, f"quiz-{n}", event_id=f"grade-{n}")
            for n, score in enumerate(scores, 1)
        ]
    )


def streak_milestone() -> Bench:
    """Three days in a row, and seven."""
    return Bench().send(*[viewed(at(day)) for day in range(7)])


def progress_milestone() -> Bench:
    """A quarter and a half of a course."""
    return Bench(facts=course(modules=4)).send(completed(at(0), "m1"), completed(at(1), "m2"))


def good_scores() -> Bench:
    """The first pass, and a personal best."""
    scores = (50, 62, 61, 63, 64, 69)
    return Bench().send(
        *[
            graded(at(n), score, f"quiz-{n}", event_id=f"grade-{n}")
            for n, score in enumerate(scores, 1)
        ]
    )


def missed_deadline() -> Bench:
    """Raised on a tick 48 hours after the due time, graver after 7 days, over when handed in."""
    bench = Bench(facts=course(assessments={"essay-1": at(5)})).send(enrolled(at(0)))
    bench.tick(at(7, 1))
    bench.tick(at(12, 1))
    return bench.send(submitted(at(13), "essay-1"))


def extended_deadline() -> Bench:
    """Raised, and corrected by a later due time."""
    bench = Bench(facts=course(assessments={"essay-1": at(5)})).send(enrolled(at(0)), viewed(at(8)))
    return bench.adopt("course", course(assessments={"essay-1": at(20)}))


def backfill() -> Bench:
    """What is more than two days old when it is found is suppressed, and so is what follows."""
    late = at(100)
    return Bench().send(
        record(graded(at(1), 50, attempt=1), arrived=late),
        record(graded(at(2), 30, attempt=1), arrived=late),
        record(graded(at(3), 90, attempt=2), arrived=late),
    )


RUNS: Final[Mapping[str, Callable[[], Bench]]] = {
    run.__name__: run
    for run in (
        low_score,
        withdrawn_grade,
        left_course,
        finished_course,
        declining_trend,
        streak_milestone,
        progress_milestone,
        good_scores,
        missed_deadline,
        extended_deadline,
        backfill,
    )
}


def told(name: str) -> list[Transition]:
    """Every transition of one run."""
    return list(RUNS[name]().told)
