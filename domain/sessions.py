"""Sessions: stretches of presence with gaps of up to 30 minutes, and the minutes they come to.

A span grows by an event's own duration (at most two hours) and by the gaps between events; an
explicit end closes it where it stands. The newest few spans are kept as intervals, so that a late
event joins the span it belongs to; older ones are kept as lengths.
"""

from typing import Final

from domain import days
from domain.state import SESSIONS_MAX, SPANS_MAX, Learner, Session, Span

GAP_SECONDS: Final = 30 * 60
DURATION_SECONDS_MAX: Final = 2 * 3600


def observe(
    state: Learner, start: int, seconds: float, zone: str, session_id: str | None, *, work: bool
) -> None:
    """Count an event's presence of `seconds` from `start` on; `work` where it is an activity."""
    end = start + int(min(seconds, DURATION_SECONDS_MAX))
    spans = state.spans
    if spans:
        last = spans[-1]
        if start >= last.start:
            if start <= last.end or (not last.closed and start <= last.end + GAP_SECONDS):
                _extend(state, last, start, end, zone)
                last.activities += work
                last.session_id = session_id or last.session_id
                return
        elif _joined_earlier(state, start, end, zone, work=work):
            return
    _open(state, start, end, zone, session_id, work=work)


def started(state: Learner, at: int, zone: str, session_id: str | None) -> None:
    """An explicit start: what was open before it is over."""
    if state.spans and state.spans[-1].end <= at:
        state.spans[-1].closed = True
    observe(state, at, 0, zone, session_id, work=False)


def ended(state: Learner, at: int, zone: str) -> None:
    """An explicit end wins over what durations and gaps had assumed."""
    if not state.spans:
        return
    last = state.spans[-1]
    if last.closed or at < last.start or at > last.end + GAP_SECONDS:
        last.closed = last.closed or at > last.end
        return
    if at > last.end:
        _count(state, last.end, at, zone, sign=1)
    else:
        _count(state, at, last.end, zone, sign=-1)
    last.end = at
    last.closed = True


def _extend(state: Learner, span: Span, start: int, end: int, zone: str) -> None:
    span.last_at = max(span.last_at, start)
    if end > span.end and not span.closed:
        _count(state, span.end, end, zone, sign=1)
        span.end = end


def _open(
    state: Learner, start: int, end: int, zone: str, session_id: str | None, *, work: bool
) -> None:
    day = days.local_day(start, zone)
    span = Span(start, end, day, start, int(work), session_id=session_id)
    spans = state.spans
    index = len(spans)
    while index and spans[index - 1].start > start:
        index -= 1
    spans.insert(index, span)
    bucket = days.bucket(state, day)
    if bucket is not None:
        bucket.sessions += 1
    _count(state, start, end, zone, sign=1)
    if len(spans) > SPANS_MAX:
        over = spans.pop(0)
        state.sessions.append(Session(over.day, over.end - over.start))
        if len(state.sessions) > SESSIONS_MAX:
            del state.sessions[0]


def _joined_earlier(state: Learner, start: int, end: int, zone: str, *, work: bool) -> bool:
    """Join a late event to the earlier span it belongs to; several spans may become one."""
    spans = state.spans
    for index in range(len(spans) - 1, -1, -1):
        span = spans[index]
        until = span.end + (0 if span.closed else GAP_SECONDS)
        if start <= until and end >= span.start - GAP_SECONDS:
            _widen(state, span, start, end, zone)
            span.activities += work
            _merge_neighbours(state, index, zone)
            return True
    return False


def _widen(state: Learner, span: Span, start: int, end: int, zone: str) -> None:
    if start < span.start:
        _count(state, start, span.start, zone, sign=1)
        _move_start(state, span, start, zone)
    _extend(state, span, start, end, zone)


def _move_start(state: Learner, span: Span, start: int, zone: str) -> None:
    day = days.local_day(start, zone)
    if day != span.day:
        _count_session(state, span.day, -1)
        _count_session(state, day, 1)
        span.day = day
    span.start = start


def _merge_neighbours(state: Learner, index: int, zone: str) -> None:
    """What the span at `index` has grown up to or over becomes one with it."""
    spans = state.spans
    while index + 1 < len(spans) and _touch(spans[index], spans[index + 1]):
        _merge(state, index, zone)
    while index and _touch(spans[index - 1], spans[index]):
        index -= 1
        _merge(state, index, zone)


def _touch(first: Span, second: Span) -> bool:
    gap = second.start - first.end
    return gap <= 0 or (not first.closed and gap <= GAP_SECONDS)


def _merge(state: Learner, left: int, zone: str) -> None:
    """Make one span of two: seconds between them are presence, those of both count once."""
    first, second = state.spans[left], state.spans[left + 1]
    if second.start >= first.end:
        _count(state, first.end, second.start, zone, sign=1)
    else:
        both = max(first.start, second.start), min(first.end, second.end)
        _count(state, *both, zone, sign=-1)
    if second.end >= first.end:
        first.closed = second.closed
    _count_session(state, max(first, second, key=_start).day, -1)
    earlier = min(first, second, key=_start)
    first.start, first.day = earlier.start, earlier.day
    first.end = max(first.end, second.end)
    first.last_at = max(first.last_at, second.last_at)
    first.activities += second.activities
    first.session_id = second.session_id or first.session_id
    del state.spans[left + 1]


def _start(span: Span) -> int:
    return span.start


def _count_session(state: Learner, day: int, sign: int) -> None:
    bucket = days.find(state, day) if sign < 0 else days.bucket(state, day)
    if bucket is not None:
        bucket.sessions = max(bucket.sessions + sign, 0)


def _count(state: Learner, start: int, end: int, zone: str, *, sign: int) -> None:
    """Add the seconds of an interval to its local days, split at local midnight."""
    while start < end:
        day = days.local_day(start, zone)
        until = end
        if days.local_day(end - 1, zone) != day:
            until = min(end, max(days.day_start(day + 1, zone), start + 1))
        bucket = days.bucket(state, day)
        if bucket is not None:
            bucket.seconds = max(bucket.seconds + sign * (until - start), 0)
        start = until
