"""What instructors are answered about a course, made of its rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar, cast
from uuid import UUID

from api.alert_rows import AlertRow
from api.alerts import sentence, shown_evidence, shown_state
from api.course_query import Listing, Place, write_cursor
from api.course_rows import AGAIN_AFTER, AlertSeen, CountedCourse, CourseCount, Listed
from api.course_shapes import (
    AssessmentCount,
    Attention,
    CategoryCount,
    CourseAlert,
    CourseItem,
    CourseLearnerItem,
    CourseModel,
    HelpedBefore,
    HelpGiven,
    LearnersFilters,
    PastAlert,
    Quartiles,
    Reason,
)
from api.parameters import SEVERITIES
from domain.alerts import Resolution, Transition
from domain.course_facts import CourseFacts
from domain.events.activity import HelpKind
from domain.exact import exceeds, under
from domain.ids import shown_id
from domain.keepers.days import iso_date, local_day
from domain.predictions import Target
from domain.state.course import Help
from domain.state.learner import Severity
from domain.stored.course_rows import ATTENTION, FAILING_LIKELY, LIKELY_FAILING, NOTHING_OPEN
from domain.texts import TEXTS, third
from metrics.course_learner import DAYS_SHOWN
from metrics.figures import instant, maybe_instant, needs, pct, prob
from metrics.modelled import learned
from metrics.shapes import CourseStatus, Missing, SectionState, Text
from metrics.view import Models
from models.reports import Scores
from models.serving import Served

DISTRIBUTION_MIN: Final = 5
"""Of fewer learners no quartiles are told: they would tell of single ones."""
BEHIND_SHARE: Final = 0.9
"""Who has done less than this share of what the schedule expects is behind."""
HISTORY_MAX: Final = 20
_THOUSAND: Final = 1000
_SEVERITY: Final[dict[int, Severity]] = {number: name for name, number in ATTENTION.items()}
_MODELS: Final[tuple[Target, ...]] = ("next_missing", "not_passing")

Value = TypeVar("Value")


def course_status(facts: CourseFacts | None, at: int) -> CourseStatus:
    """Where the course stands in its own life."""
    if facts is not None and facts.starts_at is not None and at < facts.starts_at:
        return "not_started"
    over = facts is not None and facts.ends_at is not None and at >= facts.ends_at
    return "finished" if over else "active"


def course_dates(facts: CourseFacts | None, zone: str) -> tuple[str | None, str | None]:
    """The dates on which the course starts and ends, in its own zone, else in `zone`."""
    if facts is None:
        return None, None
    starts, ends = (
        None if at is None else iso_date(local_day(at, facts.timezone or zone))
        for at in (facts.starts_at, facts.ends_at)
    )
    return starts, ends


def course_item(found: CourseCount, at: int, zone: str) -> CourseItem:
    """A course in the list of courses."""
    starts_on, ends_on = course_dates(found.facts, zone)
    return CourseItem(
        course_id=found.course_id,
        title=None if found.facts is None else found.facts.title,
        course_status=course_status(found.facts, at),
        starts_on=starts_on,
        ends_on=ends_on,
        learners=found.learners,
        with_attention=found.with_attention,
    )


def quartiles(values: Sequence[float] | None, count: int) -> Quartiles | None:
    """Quartiles of so many learners' figures; None where these are too few."""
    if values is None or count < DISTRIBUTION_MIN:
        return None
    low, median, high = (pct(each) or 0.0 for each in values)
    return Quartiles(low=low, median=median, high=high)


def category_counts(found: CountedCourse) -> list[CategoryCount]:
    """The rules that alert of anybody, the one of most learners first."""
    in_order = sorted(found.categories.items(), key=lambda each: (-each[1], each[0]))
    return [
        CategoryCount(
            category=name, title=TEXTS.get(f"alert.{name}.title", name), learners=learners
        )
        for name, learners in in_order
    ]


def assessment_counts(found: CountedCourse) -> list[AssessmentCount]:
    """Every assessment, in order of due times, and of how many learners it is open."""
    facts, learners = found.facts, int(found.counts["learners"])
    if facts is None:
        return []
    made = []
    for short, fact in facts.assessment_by_short.items():
        settled = found.settled.get(short, 0)
        made.append(
            AssessmentCount(
                assessment_id=fact.id,
                title=fact.title,
                due_at=maybe_instant(fact.due_at),
                required=fact.required,
                heavy=short in facts.heavy_shares,
                settled=settled,
                open=learners - settled,
            )
        )
    return sorted(made, key=lambda each: (each.due_at or "~", each.assessment_id))


def course_models(models: Models | None, course_id: str) -> tuple[bool | None, list[CourseModel]]:
    """Whether the models are believed in this course, and how right each was.

    None, and None for `models`: not known.
    """
    if models is None or (models.newest and models.newest not in models.snapshots):
        return None, [_course_model(target, "unavailable") for target in _MODELS]
    newest = models.snapshots.get(models.newest)
    found = [_of_model(newest, target, course_id) for target in _MODELS]
    return None if newest is None else course_id not in newest.snapshot.gates, found


def _of_model(newest: Served | None, target: Target, course_id: str) -> CourseModel:
    """One model, as the newest snapshot has it; None: nothing was learned yet."""
    have, need = learned(newest, target)
    enough = needs(("examples", have, need))
    scores = None if newest is None else newest.snapshot.reports[target].courses.get(course_id)
    return _course_model(target, enough.status, enough.missing, scores)


def _course_model(
    target: Target,
    status: SectionState,
    missing: Sequence[Missing] = (),
    scores: Scores | None = None,
) -> CourseModel:
    return CourseModel(
        name=target,
        status=status,
        missing=list(missing),
        judged=0 if scores is None else scores.count,
        calibration_error=None if scores is None else _rounded(scores.calibration_error),
        log_loss=None if scores is None else _rounded(scores.log_loss),
        naive_log_loss=None if scores is None else _rounded(scores.naive_log_loss),
        auc=None if scores is None else _rounded(scores.auc),
    )


def behind_below(expected: float | None) -> float | None:
    """The progress under which a learner is behind what the schedule expects by now."""
    return pct(BEHIND_SHARE * expected) if expected is not None and exceeds(expected, 0) else None


def behind(reached: Mapping[float, int], below: float | None) -> int | None:
    """How many learners came less far than `below`; None where nothing is expected."""
    if below is None:
        return None
    return sum(learners for percent, learners in reached.items() if under(percent, below))


def learner_item(found: Listed, at: int, zone: str) -> CourseLearnerItem:
    """A learner in the list of a course."""
    row, today = found.row, local_day(at, zone)
    return CourseLearnerItem(
        user_id=shown_id(row.user_id),
        reason=_reason(found, at),
        attention=_attention(found, at),
        next_missing=_prob(row.next_missing),
        not_passing=_prob(row.not_passing),
        last_work_on=iso_date(row.last_work_day) if row.last_work_day else None,
        days=_days(found, today),
        progress=pct(row.progress),
        average_score=pct(row.average_score),
        score_count=row.score_count,
        scores=[pct(each) or 0.0 for each in row.scores],
        helped=_helped(row.helped_at, row.helped, at),
    )


def next_place(asked: Listing, learners: Sequence[Listed], at: int) -> str | None:
    """The cursor that leads on from a page; None where nothing comes behind it."""
    if len(learners) <= asked.limit:
        return None
    last = learners[asked.limit - 1]
    began = at if asked.place is None else asked.place.at
    return write_cursor(asked, Place(began, last.part, last.first, last.second, last.row.user_id))


def shown_filters(asked: Listing) -> LearnersFilters:
    """What was asked for."""
    filters = asked.filters
    return LearnersFilters(
        sort=filters.sort,
        category=filters.category,
        severity=list(filters.severities or SEVERITIES),
        quiet_days_min=filters.quiet_days_min,
        score_max=filters.score_max,
        progress_max=filters.progress_max,
        progress_below=filters.progress_below,
        not_submitted=filters.not_submitted,
    )


def is_told(row: AlertRow, course_id: str) -> bool:
    """Whether instructors of the course are told of an alert: it is for them, and about it."""
    told = row.transition
    return told.course_id == course_id and told.delivered and "instructor" in told.audience


def open_alerts(rows: Sequence[AlertRow], course_id: str, at: int) -> list[CourseAlert]:
    """The open alerts of one learner that instructors of the course are told of, worst first."""
    return [
        course_alert(AlertSeen(row.alert_id, row.severity, row.raised_at, row.transition))
        for row in rows
        if is_told(row, course_id) and row.expires_at > at
    ]


def past_alerts(rows: Sequence[AlertRow], course_id: str, at: int) -> Iterator[PastAlert]:
    """The newest alerts of one learner that instructors of the course were told of."""
    told = [row for row in rows if is_told(row, course_id)]
    for row in told[:HISTORY_MAX]:
        seen = AlertSeen(row.alert_id, row.severity, row.raised_at, row.transition)
        shown = course_alert(seen)
        yield PastAlert(
            id=shown.id,
            category=shown.category,
            severity=shown.severity,
            state=shown_state(row, row.said, at),
            raised_at=shown.since,
            resolved_at=maybe_instant(row.resolved_at),
            resolution=cast("Resolution | None", row.resolution),
            title=shown.title,
            message=shown.message,
        )


def course_alert(seen: AlertSeen) -> CourseAlert:
    """An alert in words that are not to the learner."""
    told = seen.transition
    title = told.title_code or f"alert.{told.category}.title"
    return CourseAlert(
        id=seen.alert_id,
        category=told.category,
        severity=cast("Severity", seen.severity),
        since=instant(seen.raised_at),
        title=sentence(third(title), told.params),
        message=_message(told, title),
        evidence=[shown_evidence(each) for each in told.evidence],
    )


def help_given(helped: Sequence[Help]) -> list[HelpGiven]:
    """Help that was noted, the newest first."""
    return [
        HelpGiven(
            at=instant(each.at),
            kind=each.kind,
            alert_ids=[str(UUID(bytes=name)) for name in each.alerts],
        )
        for each in reversed(helped)
    ]


def _reason(found: Listed, at: int) -> Reason:
    """Why the learner stands where in the contact order."""
    place = found.row.contact_place
    if place < LIKELY_FAILING:
        return "next_missing"
    if place <= LIKELY_FAILING + _THOUSAND - FAILING_LIKELY:
        return "not_passing"
    return "none" if place == NOTHING_OPEN or found.row.attention_until <= at else "alert"


def _attention(found: Listed, at: int) -> Attention | None:
    """What is open now; an alert that has expired is none, and a milder one may stay."""
    open_now, row = [course_alert(each) for each in found.alerts], found.row
    if row.attention and row.attention_until > at:
        severity, since = _SEVERITY[row.attention], row.attention_since
        return Attention(severity=severity, since=instant(since), alerts=open_now)
    if not open_now:
        return None
    worst = max(open_now, key=lambda each: ATTENTION[each.severity])
    return Attention(severity=worst.severity, since=worst.since, alerts=open_now)


def _days(found: Listed, today: int) -> list[int]:
    first = today - DAYS_SHOWN + 1 - found.first_day
    there = range(len(found.activities))
    return [
        found.activities[place] if place in there else 0
        for place in range(first, first + DAYS_SHOWN)
    ]


def _helped(helped_at: int | None, kinds: Sequence[str], at: int) -> HelpedBefore | None:
    if helped_at is None:
        return None
    return HelpedBefore(
        at=instant(helped_at),
        recently=helped_at > at - AGAIN_AFTER,
        kinds=[cast("HelpKind", kind) for kind in reversed(kinds)],
    )


def _message(told: Transition, title: str) -> Text:
    code = third(told.message_code or title)
    return Text(code=code, params=told.params, text=sentence(code, told.params))


def _prob(thousandths: int | None) -> float | None:
    return None if thousandths is None else prob(thousandths / _THOUSAND)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
