"""The newest ten events of a learner, as the dashboard lists them."""

from typing import Final, get_args

from domain.events import EVENT_TYPES, AnyEvent, AssessmentGraded, ContentViewed
from domain.state import RECENT_MAX, Learner, Recent, pack_event_id

_OBJECTS: Final = {
    "content_viewed": "content_id",
    "module_completed": "module_id",
    "module_reopened": "module_id",
    "assessment_submitted": "assessment_id",
    "assessment_graded": "assessment_id",
    "question_answered": "question_id",
    "discussion_posted": "post_id",
    "goal_set": "goal_id",
    "goal_removed": "goal_id",
    "session_started": "session_id",
    "session_ended": "session_id",
}
_KINDS: Final = {
    kind: (
        EVENT_TYPES.index(str(kind.__struct_config__.tag)),
        _OBJECTS.get(str(kind.__struct_config__.tag)),
    )
    for kind in get_args(AnyEvent)
}
"""The code of each event's type, and the field that names its object."""


def note(state: Learner, event: AnyEvent, at: int) -> None:
    """Keep `event` among the newest ten, in order of event time."""
    recent = state.recent
    if len(recent) == RECENT_MAX and at < recent[0].at:
        return
    code, field = _KINDS[event.__class__]
    made = Recent(
        packed_id=pack_event_id(event.event_id),
        code=code,
        at=at,
        course_id=event.course_id,
        object_id=None if field is None else getattr(event, field),
        timed=event.precision == "instant",
    )
    if isinstance(event, ContentViewed):
        made.count = event.count
        made.seconds = None if event.duration_seconds is None else int(event.duration_seconds)
    elif isinstance(event, AssessmentGraded) and event.score is not None and event.max_score:
        made.score = 100 * event.score / event.max_score
    index = len(recent)
    while index and recent[index - 1].at > at:
        index -= 1
    recent.insert(index, made)
    if len(recent) > RECENT_MAX:
        del recent[0]
