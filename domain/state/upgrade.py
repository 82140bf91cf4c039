"""What older code wrote, as today's code reads it: pure functions from one version to the next.

Each step takes the plain value that the bytes decode to (lists, in order of the fields) and returns
that of the next version. A step is frozen: it uses nothing of today's layout, so it stays true when
that changes. Of the learner's state, the first five fields (`Header`) have been the same in every
version, so a take-over reads them of any version without upgrading the rest.

What a step cannot know, because the older bytes lack it, its docstring says.
"""

import hashlib
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

Raw: TypeAlias = list[Any]
Step: TypeAlias = Callable[[Raw], Raw]

_DAY_SECONDS: Final = 86_400
_EPOCH_DAY: Final = 719_163
_NOON: Final = 43_200
_BRIDGE_SECONDS: Final = 129_600
_PERCENTS: Final = (25, 50, 75, 100)
_packer: Final = msgspec.msgpack.Encoder()


def upgrade(raw: Raw, steps: Mapping[int, Step], version: int) -> Raw:
    """Take `raw` from the version that it names first to `version`, step by step.

    Raises KeyError where there is no step from a version on the way.
    """
    while raw[0] != version:
        raw = [raw[0] + 1, *steps[raw[0]](raw)[1:]]
    return raw


# -- learner: 1 to 2 -------------------------------------------------------------------------------


def _learner_2(raw: Raw) -> Raw:
    """Days know when their first and last work was; before, only whether a gap was bridged.

    Approximated: work is put at noon, but for the newest day's last work, which is known. A day
    that followed on the one before it over skipped dates still does, no other day newly does.
    """
    state = _filled(raw, 33)
    _, last_day, last_at, *_ = _filled(state[13], 3, 0)
    days: list[Raw] = []
    before = 0
    for *figures, bridged, submitted in state[12]:
        day, first, last = figures[0], _NOON, _NOON
        if bridged and before:
            first = min(first, _NOON + _BRIDGE_SECONDS - (day - before) * _DAY_SECONDS)
        if day == last_day:
            last = last_at - (day - _EPOCH_DAY) * _DAY_SECONDS
        before = day if figures[1] else before
        days.append([*figures, min(first, last), last, submitted])
    state[12] = days
    return state


# -- learner: 2 to 3 -------------------------------------------------------------------------------


def _learner_3(raw: Raw) -> Raw:
    """Short histories in event time; before, each fact was kept as it stood last.

    Approximated:
        Deduplication: ids had other hashes. Of the newest ten events the ids are known, not the
        content: one of them that comes again is rejected as `id_reused`, an older one counts twice.
        Contents of the hour: forgotten, a view repeated within that hour counts twice.
        Zone: the newest one only, from when it came. Spans: their seconds count for the day that
        they began on; of the events in them the newest stands for all.
        Memberships: the present enrolment, and a leaving. Modules: done when the course was first
        seen. Work: the first and the last submission; grades are of the date in UTC. The name of
        an assessment is known where an open alert or a newest event has it, else from its next
        event on.
        Milestones: shares of a course, first passes and bests that were reached are not raised
        again; a streak of the last seven days is, under the id that it had. Open alerts about
        scores are resolved and raised under another id, as soon as they are looked at.
        The prediction's error is counted again from the grades that are kept, and finished courses
        add nothing to it.
    """
    state = _filled(raw, 33)
    (_, user_id, steps, wake_at, course_ids, first_at, last_at, last_work_at) = state[:8]
    zone, zone_at, _, _, days, streak, spans, sessions, courses, finished = state[8:18]
    recent, goals, _, _, hours, kinds, patterns_day, skills, alerts = state[18:27]
    _, best_score, scores_seen, prediction, error, overflow = state[27:33]
    names = _assessment_names(recent, alerts)
    grades = _Counter()
    made = [_course_3(course, names, grades) for course in courses]
    graded = sum(bool(work[3]) for course in made for work in course[13])
    known = [span for span in spans if span[6] is not None]
    return [
        3,
        user_id,
        steps,
        wake_at,
        course_ids,
        first_at,
        last_at,
        last_work_at,
        [] if zone is None else [[zone_at, zone_at, zone]],
        b"".join(map(_seen_3, recent)),
        days,
        _streak_3(streak, days),
        [[*span[:6], [[span[2], span[1] - span[0]]]] for span in spans],
        _mark_3(spans[-1]) if spans else b"",
        known[-1][6] if known else None,
        known[-1][3] if known else 0,
        sessions,
        made,
        sorted(map(_finished_3, finished), key=lambda course: course[2]),
        recent,
        sorted(goals, key=lambda goal: (goal[4], goal[0])),
        b"",
        hours,
        kinds,
        patterns_day,
        skills,
        [_alert_3(alert) for alert in alerts],
        [],
        grades.count,
        best_score,
        max(0, scores_seen - graded),
        prediction,
        error,
        [],
        [*_filled(overflow, 11, 0), *[0] * 6],
    ]


class _Counter:
    """Counts the grades of a learner."""

    def __init__(self) -> None:
        self.count = 0

    def next(self) -> int:
        self.count += 1
        return self.count


def _assessment_names(recent: Raw, alerts: Raw) -> dict[int, str]:
    """The ids of assessments by what is short for them, as far as the state names any."""
    ids = [event[4] for event in recent] + [alert[7] for alert in alerts]
    return {zlib.crc32(name.encode()): name for name in ids if name is not None}


def _seen_3(event: Raw) -> bytes:
    """An entry of the deduplication window: 6 bytes of the id, 3 of the content, 2 of the day."""
    packed: bytes = event[0]
    event_id = packed[1:].decode() if packed[:1] == b"\0" else str(uuid.UUID(bytes=packed[1:]))
    hashed = hashlib.blake2b(event_id.encode(), digest_size=6).digest()
    day: int = min(event[2] // _DAY_SECONDS, 0xFFFF)
    return hashed + bytes(3) + day.to_bytes(2, "little")


def _streak_3(streak: Raw, days: Raw) -> Raw:
    """What the run owes to days that the buckets no longer hold."""
    first_day, last_day, last_at, length, longest = _filled(streak, 5, 0)
    held = [day[0] for day in days if _filled(day, 2, 0)[1] and first_day <= day[0] <= last_day]
    gone = length - len(held)
    if gone <= 0:
        return [first_day, last_day, last_at, length, longest, 0, 0, 0, 0, longest]
    gone_day = (held[0] if held else last_day + 1) - 1
    return [
        first_day,
        last_day,
        last_at,
        length,
        longest,
        gone_day,
        _NOON,
        first_day,
        gone,
        longest,
    ]


def _mark_3(span: Raw) -> bytes:
    """One mark that stands for the newest events of the newest span."""
    _, end, _, at, worked = span[:5]
    packed: int = at << 24 | max(0, min(end - at, 7_200)) << 8 | bool(worked)
    return packed.to_bytes(8, "big")


def _course_3(course: Raw, names: Mapping[int, str], grades: _Counter) -> Raw:
    course_id, entered, left, first_at, last_at, milestones, passed = _filled(course, 7, 0)[:7]
    modules, works = _filled(course, 13, [])[11:13]
    seen_at = first_at or entered or 1
    memberships = [[entered, 0]] if entered else []
    if left:
        memberships.append([left, 1])
    return [
        course_id,
        entered,
        left,
        0,
        None,
        0,
        0,
        sorted(memberships),
        first_at,
        last_at,
        _peak(milestones),
        bool(passed),
        [[short, seen_at, _utc_day(seen_at), True] for short in modules],
        [_work_3(work, names, grades) for work in works],
    ]


def _work_3(work: Raw, names: Mapping[int, str], grades: _Counter) -> Raw:
    short, first, last, timed, banked = _filled(work, 5, 0)[:5]
    times = sorted({at for at in (first, last) if at})
    flags = 1 if banked else 0
    return [
        short,
        names.get(short, ""),
        [[at, _utc_day(at), bool(timed)] for at in times],
        [
            [at, _utc_day(at), grades.next(), attempt, percent, expected, passed, flags, 0, 0]
            for attempt, percent, at, expected, passed in sorted(
                (_filled(grade, 5) for grade in _filled(work, 9, [])[8]), key=lambda grade: grade[2]
            )
        ],
    ]


def _finished_3(course: Raw) -> Raw:
    *figures, milestones, passed = _filled(course, 12, 0)
    return [*figures, _peak(milestones), bool(passed)]


def _alert_3(alert: Raw) -> Raw:
    name, rule, severity, revision, raised_at, expires_at, course_id, subject = alert[:8]
    suppressed = bool(alert[8:] and alert[8])
    data = uuid.UUID(name).bytes
    about = course_id, subject, 0, suppressed
    return [data, rule, severity, revision, raised_at, expires_at, raised_at, *about]


def _peak(milestones: int) -> float:
    """The highest share of the course that was reported."""
    return float(max((p for bit, p in enumerate(_PERCENTS) if milestones & 1 << bit), default=0))


# -- learner: 3 to 4 -------------------------------------------------------------------------------

_PROGRESS: Final = 1
_SCORES: Final = 2
_ALERTS: Final = uuid.UUID("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b11")


def _learner_4(raw: Raw) -> Raw:
    """The newest events are packed, and a milestone's alert says which part raised it: exact."""
    state = _filled(raw, 35)
    state[19] = [_recent_4(event) for event in state[19]]
    state[26] = [_alert_4(state[1], alert) for alert in state[26]]
    return state


def _recent_4(event: Raw) -> bytes:
    packed, code, at, course_id, name, score, count, seconds, timed = _filled(event, 9)
    said = packed, code, course_id, name, score, count, seconds, timed
    return int(at).to_bytes(5, "big") + _packer.encode(said)


def _alert_4(user_id: str, alert: Raw) -> Raw:
    rule, course_id = alert[1], alert[7]
    if rule != "progress_milestone":
        return [*alert, 0]
    causes = (f"{course_id}:{percent}" for percent in range(101))
    start = f"{user_id}\x1f{rule}\x1f{course_id}\x1f"
    shares = {uuid.uuid5(_ALERTS, start + cause).bytes for cause in causes}
    return [*alert, _PROGRESS if alert[0] in shares else _SCORES]


# -- learner: 4 to 5 -------------------------------------------------------------------------------


def _learner_5(raw: Raw) -> Raw:
    """Predictions of six targets, and those that wait for their label, in place of one of scores.

    What the baseline said, and how far it was off, is forgotten: nothing waits yet.
    """
    state = _filled(raw, 35)
    return [*state[:31], [], 0, 0, [], None, state[34]]


# -- learner: 5 to 6 -------------------------------------------------------------------------------


def _learner_6(raw: Raw) -> Raw:
    """No preferences are set, and rules look again at the next timer, whatever it was for.

    Every event so far was a sign of the learner: no help was noted yet.
    """
    state = _filled(raw, 37)
    return [*state, None, state[3], state[6]]


LEARNER: Final[Mapping[int, Step]] = {
    1: _learner_2,
    2: _learner_3,
    3: _learner_4,
    4: _learner_5,
    5: _learner_6,
}
"""The steps of a learner's state, by the version that they begin with."""


# -- checkpoint ------------------------------------------------------------------------------------


def _checkpoint_2(raw: Raw) -> Raw:
    """The configuration is kept as it is, and the newest tick; before, a digest, and nothing.

    Approximated: no configuration counts as adopted, so that a new owner adopts its own in its
    first transaction. Under the stream's clock the newest tick was the last full hour; under the
    wall's it is unknown until the next one.
    """
    checkpoint = _filled(raw, 16)
    checkpoint[9] = ""
    return [*checkpoint, checkpoint[6] // 3600 * 3600 if checkpoint[4] == "stream" else 0]


def _checkpoint_3(raw: Raw) -> Raw:
    """No snapshot of the models is adopted: exact."""
    return [*_filled(raw, 17), 0]


def _checkpoint_4(raw: Raw) -> Raw:
    """When records came, and whose are rejected, is kept from here on: before, it was not known."""
    return [*_filled(raw, 18), [0, 0, None, {}, 0]]


CHECKPOINT: Final[Mapping[int, Step]] = {1: _checkpoint_2, 2: _checkpoint_3, 3: _checkpoint_4}
"""The steps of a partition's checkpoint, by the version that they begin with."""


# -- helpers ---------------------------------------------------------------------------------------


def _filled(raw: Raw, length: int, missing: Any = None) -> Raw:
    """The fields, with what older code left out at the end put in."""
    return [*raw, *[missing] * (length - len(raw))]


def _utc_day(at: int) -> int:
    """The proleptic ordinal of the date in UTC."""
    return at // _DAY_SECONDS + _EPOCH_DAY
