"""Runs of the fold, and of a trainer, in which alerts are raised, changed, resolved, suppressed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from domain.alerts import Transition
from domain.course_facts import Assessment, CourseFacts, Module
from models.drift_alerts import drift_alerts
from models.learning import Learning
from models.reports import DriftEpisode
from models.snapshot import Snapshot, decode_snapshot
from tests.factories import (
    COURSE,
    Bench,
    at,
    completed,
    enrolled,
    event,
    graded,
    record,
    seconds,
    submitted,
    viewed,
)
from tests.modelling import adopting, risky, serving


def algebra(
    modules: int = 20, pass_mark: float | None = None, due: datetime | None = None
) -> CourseFacts:
    """A course of equal modules with six quizzes, and with an essay that is due then."""
    quizzes = [Assessment(id=f"quiz-{n}", title=f"Quiz {n}", kind="quiz") for n in range(1, 7)]
    essay = Assessment(id="essay-1", title="Essay 1", due_at=None if due is None else seconds(due))
    return CourseFacts(
        course_id=COURSE,
        title="Algebra",
        pass_mark=pass_mark,
        modules=tuple(Module(id=f"m{n + 1}") for n in range(modules)),
        assessments=(*quizzes, essay),
    )


def low_score() -> Bench:
    """Raised, more severe after a regrade, and cleared by a later attempt well above the mark."""
    return Bench(facts=algebra(pass_mark=50)).send(
        graded(at(1), 45, "quiz-1", attempt=1, event_id="grade-1"),
        graded(at(2), 25, "quiz-1", attempt=1, event_id="grade-2"),
        graded(at(3), 80, "quiz-1", attempt=2, event_id="grade-3"),
    )


def withdrawn_grade() -> Bench:
    """Raised, and corrected when the grade is withdrawn."""
    return Bench().send(graded(at(1), 30), graded(at(2), None))


def left_course() -> Bench:
    """Raised, and resolved when the learner leaves the course."""
    return Bench().send(graded(at(1), 30), event("unenrolled", at(2)))


def finished_course() -> Bench:
    """Raised, and resolved when the course is finished."""
    return Bench().send(graded(at(1), 30), event("course_finished", at(2), outcome="failed"))


def declining_trend() -> Bench:
    """Raised by three falling scores, and cleared by one above their mean."""
    scores = (95, 85, 75, 86)
    return Bench(facts=algebra()).send(
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
    return Bench(facts=algebra(modules=4)).send(completed(at(0), "m1"), completed(at(1), "m2"))


def good_scores() -> Bench:
    """The first pass, and a personal best."""
    scores = (50, 62, 61, 63, 64, 69)
    return Bench(facts=algebra()).send(
        *[
            graded(at(n), score, f"quiz-{n}", event_id=f"grade-{n}")
            for n, score in enumerate(scores, 1)
        ]
    )


def missed_deadline() -> Bench:
    """Raised 48 hours after the due time, more severe after 7 days, cleared by the submission."""
    bench = Bench(facts=algebra(due=at(5))).send(enrolled(at(0)))
    bench.tick(at(7, 1))
    bench.tick(at(12, 1))
    return bench.send(submitted(at(13), "essay-1"))


def extended_deadline() -> Bench:
    """Raised, corrected by an extension, and raised again when the extension is taken back."""
    return Bench(facts=algebra(due=at(5))).send(
        enrolled(at(0)),
        viewed(at(8)),
        event("deadline_extended", at(8, 1), assessment_id="essay-1", due_at=at(20).isoformat()),
        event("deadline_extended", at(8, 2), assessment_id="essay-1", due_at=None),
    )


def backfill() -> Bench:
    """Suppressed, since it is more than two days old when it is found, and so is what follows."""
    late = at(100)
    return Bench(facts=algebra(pass_mark=60)).send(
        record(graded(at(1), 50, "quiz-1", attempt=1), arrived=late),
        record(graded(at(2), 30, "quiz-1", attempt=1), arrived=late),
        record(graded(at(3), 90, "quiz-1", attempt=2), arrived=late),
    )


def still_missing() -> Bench:
    """Suppressed as stale, and delivered from the change on that is not: as raised."""
    late = at(11)
    bench = Bench(facts=algebra(due=at(5)))
    bench.send(record(enrolled(at(0)), arrived=late), record(viewed(at(8)), arrived=late))
    return bench.tick(at(12, 1))


def essays(*days: float) -> CourseFacts:
    """A course of ten weeks whose essays are due on these days."""
    return CourseFacts(
        course_id=COURSE,
        title="Algebra",
        series="c",
        starts_at=seconds(at(0)),
        ends_at=seconds(at(70)),
        assessments=tuple(
            Assessment(id=f"essay-{n}", title=f"Essay {n}", due_at=seconds(at(day)))
            for n, day in enumerate(days, 1)
        ),
    )


def at_risk() -> Bench:
    """Raised a day after the probability came to its bar, severe, and cleared by what is caught up.

    Of three essays none is submitted: with two overdue the model says .73, with three .92.
    """
    bench = adopting(Bench(facts=essays(5, 12, 19, 60), snapshots=serving(risky())))
    bench.send(enrolled(at(-1)), viewed(at(1)))
    for day in (13, 14, 20):
        bench.tick(at(day, 1))
    return bench.send(
        *[submitted(at(21, n), f"essay-{n}", event_id=f"submission-{n}") for n in (1, 2, 3)]
    )


def next_missing() -> Bench:
    """Raised while two essays are overdue and the next is due soon, cleared by its submission."""
    bench = adopting(Bench(facts=essays(5, 12, 25), snapshots=serving(risky())))
    bench.send(enrolled(at(-1)), viewed(at(1))).tick(at(13))
    return bench.send(submitted(at(14), "essay-3"))


def upcoming_deadline() -> Bench:
    """Raised two days before an essay is due, after five days of silence, and cleared by it."""
    bench = Bench(facts=algebra(due=at(20))).send(enrolled(at(0)), viewed(at(12)))
    return bench.tick(at(18, 1)).send(submitted(at(19), "essay-1"))


def inactive_days() -> Bench:
    """Low while the essay is due soon, medium once it is overdue, high, and cleared by a visit."""
    bench = Bench(facts=algebra(due=at(14))).send(enrolled(at(0)), viewed(at(1)))
    return bench.tick(at(11, 1)).tick(at(14, 1)).tick(at(22, 1)).send(viewed(at(23)))


def low_weekly_engagement() -> Bench:
    """Both forms: four days a week for four weeks, then one, while an essay is overdue."""
    bench = Bench(facts=algebra(due=at(30))).send(enrolled(at(0)))
    bench.send(*[viewed(at(7 * week + day)) for week in range(4) for day in range(4)])
    bench.send(viewed(at(31)), viewed(at(38)))
    return bench.tick(at(42, 1)).send(submitted(at(43), "essay-1"))


def account_inactivity() -> Bench:
    """Raised after thirty days without any event, and cleared by one."""
    bench = Bench(facts=algebra()).send(enrolled(at(0)), viewed(at(1)))
    return bench.tick(at(31, 1)).send(event("session_started", at(32)))


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
        still_missing,
        at_risk,
        next_missing,
        upcoming_deadline,
        inactive_days,
        low_weekly_engagement,
        account_inactivity,
    )
}


def drifting() -> list[Transition]:
    """A model whose loss rises, told of by snapshot 12; and no longer, by snapshot 31."""
    rose = DriftEpisode(
        began_at=seconds(at(40)), judged=3_210, before=0.1184, after=0.1921, raised_in=12
    )
    over = replace(rose, ended_at=seconds(at(47)), resolved_in=31)
    return [
        transition
        for number, episode in ((12, rose), (13, rose), (31, over), (32, over))
        for transition in drift_alerts(telling(number, episode))
    ]


def telling(number: int, episode: DriftEpisode) -> Snapshot:
    """A snapshot that tells of a drift of `next_missing`."""
    snapshot = decode_snapshot(Learning().snapshot(number, 0))
    report = replace(snapshot.reports["next_missing"], episodes=(episode,))
    return replace(snapshot, reports=snapshot.reports | {"next_missing": report})


def stopped_source() -> list[Transition]:
    """Two weeks without weekends, then nothing from Friday to Wednesday, and an event."""
    bench = Bench(facts=algebra())
    bench.send(*[viewed(at(7 * week + day), "page-1") for week in range(2) for day in range(5)])
    return bench.tick(at(15, 1)).send(viewed(at(16))).about_data


def rejected_events() -> list[Transition]:
    """Nine good events, eleven without a zone; then good ones, until five of twenty are bad."""
    naive = viewed(at(1)) | {"occurred_at": "2024-03-05T09:00:00"}
    bench = Bench(facts=algebra()).send(record(naive, arrived=at(1)))
    bench.send(*[viewed(at(1, 0, n), f"page-{n}") for n in range(1, 10)])
    bench.send(*[record(naive, arrived=at(1, 0, 10 + n)) for n in range(10)])
    return bench.send(*[viewed(at(2, 0, n), f"page-{n}") for n in range(20)]).about_data


APART_RUNS: Final[Mapping[str, Callable[[], list[Transition]]]] = {
    "model_drift": drifting,
    "stopped_source": stopped_source,
    "rejected_events": rejected_events,
}
"""Those with alerts for operators about a model or about data, which go to `alerts` alone."""


def told(name: str) -> list[Transition]:
    """Every transition of one run."""
    return list(RUNS[name]().published) if name in RUNS else APART_RUNS[name]()
