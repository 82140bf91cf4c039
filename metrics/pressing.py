"""What cannot wait, and how it is named: overdue work, and silence while a course runs."""

from typing import Final

from domain.naming import dated_name
from domain.rules import missed_deadline
from metrics.assessments import Due, Heavy, dues
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
    return days if days is not None and days >= SILENT_FROM and any_runs(view) else None


def any_runs(view: View) -> bool:
    """Whether any open course has begun and has not ended."""
    return any(runs(view, course_id) for course_id in view.refs)


def runs(view: View, course_id: str) -> bool:
    """Whether an open course has begun and has not ended."""
    facts = view.facts.get(course_id)
    ended = facts is not None and facts.ends_at is not None and facts.ends_at <= view.now
    return view.refs[course_id].course_status == "active" and not ended


def name_of(view: View, due: Due) -> str:
    """What is due, with its date."""
    facts = view.facts.get(due.course.course_id)
    return dated_name(facts, due.fact, due.due_at, view.zone)


def name_of_heavy(view: View, heavy: Heavy) -> str:
    """Heavy work, with the date on which it is due."""
    facts = view.facts.get(heavy.course.course_id)
    return dated_name(facts, heavy.work.assessment, heavy.due_at, view.zone)
