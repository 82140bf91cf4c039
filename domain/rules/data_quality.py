"""data_quality: the source of a partition has stopped, or a learner's events are mostly rejected.

The fold keeps what it goes by (`domain/fold/quality.py`) and publishes what follows.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from domain.alerts import (
    DAY,
    Action,
    Evidence,
    Param,
    Rule,
    Target,
    alert_id,
)
from domain.events.decode import REASONS, Reason
from domain.exact import exceeds, rounded
from domain.rules.ordering import require_at_most
from domain.rules.rule import Documented, PartitionRule, Percent
from domain.state.learner import Severity
from domain.state.limits import SOURCE_DAYS, VERDICTS_MAX
from domain.state.quality import Quality

RULE: Final = Rule(
    category="data_quality",
    version=1,
    type="system",
    expires_days=30,
    audience=("operator",),
    subject="partition",
)
ACCEPTED: Final = 0
"""The verdict on a record that was accepted; on a rejected one it is that of its reason."""
_HOUR: Final = 3600
_WEEK: Final = 7
_SAME_WEEKDAY: Final = sum(1 << day for day in range(0, SOURCE_DAYS, _WEEK))


class DataQuality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a silence is too long, and when too many of a learner's records are rejected.

    A source has stopped after `silent_hours` more than its longest pause of four weeks, of the days
    of the week on which anything comes; before, records must have come on `days_known` days. A
    learner's records are rejected too often where more than `rejected_percent` of the newest
    `records` were, until it is `rejected_percent_until` or less.
    """

    silent_hours: Annotated[int, Meta(ge=24, le=24 * SOURCE_DAYS)] = 48
    days_known: Annotated[int, Meta(ge=1, le=SOURCE_DAYS)] = 7
    records: Annotated[int, Meta(ge=5, le=VERDICTS_MAX)] = 20
    rejected_percent: Percent = 50.0
    rejected_percent_until: Percent = 25.0

    def __post_init__(self) -> None:
        """Refuse an alert that would be over before it is raised."""
        require_at_most(self, "rejected_percent_until", "rejected_percent")


TEXTS: Final = {
    "alert.data_quality.title": "Something Is Wrong With the Data",
    "alert.data_quality.silent": (
        "Partition {partition}: no event has been accepted since {since}, a longer pause than usual"
    ),
    "alert.data_quality.silent_rejected": (
        "Partition {partition}: no event has been accepted since {since}, a longer pause than "
        "usual. Records rejected since then: {rejected}"
    ),
    "alert.data_quality.rejected": (
        "Of this learner's last {records} records {rejected} were rejected, most often as {reason}"
    ),
}


class Said(NamedTuple):
    """What an alert of this rule says when it is raised; a learner's id, or empty for a source."""

    user_id: str
    cause: str
    message_code: str
    params: dict[str, Param]
    evidence: Evidence
    action: Action

    def id_in(self, partition: int) -> bytes:
        """The alert's id, 16 bytes."""
        return alert_id(self.user_id, RULE.category, str(partition), self.cause).bytes


def severity_of(user_id: str) -> Severity:
    """How severe an alert is: high where a source has stopped, which is about no learner."""
    return "medium" if user_id else "high"


# -- the source ------------------------------------------------------------------------------------


def stopped_at(quality: Quality, rule: DataQuality) -> int | None:
    """When the silence since the newest accepted record is too long, in epoch seconds.

    None where records came on too few days to say what is usual. Only days of the week on which
    records came in four weeks count, so a source that rests at weekends may.
    """
    if quality.days.bit_count() < rule.days_known:
        return None
    left = rule.silent_hours * _HOUR + longest_pause(quality.days) * DAY
    at, days_after = quality.last_at, 0
    while True:
        ends = (at // DAY + 1) * DAY
        if _is_usual(quality.days, -days_after):
            if left <= ends - at:
                return at + left
            left -= ends - at
        at, days_after = ends, days_after + 1


def longest_pause(days: int) -> int:
    """The most days in a row without records between two with them, of usual days of the week."""
    longest = running = 0
    for before in range(days.bit_length()):
        if days >> before & 1:
            running = 0
        elif _is_usual(days, before):
            running += 1
            longest = max(longest, running)
    return longest


def _is_usual(days: int, before: int) -> bool:
    """Whether records came on that day of the week, so many days before the newest record's."""
    return bool(days & _SAME_WEEKDAY << before % _WEEK)


def silence(quality: Quality, partition: int, rejected: int, rule: DataQuality) -> Said:
    """That the source has stopped; so many records were rejected since."""
    pause = longest_pause(quality.days)
    since = datetime.fromtimestamp(quality.last_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    params: dict[str, Param] = {"partition": str(partition), "since": since}
    code = "alert.data_quality.silent"
    if rejected:
        code, params["rejected"] = "alert.data_quality.silent_rejected", rejected
    limit = rounded(rule.silent_hours * _HOUR / DAY + pause, 2)
    return Said(
        user_id="",
        cause=str(quality.last_at),
        message_code=code,
        params=params,
        evidence=Evidence(
            feature="days_since_accepted",
            value=limit,
            baseline=float(pause),
            threshold=limit,
            unit="days",
            direction="up",
        ),
        action=Action(code="check_source", target=_on(partition)),
    )


# -- learners --------------------------------------------------------------------------------------


def verdict_of(reason: Reason) -> int:
    """The verdict, one byte, that stands for a reason in a checkpoint."""
    return REASONS.index(reason) + 1


def rejected_of(verdicts: bytes) -> int:
    """How many of them are not accepted."""
    return len(verdicts) - verdicts.count(ACCEPTED)


def exceeds_percent(verdicts: bytes, percent: float) -> bool:
    """Whether more than so many percent were rejected; of no records none are."""
    return exceeds(100 * rejected_of(verdicts), percent * len(verdicts))


def rejections(
    user_id: str, verdicts: bytes, partition: int, cause: str, rule: DataQuality
) -> Said:
    """That of a learner's newest records so many were rejected."""
    rejected, reason = rejected_of(verdicts), _commonest(verdicts)
    return Said(
        user_id=user_id,
        cause=cause,
        message_code="alert.data_quality.rejected",
        params={"records": len(verdicts), "rejected": rejected, "reason": reason},
        evidence=Evidence(
            feature="records_rejected",
            value=rounded(100 * rejected / len(verdicts), 1),
            threshold=rule.rejected_percent,
            unit="percent",
            direction="up",
        ),
        action=Action(
            code="review_dead_letters",
            params={"partition": str(partition), "reason": reason},
            target=_on(partition),
        ),
    )


def _commonest(verdicts: Iterable[int]) -> Reason:
    """The reason that comes most often; of two, the one that is listed first."""
    counts = Counter(sorted(each for each in verdicts if each != ACCEPTED))
    return REASONS[counts.most_common(1)[0][0] - 1]


def _on(partition: int) -> Target:
    return Target(kind="partition", id=str(partition))


DEFINITION: Final = PartitionRule(
    spec=RULE,
    thresholds=DataQuality,
    texts=TEXTS,
    documented=Documented(
        severity="high (the source has stopped); medium (a learner's events are rejected)",
        raised=(
            "the source of a partition has stopped: no record was accepted for 48 hours more than "
            "the longest pause of the 28 days before, where records came on 7 of these days at "
            "least; days of the week on which none came in that time do not count. Under the wall "
            "clock only. Or of the newest 20 records under a learner's key, from a rejected one on"
            ", more than half were rejected"
        ),
        ends=(
            "a record is accepted; a quarter or less of the newest 20 were rejected: `cleared`. "
            "Other thresholds, or a record from before that moment: `corrected`"
        ),
        cooldown="once a silence; one a learner at a time",
        cause=(
            "time of the last accepted record; time of the record with which it became too many "
            "`:` its offset"
        ),
    ),
)
