"""The newest ten events of a learner, as the dashboard lists them."""

from typing import Final, get_args

from domain.events import EVENT_TYPES, AnyEvent, AssessmentGraded, ContentViewed
from domain.history import insert
from domain.scores import percent_of
from domain.state import RECENT_MAX, Learner, Recent, pack_event_id

_OBJECTS: Final = {
    "content_viewed": "content_id",
    "module_completed": "module_id",
    "module_reopened": "module_id",
    "assessment_submitted": "assessment_id",
    "assessment_graded": "assessment_id",
    "assessment_excused": "assessment_id",
    "deadline_extended": "assessment_id",
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


def note(state: Learner, event: AnyEvent, at: int, *, timed: bool) -> None:
    """Keep `event` among the newest ten, in order of event time."""
    recent = state.recent
    if len(recent) == RECENT_MAX:
        if at < recent[0].at:
            return
        del recent[0]
    code, field = _KINDS[event.__class__]
    score = count = seconds = None
    if isinstance(event, ContentViewed):
        count = event.count
        seconds = None if event.duration_seconds is None else int(event.duration_seconds)
    elif isinstance(event, AssessmentGraded) and event.score is not None and event.max_score:
        score = percent_of(event.score, event.max_score)
    made = Recent(
        pack_event_id(event.event_id),
        code,
        at,
        event.course_id,
        None if field is None else getattr(event, field),
        score,
        count,
        seconds,
        timed,
    )
    insert(recent, made)
