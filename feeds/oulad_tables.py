"""The published files of OULAD, row by row: plain or .gz, every row counted, none lost quietly."""

import csv
import gzip
import math
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BufferedReader, TextIOWrapper
from operator import itemgetter
from pathlib import Path
from typing import Final, TypeAlias

from runtime.errors import UsageError

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "courses.csv": ("code_module", "code_presentation", "module_presentation_length"),
    "assessments.csv": (
        "code_module",
        "code_presentation",
        "id_assessment",
        "assessment_type",
        "date",
        "weight",
    ),
    "vle.csv": ("code_module", "code_presentation", "id_site", "activity_type"),
    "studentRegistration.csv": (
        "code_module",
        "code_presentation",
        "id_student",
        "date_registration",
        "date_unregistration",
    ),
    "studentVle.csv": (
        "code_module",
        "code_presentation",
        "id_student",
        "id_site",
        "date",
        "sum_click",
    ),
    "studentAssessment.csv": (
        "id_assessment",
        "id_student",
        "date_submitted",
        "is_banked",
        "score",
    ),
    "studentInfo.csv": (
        "code_module",
        "code_presentation",
        "id_student",
        "gender",
        "age_band",
        "disability",
        "final_result",
    ),
}
NOT_ASKED_FOR: Final = "presentation not asked for"
MALFORMED: Final = "malformed"
_FIRST_MONTH: Final = {"B": 2, "J": 10}  # a presentation's letter: February or October
_NOON: Final = 12
_CHUNK: Final = 1 << 20

Row: TypeAlias = tuple[str, ...]


class SkippedError(Exception):
    """A row says nothing that can be sent; the message is the reason that is counted."""


@dataclass(slots=True)
class FileCounts:
    """What became of a file's rows: `rows` = `used` + the sum of `skipped`."""

    rows: int = 0
    used: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Presentation:
    """One run of a course; days are ordinals, so that day `start + d` is OULAD's day d."""

    index: int
    module: str
    course_id: str
    start: int
    end: int


@dataclass(slots=True)
class Source:
    """A folder in the published layout; `wanted` limits it to some presentations."""

    folder: Path
    wanted: frozenset[str] = frozenset()
    counts: dict[str, FileCounts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        absent = [name for name in COLUMNS if self.path(name) is None]
        if absent:
            raise UsageError(
                f"{self.folder} is not the published layout of OULAD: {', '.join(absent)} missing "
                "(plain or .gz)"
            )

    def path(self, name: str) -> Path | None:
        """Where the file is: plain before .gz; None where it is not."""
        plain = self.folder / name
        return next((p for p in (plain, plain.with_name(f"{name}.gz")) if p.is_file()), None)

    def each(self, name: str, take: Callable[[int, Row], None]) -> None:
        """Give every row to `take` as (line number, the columns of COLUMNS); the header is line 1.

        A row that `take` refuses by SkippedError, or cannot read, is counted and left out.

        Raises UsageError where a column is missing.
        """
        counts = self.counts[name] = FileCounts()
        with self._open(name) as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as text:
            reader = csv.reader(text)
            pick = self._columns(name, next(reader, []))
            for row in reader:
                counts.rows += 1
                try:
                    take(reader.line_num, pick(row))
                except SkippedError as skipped:
                    counts.skipped[str(skipped)] += 1
                except (ValueError, LookupError, OverflowError):
                    counts.skipped[MALFORMED] += 1
                else:
                    counts.used += 1

    def lines(self, name: str) -> int:
        """The rows of the file counted another way: its newlines, less the header's."""
        lines, last = 0, b"\n"
        with self._open(name) as raw:
            while chunk := raw.read(_CHUNK):
                lines += chunk.count(b"\n")
                last = chunk[-1:]
        return max(0, lines + (last != b"\n") - 1)

    def wants(self, presentation: str, course_id: str) -> bool:
        """Whether the presentation (2013J) or the course's run (AAA-2013J) is asked for."""
        return not self.wanted or presentation in self.wanted or course_id in self.wanted

    def _columns(self, name: str, header: list[str]) -> Callable[[list[str]], Row]:
        missing = [column for column in COLUMNS[name] if column not in header]
        if missing:
            raise UsageError(f"{self.path(name)} has no column {', '.join(missing)}")
        return itemgetter(*(header.index(column) for column in COLUMNS[name]))

    def _open(self, name: str) -> BufferedReader | gzip.GzipFile:
        path = self.path(name)
        assert path is not None, "checked when the source was made"
        return gzip.GzipFile(path) if path.suffix == ".gz" else path.open("rb")


def present(value: str) -> str | None:
    """The value, or None where OULAD writes none (a question mark, or nothing)."""
    return None if value in {"", "?"} else value


def number(value: str) -> int | float:
    """The number as the file has it: 78 stays an integer, 12.5 does not.

    Raises ValueError where it is none.
    """
    as_float = float(value)
    if not math.isfinite(as_float):
        raise ValueError(value)
    return int(as_float) if as_float.is_integer() else as_float


def first_day(presentation: str) -> int:
    """The ordinal of day 0: 1 February of a B presentation's year, 1 October of a J one's."""
    return datetime(
        int(presentation[:4]), _FIRST_MONTH[presentation[4:]], 1, tzinfo=UTC
    ).toordinal()


def noon(day: int) -> str:
    """The day's instant in events: OULAD has no time of day, so it is noon, UTC."""
    return f"{datetime.fromordinal(day):%Y-%m-%d}T{_NOON}:00:00Z"


def read_runs(source: Source) -> dict[tuple[str, str], Presentation]:
    """The runs that are asked for, by module and presentation.

    Raises UsageError where a presentation is asked for that is not there.
    """
    found: dict[tuple[str, str], Presentation] = {}
    names: set[str] = set()

    def take(_line: int, row: Row) -> None:
        module, code, length = row
        course_id = f"{module}-{code}"
        names.update((code, course_id))
        if not source.wants(code, course_id):
            raise SkippedError(NOT_ASKED_FOR)
        start = first_day(code)
        found[module, code] = Presentation(
            len(found), module, course_id, start, start + int(length)
        )

    source.each("courses.csv", take)
    unknown = source.wanted - names
    if unknown:
        raise UsageError(
            f"no presentation {', '.join(sorted(unknown))} in {source.folder}; "
            f"there are: {', '.join(sorted(names))}"
        )
    return found


def read_assessments(
    source: Source, runs: dict[tuple[str, str], Presentation]
) -> tuple[dict[str, list[dict[str, object]]], dict[str, Presentation | None]]:
    """The assessments of each course, and the run of each one (None: one not asked for)."""
    by_course: dict[str, list[dict[str, object]]] = {run.course_id: [] for run in runs.values()}
    run_of: dict[str, Presentation | None] = {}

    def take(_line: int, row: Row) -> None:
        module, code, assessment, kind, date, weight = row
        run = run_of[assessment] = runs.get((module, code))
        if run is None:
            raise SkippedError(NOT_ASKED_FOR)
        due = present(date)
        by_course[run.course_id].append(
            {
                "id": assessment,
                "kind": kind,
                "weight": number(weight),
                "max_score": 100,
                "due_at": noon(run.start + int(due)) if due else None,
            }
        )

    source.each("assessments.csv", take)
    return by_course, run_of


def course_facts(
    run: Presentation, assessments: list[dict[str, object]], sat: Collection[str]
) -> dict[str, object]:
    """What goes to `courses` about one run; OULAD knows no modules and no titles.

    An assessment that nobody `sat` (most exams) is left out: no submission of it can ever be seen.
    Where all weights that remain are 0 (GGG), each assessment weighs 1.
    """
    kept = [each for each in assessments if each["id"] in sat]
    if not any(each["weight"] for each in kept):
        kept = [each | {"weight": 1} for each in kept]
    return {
        "course_id": run.course_id,
        "series": run.module,
        "starts_at": noon(run.start),
        "ends_at": noon(run.end),
        "pass_mark": 40,
        "assessments": [each | {"required": bool(each["weight"])} for each in kept],
    }
