"""Whether learners did what an alert suggested, within 7 days, as their states in Postgres show it.

What a learner did is compared by whether the alert was delivered. That is an association, not an
effect: who mutes alerts, and what comes late, may differ in other ways.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from msgspec import Struct

from domain.alerts import DAY, Resolution
from domain.ids import short_id
from domain.keepers.courses import find_course
from domain.keepers.coursework import find_work, submitted
from domain.keepers.days import local_day, worked
from domain.state.learner import Day, Learner

WITHIN_DAYS: Final = 7
LEARNERS_MIN: Final = 20
"""Of fewer learners no share is given."""
_CANNOT: Final[frozenset[Resolution]] = frozenset(
    {"corrected", "superseded", "unenrolled", "course_finished"}
)
"""Where an alert ends so within the days, there was nothing left to do."""


class Suggested(Struct, frozen=True, kw_only=True):
    """One alert with its first action, as Postgres has it; times in epoch seconds."""

    rule: str
    action: str
    suppressed: bool
    raised_at: int
    resolved_at: int | None = None
    resolution: Resolution | None = None
    course_id: str | None = None
    subject: str | None = None


class Known(Struct, frozen=True):
    """A learner's state, the setting's zone, and the time up to which it is known."""

    state: Learner
    default_zone: str
    clock: int

    def day_of(self, at: int) -> int:
        """The learner's local date of an instant, as an ordinal."""
        return local_day(at, self.state.zone or self.default_zone)


@dataclass(frozen=True, slots=True)
class Followed:
    """Of one rule and action, the learners who got it delivered or suppressed, and who did it.

    Of each learner the first such alert counts. A share is from 0 to 1, None under 20 learners.
    """

    rule: str
    action: str
    delivered: int
    delivered_did: int
    delivered_share: float | None
    suppressed: int
    suppressed_did: int
    suppressed_share: float | None


_Did: TypeAlias = bool | None


def count_followed(learners: Iterable[tuple[Known, list[Suggested]]]) -> list[Followed]:
    """A row for each rule and action, by name; a learner's alerts come in order of time."""
    found: dict[tuple[str, str], dict[bool, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for known, alerts in learners:
        counted = set()
        for alert in alerts:
            key = alert.rule, alert.action, alert.suppressed
            did = None if key in counted else acted(known, alert)
            if did is not None:
                counted.add(key)
                found[alert.rule, alert.action][alert.suppressed].append(did)
    return [_row(*key, found[key]) for key in sorted(found)]


def acted(known: Known, alert: Suggested) -> _Did:
    """Whether it was done within 7 days; None where that is not known, or could not be done.

    An action of which no event tells is never known.
    """
    raised = known.day_of(alert.raised_at)
    if known.day_of(known.clock) <= raised + WITHIN_DAYS:
        return None
    until = alert.raised_at + WITHIN_DAYS * DAY
    if alert.resolution in _CANNOT and (alert.resolved_at or 0) <= until:
        return None
    judge = _JUDGES.get(alert.action)
    return None if judge is None else judge(known.state, alert, raised)


def _submitted(state: Learner, alert: Suggested, raised: int) -> _Did:
    """The assessment was submitted after the alert was raised, within seven days."""
    del raised
    course = find_course(state, alert.course_id or "")
    if course is None or alert.subject is None:
        return None
    first = submitted(course, find_work(course, short_id(alert.subject)))
    if first is None:
        return False
    if first.at < alert.raised_at:
        return None  # it came to light later: nothing was left to do
    return first.at <= alert.raised_at + WITHIN_DAYS * DAY


def _on_a_day(holds: Callable[[Day], bool]) -> Callable[[Learner, Suggested, int], _Did]:
    """On one of the seven local days after the one on which the alert was raised."""

    def judge(state: Learner, alert: Suggested, raised: int) -> _Did:
        del alert
        if state.streak.gone_day > raised:
            return None  # its days are kept no more
        return any(raised < day.day <= raised + WITHIN_DAYS and holds(day) for day in state.days)

    return judge


def _posted(day: Day) -> bool:
    return day.posts > 0


_JUDGES: Final[Mapping[str, Callable[[Learner, Suggested, int], _Did]]] = {
    "submit_assessment": _submitted,
    "resume_course": _on_a_day(worked),
    "plan_session": _on_a_day(worked),
    "ask_for_help": _on_a_day(_posted),
}


def _row(rule: str, action: str, groups: Mapping[bool, list[bool]]) -> Followed:
    delivered, suppressed = groups.get(False, []), groups.get(True, [])
    return Followed(
        rule=rule,
        action=action,
        delivered=len(delivered),
        delivered_did=sum(delivered),
        delivered_share=_share(delivered),
        suppressed=len(suppressed),
        suppressed_did=sum(suppressed),
        suppressed_share=_share(suppressed),
    )


def _share(did: list[bool]) -> float | None:
    return round(sum(did) / len(did), 3) if len(did) >= LEARNERS_MIN else None
