"""What cannot wait, of which insights and recommendations both speak: overdue work, and silence."""

from typing import Final

from domain.naming import dated_name
from domain.rules import missed_deadline
from metrics.assessments import Due, dues
from metrics.view import View
from metrics.windows import WEEK, days_inactive

OVERDUE_MAX: Final = 2
SILENT_FROM: Final = WEEK  # local days without work


def overdue(view: View) -> list[Due]:
    """What has an open missed_deadline alert and is not submitted, the newest first, two at most.

    So it is shown from 48 hours after the due time until the alert expires, 30 days later.
    """
    alerted = {
        (alert.course_id, alert.subject)
        for alert in view.state.alerts
        if alert.rule == missed_deadline.RULE.category and alert.expires_at > view.now
    }
    found = [
        due
        for due in dues(view)
        if (due.course.course_id, due.fact.id) in alerted and due.submitted_at is None
    ]
    found.sort(key=lambda due: (-due.due_at, due.course.course_id, due.fact.id))
    return found[:OVERDUE_MAX]


def silent_days(view: View) -> int | None:
    """Local days without work, from 7 on, while a course is running; None otherwise."""
    days = days_inactive(view)
    if days is None or days < SILENT_FROM or not any(_runs(view, each) for each in view.refs):
        return None
    return days


def name_of(view: View, due: Due) -> str:
    """What is due, with its date."""
    facts = view.facts.get(due.course.course_id)
    return dated_name(facts, due.fact, due.due_at, view.zone)


def _runs(view: View, course_id: str) -> bool:
    facts = view.facts.get(course_id)
    ended = facts is not None and facts.ends_at is not None and facts.ends_at <= view.now
    return view.refs[course_id].course_status == "active" and not ended
