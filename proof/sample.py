"""Which learners are recounted, and what their states say of the same figures."""

import zlib
from collections.abc import Mapping

import msgspec

from domain.course_facts import CourseFacts
from domain.keepers.scores import mean_score, open_scores
from domain.state.learner import Learner
from domain.stored.codec import UnknownVersionError, decode_learner
from proof.recount import Figures, recent_since

_LATE = "late_unchecked"


def choose_learners(states: Mapping[str, bytes], quota: int) -> dict[str, Learner]:
    """The same `quota` learners every time; who outgrew a bound is known only in part.

    Work that came too late for its day is a bound too: what makes the day of a bucket is the
    fold's own affair, and not looked at by the recount. Ids that could not be looked up are none.
    """
    chosen: dict[str, Learner] = {}
    for user_id in sorted(states, key=lambda name: zlib.crc32(name.encode())):
        if len(chosen) == quota:
            break
        state = _decoded(states[user_id])
        if state is not None and not outgrown(state):
            chosen[user_id] = state
    return chosen


def figures_of(state: Learner, facts: dict[str, CourseFacts]) -> Figures:
    """The figures as the state has them."""
    since = recent_since(state.last_event_at)
    recent = [day.activities for day in state.days if day.activities and day.day >= since]
    return Figures(
        activities=sum(recent),
        days=len(recent),
        score=mean_score(open_scores(state, facts)),
        streak=state.streak.length,
        longest=state.streak.longest,
    )


def _decoded(data: bytes) -> Learner | None:
    """The state in `data`; what is none is found by the comparison of the bytes."""
    try:
        return decode_learner(data)
    except (UnknownVersionError, msgspec.DecodeError):
        return None


def outgrown(state: Learner) -> bool:
    """Whether something had to be left out of the state, so that it is known only in part."""
    counts = msgspec.structs.asdict(state.overflow)
    return any(count for name, count in counts.items() if name != _LATE)
