"""The instructor's weekly list: an order by a model and not a threshold, played through the weeks.

As the figures of models.md section 4 were made: each course's learners are dealt to instructors;
each week the five with the highest probability are contacted, nobody twice in 28 days.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final, TypeAlias
from zlib import crc32

from benchmarks.models.figures import Figures
from benchmarks.models.hindsight import Hindsight, Member, span
from benchmarks.models.rows import PLACES, Row
from domain.course_facts import DAY

PLACES_A_WEEK: Final = 5
AGAIN_AFTER_WEEKS: Final = 4
FIRST_WEEK, LAST_WEEK = 3, 33
SOON_DAYS: Final = 14
NOT_PASSING: Final = "P(not passing) >= .6, 5 of 100"
NEXT_MISSING: Final = "P(next missing) >= .5 within 14 days, 5 of 50"
_STILL_IN_WEEK: Final = 2
_HALF: Final = 2


@dataclass(slots=True)
class Learner:
    """One learner in a course whose outcome is known, with the rows of each week."""

    member: Member
    label: int
    ends_at: int
    not_passing: dict[int, Row] = field(default_factory=dict)
    next_missing: dict[int, Row] = field(default_factory=dict)


Order: TypeAlias = Callable[[Learner, int], float | None]
"""What a learner is ordered by in a week; None: not on the list."""


def weekly_lists(
    not_passing: Sequence[Row], next_missing: Sequence[Row], known: Hindsight
) -> dict[str, Figures]:
    """Each list's figures, over the courses that began in the newest year."""
    newest = [row for row in not_passing if row.year == known.newest]
    learners = _learners(newest, next_missing, known)

    def soon(learner: Learner, week: int) -> float | None:
        row = learner.next_missing.get(week)
        if row is None or _due_at(row, known) > row.example.made_at + SOON_DAYS * DAY:
            return None
        return _at_least(row, 0.5)

    return {
        NOT_PASSING: play(learners, 100, lambda it, w: _at_least(it.not_passing.get(w), 0.6)),
        "P(not passing) >= .6, 5 of 50": play(
            learners, 50, lambda it, w: _at_least(it.not_passing.get(w), 0.6)
        ),
        "P(next missing) >= .5 within 14 days, 5 of 100": play(learners, 100, soon),
        NEXT_MISSING: play(learners, 50, soon),
        "misses in a row, 5 of 100": play(learners, 100, _misses),
        "misses in a row, 5 of 50": play(learners, 50, _misses),
    }


def play(learners: Sequence[Learner], size: int, order: Order) -> Figures:
    """One list in all groups of so many learners.

    precision: of the learners contacted at least once, the share that did not pass. recall: of
    those that did not pass, the share contacted. then_missing: of the contacts with heavy work
    ahead, the share of it that is then missing. lead_days: the median from the first contact of a
    learner that did not pass to the course's end. Without anybody on the list they are None.
    """
    contacts: dict[Member, list[int]] = defaultdict(list)
    grouped = [it for group in _groups(learners, size) for it in group]
    for group in _groups(learners, size):
        for week in range(FIRST_WEEK, LAST_WEEK + 1):
            for learner in _chosen(group, week, order, contacts):
                contacts[learner.member].append(week)
    named = [it for it in grouped if it.member in contacts]
    hit = [it for it in named if it.label]
    came = sum(it.label for it in grouped)
    each = [(it, week) for it in named for week in contacts[it.member]]
    ahead = [it.next_missing[week].example.label for it, week in each if week in it.next_missing]
    leads = [_lead(it, min(contacts[it.member])) for it in hit]
    return {
        "n": len(grouped),
        "contacts": len(each) / len(grouped) if grouped else None,
        "contacted": len(named) / len(grouped) if grouped else None,
        "precision": len(hit) / len(named) if named else None,
        "recall": len(hit) / came if came and named else None,
        "then_missing": sum(ahead) / len(ahead) if ahead else None,
        "lead_days": median(leads) if leads else None,
    }


def _chosen(
    group: Sequence[Learner], week: int, order: Order, contacts: Mapping[Member, Sequence[int]]
) -> list[Learner]:
    free = []
    for learner in group:
        before = contacts.get(learner.member)
        value = order(learner, week)
        if value is not None and (before is None or week - before[-1] >= AGAIN_AFTER_WEEKS):
            free.append((-value, _dealt(learner), learner.member, learner))
    return [learner for *_, learner in sorted(free, key=lambda it: it[:3])[:PLACES_A_WEEK]]


def _groups(learners: Sequence[Learner], size: int) -> list[list[Learner]]:
    """Each course's learners in an order that says nothing, cut; a group of under half is left."""
    courses: dict[str, list[Learner]] = defaultdict(list)
    for learner in sorted(learners, key=lambda it: (_dealt(it), it.member)):
        courses[learner.member[1]].append(learner)
    cut = [own[at : at + size] for own in courses.values() for at in range(0, len(own), size)]
    return [group for group in cut if len(group) * _HALF >= size]


def _dealt(learner: Learner) -> int:
    return crc32(learner.member[0].encode())


def _learners(
    not_passing: Sequence[Row], next_missing: Sequence[Row], known: Hindsight
) -> list[Learner]:
    """Who was still in after two weeks, and has an outcome."""
    found: dict[Member, Learner] = {}
    for row in not_passing:
        member = row.user_id, row.course_id
        if row.course_id:
            end = span(known.facts[row.course_id])[1]
            it = found.setdefault(member, Learner(member, row.example.label, end))
            it.not_passing[row.week] = row
    for row in next_missing:
        own = found.get((row.user_id, row.course_id))
        if own is not None:
            own.next_missing[row.week] = row
    return [it for it in found.values() if max(it.not_passing) >= _STILL_IN_WEEK]


def _at_least(row: Row | None, least: float) -> float | None:
    if row is None or row.example.shown is None or row.probability < least:
        return None
    return row.probability


def _misses(learner: Learner, week: int) -> float | None:
    row = learner.not_passing.get(week)
    return None if row is None else row.example.features[PLACES["missed_in_row"]] or None


def _due_at(row: Row, known: Hindsight) -> float:
    assessments = known.facts[row.course_id].assessments
    due = next((each.due_at for each in assessments if each.id == row.example.assessment), None)
    return float("inf") if due is None else due


def _lead(learner: Learner, week: int) -> float:
    return (learner.ends_at - learner.not_passing[week].example.made_at) / DAY
