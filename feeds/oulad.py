"""OULAD as events: the mapping of the published tables, in order of `occurred_at`.

Within a day the order is that of the tables (registration, clickstream, assessments, results), in a
table that of its lines, and of one line `enrolled` before `unenrolled` and submitted before graded.
Facts hold the assessments that anybody ever sat. A learner without a registration date is enrolled
at the earlier of the course's start and the unregistration.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from feeds.feed import Delivery, Feed, Sent, run_feed
from feeds.oulad_tables import (
    NOT_ASKED_FOR,
    Presentation,
    Row,
    SkippedError,
    Source,
    course_facts,
    noon,
    number,
    present,
    read_assessments,
    read_runs,
)
from feeds.records import Record, event_id
from runtime.errors import UsageError
from runtime.settings import Settings

RESULT_DAYS: Final = 30  # a course's results are out this long after its end
DAYS_KNOWN: Final = (date(1970, 1, 1).toordinal(), date(2999, 12, 31).toordinal())
MARKING_DAYS_MAX: Final = 365
_OUTCOMES: Final = {
    "Pass": "passed",
    "Distinction": "passed",
    "Fail": "failed",
    "Withdrawn": "withdrawn",
}
_TABLES: Final = ("studentRegistration", "studentVle", "studentAssessment", "studentInfo")
_WIDTH: Final = 5
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_SECONDS: Final = 86_400
_UNKNOWN_SITE: Final = "site is not in vle.csv"
_UNKNOWN_ASSESSMENT: Final = "assessment is not in assessments.csv"
_UNKNOWN_RESULT: Final = "unknown final_result"

# What an event has beside the common fields, by name; its kind is among them as "type".
_Fields: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class OuladOptions:
    """What is asked for: `marking_days` is how long a grade comes after its submission."""

    folder: Path
    presentations: frozenset[str] = frozenset()
    marking_days: int = 0
    groups: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.marking_days <= MARKING_DAYS_MAX:
            raise UsageError(
                f"--marking-days is {self.marking_days}; it must be 0 to {MARKING_DAYS_MAX}"
            )


@dataclass(slots=True)
class Oulad:
    """Everything read, packed into 20 bytes an event and kept by day, so that millions fit."""

    source: Source
    runs: list[Presentation]
    facts: list[_Fields] = field(default_factory=list)
    never_sat: int = 0
    days: dict[int, tuple["array[int]", ...]] = field(default_factory=dict)
    fields: list[_Fields] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    groups: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)
    _numbers: dict[tuple[object, ...], int] = field(default_factory=dict)

    def courses(self) -> list[Record]:
        """The facts of every run, for the topic `courses`."""
        return [
            Record(str(facts["course_id"]).encode(), msgspec.json.encode(facts))
            for facts in self.facts
        ]

    def events(self) -> Iterator[Record]:
        """Every event, in order of `occurred_at` and within a day in the order of the tables."""
        for _, records in self.by_day():
            yield from records

    def by_day(self) -> Iterator[tuple[int, list[Record]]]:
        """The same by day: its end in epoch seconds (UTC), and its events."""
        encode = msgspec.json.Encoder().encode
        for day in sorted(self.days):
            at = noon(day)
            records = [
                Record(str(event["user_id"]).encode(), encode(event))
                for table, rows in zip(_TABLES, self.days[day], strict=True)
                for event in self._events(table, at, rows)
            ]
            yield (day + 1 - _EPOCH_DAY) * _DAY_SECONDS, records

    def add(self, day: int, table: int, row: tuple[int, int, int, int], own: _Fields) -> None:
        """Keep one event: `row` is (line, learner, run, number), `own` what few events share.

        Raises ValueError, and keeps nothing, where the day or a value cannot be an event's.
        """
        if not DAYS_KNOWN[0] <= day <= DAYS_KNOWN[1]:
            raise ValueError(day)
        packed = array("I", (*row, self._number(own)))  # before anything is kept: it may refuse
        kept = self.days.get(day)
        if kept is None:
            kept = self.days[day] = tuple(array("I") for _ in _TABLES)
        kept[table].extend(packed)
        self.planned[str(own["type"])] += 1

    def _events(self, table: str, at: str, rows: "array[int]") -> Iterator[_Fields]:
        for place in range(0, len(rows), _WIDTH):
            line, learner, run, item, own = rows[place : place + _WIDTH]
            fields = self.fields[own]
            kind = str(fields["type"])
            event: _Fields = {
                "event_id": event_id(f"{table}.csv:{line}:{kind}"),
                "user_id": learner,
                "occurred_at": at,
                "precision": "day",
                "course_id": self.runs[run].course_id,
                **fields,
            }
            self._complete(event, kind, learner=learner, run=run, item=item)
            self.made[kind] += 1
            yield event

    def _complete(self, event: _Fields, kind: str, *, learner: int, run: int, item: int) -> None:
        if kind == "content_viewed":
            event["count"] = item
        elif kind in {"assessment_submitted", "assessment_graded"}:
            event["assessment_id"] = str(item)
        elif kind == "enrolled" and (run, learner) in self.groups:
            event["groups"] = self.groups[run, learner]

    def _number(self, own: _Fields) -> int:
        """Equal fields are kept once and stand in a row as a number."""
        known = self._numbers.setdefault(tuple(own.items()), len(self.fields))
        if known == len(self.fields):
            self.fields.append(own)
        return known


def read_oulad(options: OuladOptions) -> Oulad:
    """Read the whole folder once; what is kept is 20 bytes an event. The facts are made last."""
    source = Source(options.folder, options.presentations)
    runs = read_runs(source)
    assessments, run_of = read_assessments(source, runs)
    oulad = Oulad(source, list(runs.values()))
    reader = _Reader(oulad, runs, run_of, options)
    source.each("vle.csv", reader.site)
    source.each("studentInfo.csv", reader.info)
    source.each("studentRegistration.csv", reader.registration)
    source.each("studentVle.csv", reader.clicks)
    source.each("studentAssessment.csv", reader.assessment)
    for run in runs.values():
        own = assessments[run.course_id]
        oulad.facts.append(course_facts(run, own, reader.sat))
        oulad.never_sat += sum(each["id"] not in reader.sat for each in own)
    return oulad


@dataclass(slots=True)
class _Reader:
    """One method a table: a row in, events kept."""

    oulad: Oulad
    runs: dict[tuple[str, str], Presentation]
    run_of: dict[str, Presentation | None]
    options: OuladOptions
    views: dict[tuple[int, str], _Fields] = field(default_factory=dict)
    sat: set[str] = field(default_factory=set)

    def site(self, _line: int, row: Row) -> None:
        module, code, site, kind = row
        run = self._run(module, code)
        self.views[run.index, site] = {
            "type": "content_viewed",
            "content_id": site,
            "content_kind": kind,
        }

    def info(self, line: int, row: Row) -> None:
        module, code, student, gender, age_band, disability, result = row
        run, learner = self._run(module, code), int(student)
        outcome = _OUTCOMES.get(result)
        if outcome is None:
            raise SkippedError(_UNKNOWN_RESULT)
        own: _Fields = {"type": "course_finished", "outcome": outcome}
        self.oulad.add(run.end + RESULT_DAYS, 3, (line, learner, run.index, 0), own)
        if self.options.groups:
            groups = {"gender": gender, "age_band": age_band, "disability": disability}
            self.oulad.groups[run.index, learner] = groups

    def registration(self, line: int, row: Row) -> None:
        module, code, student, entered, left = row
        run, learner = self._run(module, code), int(student)
        first, last = present(entered), present(left)
        last_day = None if last is None else int(last)
        first_day = min(0, last_day or 0) if first is None else int(first)
        kept = (line, learner, run.index, 0)
        self.oulad.add(run.start + first_day, 0, kept, {"type": "enrolled"})
        if last_day is not None:
            self.oulad.add(run.start + last_day, 0, kept, {"type": "unenrolled"})

    def clicks(self, line: int, row: Row) -> None:
        module, code, student, site, day, clicks = row
        run = self._run(module, code)
        view = self.views.get((run.index, site))
        if view is None:
            raise SkippedError(_UNKNOWN_SITE)
        kept = (line, int(student), run.index, int(clicks))
        self.oulad.add(run.start + int(day), 1, kept, view)

    def assessment(self, line: int, row: Row) -> None:
        assessment, student, submitted, banked, score = row
        if assessment not in self.run_of:
            raise SkippedError(_UNKNOWN_ASSESSMENT)
        run = self.run_of[assessment]
        if run is None:
            raise SkippedError(NOT_ASKED_FOR)
        day, given = run.start + int(submitted), present(score)
        kept = (line, int(student), run.index, int(assessment))
        grade: _Fields | None = None
        if given is not None:
            was_banked = bool(int(banked))
            grade = {"type": "assessment_graded", "score": number(given), "max_score": 100}
            grade["banked"] = was_banked
        self.oulad.add(day, 2, kept, {"type": "assessment_submitted"})
        if grade is not None:
            self.oulad.add(day + self.options.marking_days, 2, kept, grade)
        self.sat.add(assessment)

    def _run(self, module: str, code: str) -> Presentation:
        run = self.runs.get((module, code))
        if run is None:
            raise SkippedError(NOT_ASKED_FOR)
        return run


def replay_oulad(settings: Settings, options: OuladOptions, delivery: Delivery) -> dict[str, Any]:
    """Send the folder's events and report every count, with what does not add up.

    Raises UsageError under the wall clock, with a rate in lockstep, or where the folder is not
    OULAD.
    """
    if delivery.lockstep and delivery.rate is not None:
        raise UsageError(
            "--rate: a lockstep replay goes at the pace of the workers and the trainer"
        )
    if settings.clock != "stream":
        raise UsageError(
            f"this stack's clock is {settings.clock}: the learners of 2013 would be years "
            "late. Replay OULAD into a stack that was started with `learnstream up --clock stream`"
        )
    oulad = read_oulad(options)
    feed = Feed(
        courses=oulad.courses(),
        events=oulad.events(),
        days=oulad.by_day() if delivery.lockstep else None,
        total=sum(oulad.planned.values()),
        name=(
            "oulad lockstep" if delivery.lockstep else "oulad",
            str(options.folder.resolve()),
            ",".join(sorted(options.presentations)),
            str(options.marking_days),
            str(options.groups),
        ),
    )
    return report(oulad, run_feed(settings, feed, delivery))


def report(oulad: Oulad, sent: Sent) -> dict[str, Any]:
    """Rows by file, events by type, what was sent, and `problems`: empty when all agree."""
    files = {
        name: {
            "rows": counts.rows,
            "lines": oulad.source.lines(name),
            "used": counts.used,
            "skipped": dict(counts.skipped),
        }
        for name, counts in oulad.source.counts.items()
    }
    return {
        "courses": len(oulad.facts),
        "assessments_never_sat": oulad.never_sat,
        "events": sum(oulad.made.values()),
        "by_type": dict(sorted(oulad.made.items())),
        "sent": sent.events,
        "already_sent": sent.already,
        "courses_sent": sent.courses,
        "files": files,
        "problems": list(_problems(oulad, sent, files)),
    }


def _problems(oulad: Oulad, sent: Sent, files: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, file in files.items():
        if file["rows"] != file["lines"]:
            yield f"{name}: {file['rows']} rows read, the file has {file['lines']} lines"
        if file["rows"] != file["used"] + sum(file["skipped"].values()):
            yield f"{name}: rows are neither used nor skipped"
    one_each = {
        "studentRegistration.csv": "enrolled",
        "studentVle.csv": "content_viewed",
        "studentAssessment.csv": "assessment_submitted",
        "studentInfo.csv": "course_finished",
    }
    for name, kind in one_each.items():
        if files[name]["used"] != oulad.made[kind]:
            yield f"{name}: {files[name]['used']} rows used, {oulad.made[kind]} {kind} made"
    if oulad.made != oulad.planned:
        yield f"{sum(oulad.planned.values())} events read, {sum(oulad.made.values())} made"
    if sent.events + sent.already != sum(oulad.made.values()):
        yield f"{sum(oulad.made.values())} events made, {sent.events + sent.already} acknowledged"
