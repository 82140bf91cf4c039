"""How texts name things: assessments by title, or by kind and date, never by a bare id."""

from collections.abc import Iterable, Iterator
from typing import Final

from domain.course_facts import Assessment, CourseFacts
from domain.keepers.days import day_month

_UNKNOWN: Final = "Assessment"
_DAY: Final = 86_400


def assessment_name(
    facts: CourseFacts | None, fact: Assessment | None, due_at: int | None, zone: str
) -> str:
    """The title, else the kind and due date ("TMA due 5 June"), else what is known of these.

    `due_at` is the learner's own due time. Assessments of one course that read alike are told
    apart by their ids in parentheses.
    """
    name = _plain(fact, due_at, zone)
    if facts is None or fact is None:
        return name
    alike = any(name == other for other in _others(facts, fact, zone))
    return f"{name} ({fact.id})" if alike else name


def dated_name(facts: CourseFacts | None, fact: Assessment | None, due_at: int, zone: str) -> str:
    """The name with its due date, once: "Essay 1 (due 5 June)", or "TMA due 5 June"."""
    name = assessment_name(facts, fact, due_at, zone)
    titled = fact is not None and bool(fact.title)
    return f"{name} (due {day_month(due_at, zone)})" if titled else name


def undated_name(
    facts: CourseFacts | None,
    fact: Assessment | None,
    others: Iterable[CourseFacts],
    zone: str,
) -> str:
    """The title, else the kind, for a sentence that says the date itself.

    What reads alike in the course is told apart by its id; what reads alike in one of the `others`,
    by the course.
    """
    if facts is None or fact is None:
        return f"an {_UNKNOWN.lower()}"
    name = _short(fact)

    def alike(other: Assessment) -> bool:
        return _short(other) == name and _same_date(other.due_at, fact.due_at, zone)

    if any(other.id != fact.id and alike(other) for other in facts.assessments):
        return f"{name} ({fact.id})"
    if any(alike(other) for course in others for other in course.assessments):
        return f"{name} ({facts.title or facts.course_id})"
    return name


def _same_date(one: int | None, other: int | None, zone: str) -> bool:
    if one is None or other is None:
        return one == other
    return abs(one - other) < _DAY and day_month(one, zone) == day_month(other, zone)


def _short(fact: Assessment) -> str:
    return fact.title or (_capital(fact.kind) if fact.kind else f"An {_UNKNOWN.lower()}")


def _plain(fact: Assessment | None, due_at: int | None, zone: str) -> str:
    if fact is not None and fact.title:
        return fact.title
    kind = None if fact is None else fact.kind
    if due_at is None:
        return f"An {_UNKNOWN.lower()}" if not kind else _capital(kind)
    return f"{_UNKNOWN if not kind else _capital(kind)} due {day_month(due_at, zone)}"


def _capital(kind: str) -> str:
    return kind[:1].upper() + kind[1:]


def _others(facts: CourseFacts, fact: Assessment, zone: str) -> Iterator[str]:
    for other in facts.assessments:
        if other.id != fact.id:
            yield _plain(other, other.due_at, zone)
