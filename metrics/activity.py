"""Today and the last seven days in numbers, the week before beside them, and the newest events."""

from domain.course_facts import CourseFacts
from domain.events.activity import EVENTS, ObjectKind
from domain.ids import short_id
from domain.keepers.recent import Recent, newest
from domain.keepers.scores import mean_score
from metrics.engagement import Engagement, cohort_as_of
from metrics.figures import instant, maybe_instant, pct
from metrics.progress_summary import overall
from metrics.scores_trend import performance_trend
from metrics.shapes_dashboard import (
    ActivityObject,
    ComparedActivities,
    ComparedMinutes,
    ComparedScore,
    Comparison,
    RealtimeMetrics,
    RecentActivity,
)
from metrics.view import View
from metrics.windows import WEEK, days_inactive, reaches, this_week, window


def realtime_metrics(view: View, engagement: Engagement) -> RealtimeMetrics:
    """The section `realtime_metrics`."""
    today, week = view.today_bucket, this_week(view)
    pooled = overall(view)
    return RealtimeMetrics(
        daily_activities=0 if today is None else today.activities,
        daily_assessments=0 if today is None else len(today.submitted),
        weekly_activities=week.activities,
        weekly_assessments=week.assessments,
        average_score=pct(pooled.average_score),
        score_count=pooled.score_count,
        engagement_level=engagement.level,
        engagement_basis=engagement.basis,
        cohort_as_of=maybe_instant(cohort_as_of(view)),
        performance_trend=performance_trend(view).direction,
        days_inactive=days_inactive(view),
    )


def comparison(view: View) -> Comparison:
    """Seven days against the seven before; null where the learner was not there yet."""
    week = this_week(view)
    before = window(view, week.first - WEEK, week.first - 1)
    known = reaches(view, before.first, before.last)
    return Comparison(
        activities=ComparedActivities(
            this_week=week.activities, last_week=before.activities if known else None
        ),
        minutes=ComparedMinutes(
            this_week=week.minutes(view), last_week=before.minutes(view) if known else None
        ),
        average_score=ComparedScore(
            this_week=_average(view, week.first, week.last),
            last_week=_average(view, before.first, before.last),
        ),
    )


def recent_activities(view: View) -> list[RecentActivity]:
    """The newest events up to today, newest first."""
    return [
        _recent(view, each)
        for each in reversed(newest(view.state))
        if view.day_of(each.at) <= view.today or not each.timed
    ]


def _average(view: View, first: int, last: int) -> float | None:
    return pct(mean_score([s for s in view.scores if first <= s.day <= last]))


def _recent(view: View, recent: Recent) -> RecentActivity:
    event = EVENTS[recent.type]
    assert event.OBJECT is not None, "an event that is listed is about something"
    kind, _ = event.OBJECT
    facts = view.facts.get(recent.course_id) if recent.course_id is not None else None
    object_id = recent.course_id if kind == "course" else recent.object_id
    return RecentActivity(
        event_id=recent.event_id,
        type=recent.type,
        occurred_at=instant(recent.at),
        by=event.BY,
        course_id=recent.course_id,
        course_title=None if facts is None else facts.title,
        object=ActivityObject(kind=kind, id=object_id, title=_title(facts, kind, object_id)),
        score=pct(recent.score),
        count=recent.count,
        duration_seconds=recent.seconds,
    )


def _title(facts: CourseFacts | None, kind: ObjectKind, object_id: str | None) -> str | None:
    if facts is None or object_id is None:
        return None
    if kind == "course":
        return facts.title
    if kind == "module":
        module = facts.module_by_short.get(short_id(object_id))
        return None if module is None else module.title
    if kind == "assessment":
        assessment = facts.assessment_by_short.get(short_id(object_id))
        return None if assessment is None else assessment.title
    return None
