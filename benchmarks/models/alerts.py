"""What alerts of models are worth, beside two plain rules, on one population.

A rule is a function from a member of the population to the times at which it speaks; None where it
cannot be asked of this member (silence in a course without clicks, alerts that were not recorded).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from benchmarks.models.bars import Bars
from benchmarks.models.figures import Figures, Sets
from benchmarks.models.hindsight import Hindsight, Member, span
from benchmarks.models.recorded import Raised
from benchmarks.models.rows import PLACES, Row, only_shown
from domain.course_facts import DAY, CourseFacts
from domain.predicting.features.silence import DAYS
from domain.rules.next_missing import NextMissing

FIRST_WEEK, LAST_WEEK = 4, 20
OPEN_DAYS: Final = 7
SILENT_DAYS: Final = 7
_HIGH: Final = 0.8
_NEXT: Final = NextMissing()
_JUDGED: Final = ("flagged", "precision", "recall", "lead_days", "alerts")


class Case(NamedTuple):
    """One of a population: what is asked of it (an assessment, or nothing), and what came of it.

    `deadline` is what the lead is counted to: the course's end, or the assessment's due time.
    """

    user_id: str
    course_id: str
    assessment: str | None
    label: int
    deadline: int
    rows: tuple[Row, ...]


Times: TypeAlias = Sequence[int] | None
AlertRule: TypeAlias = Callable[[Case], Times]


def judge(cases: Sequence[Case], rule: AlertRule) -> Figures:
    """Precision, recall and lead of one rule; figures are None where it cannot be asked of a case.

    precision: the share of the flagged ones to whom it came. recall: the share of those to whom it
    came that are flagged. lead_days: the median from the first flag to the deadline, of those.
    """
    told = [rule(case) for case in cases]
    known = [times for times in told if times is not None]
    came = sum(case.label for case in cases)
    found: Figures = {"n": len(cases), "rate": came / len(cases) if cases else None}
    if len(known) < len(told) or not told:
        return found | dict.fromkeys(_JUDGED)
    flagged = [(case, times) for case, times in zip(cases, known, strict=True) if times]
    hit = [(case, times) for case, times in flagged if case.label]
    leads = [(case.deadline - min(times)) / DAY for case, times in hit]
    values = (
        len(flagged) / len(cases),
        len(hit) / len(flagged) if flagged else None,
        len(hit) / came if came else None,
        median(leads) if leads else None,
        sum(map(len, known)) / len(cases),
    )
    return found | dict(zip(_JUDGED, values, strict=True))


# -- not passing -----------------------------------------------------------------------------------


def at_risk(
    rows: Iterable[Row], raised: Sequence[Raised] | None, known: Hindsight, bars: Bars
) -> dict[str, Sets]:
    """By set and rule. A case is a learner in a course whose outcome is known.

    The population: who was in it in week 4 or later, and of whom a probability of not passing was
    shown at the end of at least one of the weeks 4 to 20. A flag counts at any time of the stay.
    `rows` are those of `not_passing`.
    """
    cases = _members(only_shown(rows), known)
    told = _by_case(raised, "at_risk")
    rules: dict[str, AlertRule] = {
        "at_risk, as raised": lambda case: None if told is None else told[_key(case)],
        "P at its bar, looked at weekly": lambda case: [
            row.example.made_at
            for row in case.rows
            if row.probability >= bars.bar(row.course_id, row.example.made_at)
        ],
        "P >= .8, looked at weekly": lambda case: [
            row.example.made_at for row in case.rows if row.probability >= _HIGH
        ],
        "no activity for 7 days": lambda case: silent(case, known),
        "a heavy deadline open for 7 days": lambda case: left_open(case, known),
    }
    return _by_set(cases, rules, known)


def _members(rows: Iterable[Row], known: Hindsight) -> list[Case]:
    found: dict[Member, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.user_id, row.course_id].append(row)
    return [
        Case(user, course, None, own[0].example.label, span(known.facts[course])[1], tuple(own))
        for (user, course), own in found.items()
        if course and any(FIRST_WEEK <= row.week <= LAST_WEEK for row in own)
    ]


def silent(case: Case, known: Hindsight) -> Times:
    """The ends of seven days without work, from the start on; None in a course without clicks.

    One flag each time, as long as clicks are known and the learner is in the course.
    """
    until = known.clicked_until.get(case.course_id)
    if until is None:
        return None
    member = case.user_id, case.course_id
    first, last = _days_in(member, known)
    last = min(last, until)
    worked = [day for day in known.worked.get(member, ()) if first < day <= last]
    days = [first, *worked, last]
    return [(a + SILENT_DAYS) * DAY for a, b in pairwise(days) if b - a > SILENT_DAYS]


def left_open(case: Case, known: Hindsight) -> Times:
    """Seven days after each heavy due time at which nothing was submitted yet, while still in."""
    member = case.user_id, case.course_id
    first, last = _days_in(member, known)
    done = known.submitted.get(member, {})
    found = []
    for due_at, _, assessment, _ in known.facts[case.course_id].heavy_dues:
        at = due_at + OPEN_DAYS * DAY
        if (
            due_at // DAY >= first
            and at // DAY < last
            and not done.get(assessment.id, at + 1) <= at
        ):
            found.append(at)
    return found


def _days_in(member: Member, known: Hindsight) -> tuple[int, int]:
    """The first day in a running course, and the one on which the learner left it or it ended."""
    stay, (start, end) = known.stays[member], span(known.facts[member[1]])
    last = end if stay.left is None else min(stay.left, end)
    return max(start, stay.entered) // DAY, last // DAY


# -- the next heavy work ---------------------------------------------------------------------------


def next_missing(
    rows: Iterable[Row], raised: Sequence[Raised] | None, known: Hindsight
) -> dict[str, Sets]:
    """By set and rule. A case is a learner and a heavy assessment, which is then missing or not.

    The population: of which a probability of missing it was shown at the end of a week of the
    course, at most 14 days before it was due. The plain rules are asked at the same moments, from
    the frozen features. `rows` are those of `next_missing`.
    """
    cases = _assessments(only_shown(rows), known.facts)
    told = _by_case(raised, "next_missing")
    silence = DAYS.index(SILENT_DAYS) + 1
    rules: dict[str, AlertRule] = {
        "next_missing, as raised": lambda case: None if told is None else told[_key(case)],
        "P >= .5, looked at weekly": lambda case: [
            row.example.made_at for row in case.rows if row.probability >= _NEXT.probability
        ],
        "no activity for 7 days": lambda case: (
            _from(case, "days_since_work", silence)
            if case.course_id in known.clicked_until
            else None
        ),
        "a heavy deadline open for 7 days": lambda case: _from(case, "overdue_week", 1),
        "the last heavy one missed": lambda case: _from(case, "missed_in_row", 1),
    }
    return _by_set(cases, rules, known)


def _from(case: Case, feature: str, least: int) -> Times:
    place = PLACES[feature]
    return [row.example.made_at for row in case.rows if row.example.features[place] >= least]


def _assessments(rows: Iterable[Row], facts: Mapping[str, CourseFacts]) -> list[Case]:
    due = {
        (course, each.id): each.due_at
        for course, known in facts.items()
        for each in known.assessments
    }
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        name = row.example.assessment or ""
        at = due.get((row.course_id, name))
        if at is not None and at <= row.example.made_at + _NEXT.days * DAY:
            found[row.user_id, row.course_id, name].append(row)
    return [
        Case(user, course, name, own[0].example.label, due[course, name] or 0, tuple(own))
        for (user, course, name), own in found.items()
    ]


# -- both ------------------------------------------------------------------------------------------


def _key(case: Case) -> tuple[str, str, str | None]:
    return case.user_id, case.course_id, case.assessment


def _by_case(
    raised: Sequence[Raised] | None, alert: str
) -> dict[tuple[str, str, str | None], list[int]] | None:
    if raised is None:
        return None
    found: dict[tuple[str, str, str | None], list[int]] = defaultdict(list)
    for each in raised:
        if each.alert == alert:
            found[each.user_id, each.course_id, each.assessment].append(each.at)
    return found


def _by_set(
    cases: Sequence[Case], rules: Mapping[str, AlertRule], known: Hindsight
) -> dict[str, Sets]:
    sets: dict[str, list[Case]] = {"all": list(cases), "with clicks": []}
    for case in cases:
        row = case.rows[0]
        sets.setdefault(str(row.year), []).append(case)
        if case.course_id in known.clicked_until:
            sets["with clicks"].append(case)
    return {
        name: {rule: judge(own, speaks) for rule, speaks in rules.items()}
        for name, own in sets.items()
    }
