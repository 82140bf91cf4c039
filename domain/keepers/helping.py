"""How instructors helped a learner in a course: the newest 8 times, in order of event time."""

from uuid import UUID

from domain.events.activity import HelpNoted
from domain.state.course import Course, Help
from domain.state.history import insert
from domain.state.limits import HELPS_MAX


def take(course: Course, event: HelpNoted, at: int) -> None:
    """Note that the learner was helped; beyond 8 the oldest goes."""
    alerts = [UUID(name).bytes for name in event.alert_ids or ()]
    insert(course.helped, Help(at, event.kind, alerts))
    del course.helped[:-HELPS_MAX]


def helps(course: Course) -> list[Help]:
    """Those of the present run of the course, oldest first."""
    return [each for each in course.helped if course.covers(each.at)]
