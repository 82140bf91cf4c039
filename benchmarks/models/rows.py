"""The examples of all lessons as rows, each with its course and what two plain columns say."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from benchmarks.models.hindsight import Hindsight, span, year_of
from domain.course_facts import DAY
from domain.examples import Example, Lesson
from domain.predicting.features import COURSE, SILENCE, Feature
from domain.predictions import FORECASTS, TARGETS, Target

AMOUNTS: Final[frozenset[Target]] = frozenset({"score", "submission", *FORECASTS})
PLACES: Final = {feature.name: place for place, feature in enumerate(COURSE)}
"""Where each feature of a learner in a course stands."""
_TWO_WAY: Final[dict[Target, tuple[tuple[Feature, ...], str, str]]] = {
    "inactivity_7": (SILENCE, "days_since_work", "active_days_28"),
    "inactivity_14": (SILENCE, "days_since_work", "active_days_28"),
    "next_missing": (COURSE, "missed_in_row", "next_due"),
}
_THOUSAND: Final = 1000
_STRENGTH: Final = 5
_HALF: Final = 0.5


class Row(NamedTuple):
    """One example with its course, whose week it is (0: the first), and when its label was known.

    An example of silence is of the course that the learner was in then, `course_id` is "" where
    that is none. `year` is the one in which the course began. `two_way` is what the baseline's
    table said when the prediction was made, None for a target without such a table.
    """

    user_id: str
    course_id: str
    module: str
    year: int
    week: int
    known_at: int
    example: Example
    two_way: float | None = None

    @property
    def shown(self) -> int:
        """What was shown, in the units of `Figure.value`."""
        assert self.example.shown is not None
        return self.example.shown.value

    @property
    def probability(self) -> float:
        """The probability that was shown."""
        return self.shown / _THOUSAND


def all_rows(lessons: Iterable[Lesson], known: Hindsight) -> dict[Target, list[Row]]:
    """Every example by its target, in order of the time at which it was made."""
    found: dict[Target, list[Row]] = {target: [] for target in TARGETS}
    for lesson in lessons:
        for example in lesson.examples:
            found[example.target].append(_row(lesson, example, known))
    for target, rows in found.items():
        rows.sort(key=lambda row: (row.example.made_at, row.user_id, row.course_id))
        if target in _TWO_WAY:
            said = two_way(rows, _cell(*_TWO_WAY[target]))
            pairs = zip(rows, said, strict=True)
            found[target] = [row._replace(two_way=value) for row, value in pairs]
    return found


def only_shown(rows: Iterable[Row]) -> list[Row]:
    """The rows of which something was shown: all that is judged."""
    return [row for row in rows if row.example.shown is not None]


def _row(lesson: Lesson, example: Example, known: Hindsight) -> Row:
    made_at = example.made_at
    course_id = lesson.course_id or known.course_at(lesson.user_id, made_at)
    facts = known.facts.get(course_id)
    if facts is None:
        return Row(lesson.user_id, "", "", 0, 0, lesson.at, example)
    year, week = year_of(facts), (made_at - span(facts)[0]) // (7 * DAY)
    return Row(lesson.user_id, course_id, facts.run_of, year, week, lesson.at, example)


def two_way(rows: Sequence[Row], cell_of: Callable[[Row], tuple[int, ...]]) -> list[float]:
    """What a table of rates says of each row: of the labels that were known the day before.

    A cell is shrunk to the rate of all by five examples; nothing known says one half. `rows` are
    in order of the time at which they were made.
    """
    cells: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
    known = sorted(rows, key=lambda row: row.known_at)
    learned = count = ones = 0
    said = []
    for row in rows:
        while learned < len(known) and known[learned].known_at // DAY < row.example.made_at // DAY:
            label = known[learned].example.label
            own = cells[cell_of(known[learned])]
            own[0], own[1] = own[0] + 1, own[1] + label
            learned, count, ones = learned + 1, count + 1, ones + label
        rate = ones / count if count else _HALF
        seen, came = cells.get(cell_of(row), (0, 0))
        said.append((came + _STRENGTH * rate) / (seen + _STRENGTH))
    return said


def _cell(features: Sequence[Feature], one: str, two: str) -> Callable[[Row], tuple[int, ...]]:
    names = [feature.name for feature in features]
    first, second = names.index(one), names.index(two)
    return lambda row: (row.example.features[first], row.example.features[second])
