"""When the next assessments will be submitted, as the model of submissions says."""

from metrics.assessments import Due, next_dues
from metrics.figures import instant
from metrics.modelled import estimate, said, waits_for
from metrics.shapes_predictions import Submission
from metrics.view import View


def submissions(view: View, horizon: int) -> list[Submission]:
    """One for each of a course's next assessments that is due within the horizon and open."""
    last = view.today + horizon
    return [_submission(view, due) for due in next_dues(view) if view.day_of(due.due_at) <= last]


def _submission(view: View, due: Due) -> Submission:
    course_id = due.course.course_id
    made = said(view, "submission", course_id, due.fact.id, waits=waits_for(view, course_id))
    return Submission(
        status=made.status,
        missing=made.missing,
        note=made.note,
        course_id=course_id,
        assessment_id=due.fact.id,
        due_at=instant(due.due_at),
        days_from_due=estimate(made.figure),
        model=made.model,
    )
