"""Sessions: stretches of presence with gaps of up to 30 minutes, and the minutes they come to.

A span grows by an event's own duration (at most two hours) and by the gaps between events; an
explicit start or end cuts it. Spans are a fold over marks in event time. The marks of the newest
two days are kept, so an event that arrives late among them gives the same spans as one in time.
Of older spans the intervals are kept for a while: a late event joins the one it belongs to.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.keepers import days
from domain.state.learner import (
    Learner,
    Session,
    Span,
)
from domain.state.limits import (
    MARKS_MAX,
    MARKS_SECONDS,
    SESSIONS_MAX,
    SPANS_MAX,
)

GAP_SECONDS: Final = 30 * 60
DURATION_SECONDS_MAX: Final = 2 * 3600

PRESENT: Final = 0
WORKED: Final = 1
STARTED: Final = 2
ENDED: Final = 3

_MARK: Final = 8  # bytes: when (5), for how many seconds (2), what (1)


class Mark(NamedTuple):
    """What one event says of presence: from `at` on for `seconds`, and what it was."""

    at: int
    seconds: int
    what: int


def observe(state: Learner, mark: Mark, default_zone: str) -> None:
    """Take one event's mark, whenever it arrives."""
    newest = _mark_at(state.marks, -_MARK) if state.marks else 0
    if mark.at >= newest:
        state.marks += _packed(mark)
        _apply(state, mark, default_zone)
        _forget_marks(state, mark.at)
    elif mark.at >= newest - MARKS_SECONDS and _complete(state, mark.at):
        _apply_again(state, mark, default_zone)
    elif mark.what != ENDED:
        _join_earlier(state, mark, default_zone)


def presence(at: int, seconds: float, *, work: bool) -> Mark:
    """The mark of an event that lasted `seconds`; `work` where it is an activity."""
    return Mark(at, int(min(seconds, DURATION_SECONDS_MAX)), WORKED if work else PRESENT)


def note_session(state: Learner, session_id: str | None, at: int) -> None:
    """Remember the newest session id that an event carried."""
    if session_id is not None and at >= state.session_at:
        state.session_id, state.session_at = session_id, at


# -- marks ---------------------------------------------------------------------------------------


def _packed(mark: Mark) -> bytes:
    return (mark.at << 24 | mark.seconds << 8 | mark.what).to_bytes(_MARK, "big")


def _mark_at(marks: bytes, place: int) -> int:
    return int.from_bytes(marks[place : place + _MARK or None], "big") >> 24


def _unpacked(marks: bytes) -> Iterator[Mark]:
    for place in range(0, len(marks), _MARK):
        at, seconds = marks[place : place + 5], marks[place + 5 : place + 7]
        yield Mark(int.from_bytes(at, "big"), int.from_bytes(seconds, "big"), marks[place + 7])


def _complete(state: Learner, at: int) -> bool:
    """Whether every span without marks ends by `at`, and before the marks that are kept.

    Only then are the spans since `at` those that a fold over the marks gives.
    """
    first = _mark_at(state.marks, 0)
    return all(span.start >= first or (span.end <= at and span.end < first) for span in state.spans)


def _apply_again(state: Learner, late: Mark, default_zone: str) -> None:
    """Put a late mark in its place, and make the spans of all marks anew."""
    marks = [*_unpacked(state.marks), late]
    marks.sort(key=lambda mark: mark.at)
    while state.spans and state.spans[-1].start >= marks[0].at:
        _uncount(state, state.spans.pop())
    state.marks = b"".join(map(_packed, marks))
    for mark in marks:
        _apply(state, mark, default_zone)
    _forget_marks(state, marks[-1].at)


def _forget_marks(state: Learner, newest: int) -> None:
    """Let go of marks two days older than the newest, and of the oldest beyond 96; whole spans."""
    young = _mark_at(state.marks, 0) >= newest - MARKS_SECONDS
    if young and len(state.marks) <= MARKS_MAX * _MARK:
        return
    drop = 0
    for span in state.spans[:-1]:
        over = len(state.marks) // _MARK - drop > MARKS_MAX
        if span.end >= newest - MARKS_SECONDS and not over:
            break
        while drop * _MARK < len(state.marks) and _mark_at(state.marks, drop * _MARK) <= span.end:
            drop += 1
    beyond = max(0, len(state.marks) // _MARK - MARKS_MAX - drop)
    state.overflow.marks += beyond
    drop += beyond
    if drop:
        state.marks = state.marks[drop * _MARK :]
        _settle(state)


def _settle(state: Learner) -> None:
    """Of spans without marks the newest eight stay as they are, of others their lengths."""
    first = _mark_at(state.marks, 0)
    settled = sum(span.end < first for span in state.spans)
    for span in state.spans[: max(0, settled - SPANS_MAX)]:
        state.sessions.append(Session(span.day, span.end - span.start))
    del state.spans[: max(0, settled - SPANS_MAX)]
    del state.sessions[:-SESSIONS_MAX]


# -- spans ---------------------------------------------------------------------------------------


def _apply(state: Learner, mark: Mark, default_zone: str) -> None:
    """The fold's step: one mark that lies behind all that were applied before."""
    last = state.spans[-1] if state.spans else None
    zone = days.zone_in_force(state, mark.at, default_zone)
    if mark.what == ENDED:
        if last is not None:
            _end(state, last, mark.at, zone)
        return
    if mark.what == STARTED and last is not None and last.end <= mark.at:
        last.closed = True
    if last is not None and _continues(last, mark):
        _extend(state, last, mark, zone)
    else:
        _open(state, len(state.spans), mark, zone)


def _continues(last: Span, mark: Mark) -> bool:
    return mark.at <= _reach(last) and not (last.closed and mark.what == STARTED)


def _reach(span: Span) -> int:
    """Up to when what follows joins the span."""
    return span.end + (0 if span.closed else GAP_SECONDS)


def _end(state: Learner, last: Span, at: int, zone: str) -> None:
    """An explicit end wins over what durations and gaps had assumed."""
    if not last.closed and at <= _reach(last):
        _count(state, last, last.end, at, zone)
        _cut(state, last, at, zone)
        last.end = at
    last.closed = True


def _extend(state: Learner, span: Span, mark: Mark, zone: str) -> None:
    end = mark.at + mark.seconds
    span.last_at = max(span.last_at, mark.at)
    span.activities += mark.what == WORKED
    if not span.closed:
        _count(state, span, span.end, end, zone)
        span.end = max(span.end, end)


def _open(state: Learner, index: int, mark: Mark, zone: str) -> None:
    day, end = days.local_day(mark.at, zone), mark.at + mark.seconds
    span = Span(mark.at, end, day, mark.at, int(mark.what == WORKED))
    state.spans.insert(index, span)
    _count_session(state, day, 1)
    _count(state, span, mark.at, end, zone)


def _join_earlier(state: Learner, mark: Mark, default_zone: str) -> None:
    """Join an event older than the marks to the first span it belongs to; spans may become one."""
    zone = days.zone_in_force(state, mark.at, default_zone)
    end = mark.at + mark.seconds
    for index, span in enumerate(state.spans):
        if mark.at <= _reach(span) and end >= span.start - GAP_SECONDS:
            _widen(state, span, mark, zone)
            _merge_next(state, index, zone)
            return
    index = len(state.spans)
    while index and state.spans[index - 1].start > mark.at:
        index -= 1
    _open(state, index, mark, zone)


def _widen(state: Learner, span: Span, mark: Mark, zone: str) -> None:
    if mark.at < span.start:
        _count(state, span, mark.at, span.start, zone)
        day = days.local_day(mark.at, zone)
        if day != span.day:
            _count_session(state, span.day, -1)
            _count_session(state, day, 1)
        span.start, span.day = mark.at, day
    _extend(state, span, mark, zone)


def _merge_next(state: Learner, index: int, zone: str) -> None:
    """The spans that the one at `index` reaches by now become one with it, counted anew."""
    first = state.spans[index]
    while index + 1 < len(state.spans) and state.spans[index + 1].start <= _reach(first):
        second = state.spans.pop(index + 1)
        _uncount(state, first)
        _uncount(state, second)
        first.closed = second.closed and second.end >= first.end
        first.end = max(first.end, second.end)
        first.last_at = max(first.last_at, second.last_at)
        first.activities += second.activities
        first.parts = []
        _count_session(state, first.day, 1)
        _count(state, first, first.start, first.end, zone)


# -- what spans add to the days --------------------------------------------------------------------
#
# A day that was forgotten and came back has less than its spans had added: never less than nothing.


def _count_session(state: Learner, day: int, sign: int) -> None:
    bucket = days.find(state, day) if sign < 0 else days.bucket(state, day)
    if bucket is not None:
        bucket.sessions = max(0, bucket.sessions + sign)


def _count(state: Learner, span: Span, start: int, end: int, zone: str) -> None:
    """Add the seconds of an interval to its local days."""
    if start < end:
        for day, seconds in _by_day(start, end, zone):
            _add_part(state, span, day, seconds)


def _cut(state: Learner, span: Span, end: int, zone: str) -> None:
    """Take back what lies behind `end`."""
    for day, seconds in _by_day(max(end, span.start), span.end, zone):
        _add_part(state, span, day, -seconds)


def _by_day(start: int, end: int, zone: str) -> Iterator[tuple[int, int]]:
    """Local days and seconds of an interval, split at local midnight (there may be two of one)."""
    last = days.local_day(end - 1, zone)
    while start < end:
        day, until = days.local_day(start, zone), end
        if day != last:
            until = min(end, max(days.day_start(day + 1, zone), start + 1))
        yield day, until - start
        start = until


def _add_part(state: Learner, span: Span, day: int, seconds: int) -> None:
    for place, (known, had) in enumerate(span.parts):
        if known == day:
            span.parts[place] = known, had + seconds
            break
    else:
        span.parts.append((day, seconds))
    bucket = days.bucket(state, day)
    if bucket is not None:
        bucket.seconds = max(0, bucket.seconds + seconds)


def _uncount(state: Learner, span: Span) -> None:
    """Take back all that a span has added."""
    _count_session(state, span.day, -1)
    for day, seconds in span.parts:
        bucket = days.find(state, day)
        if bucket is not None:
            bucket.seconds = max(0, bucket.seconds - seconds)
