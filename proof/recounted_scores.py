"""The recount's scores: memberships replayed, grades weighed again, with no code of the fold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

_MEMBERSHIP: Final = {"enrolled", "unenrolled", "course_finished"}

Event = Mapping[str, Any]


def mean_score(events: Sequence[Event], facts: Mapping[str, Mapping[str, Any]]) -> float | None:
    """The mean percent over all assessments of the courses that the learner is in.

    `events` are in the order of the log, each with its time `at`; Python's sort keeps that order
    among those of one time, so the later in the log is the newer of two.
    """
    newest_last = sorted(events, key=lambda event: event["at"])
    by_course: dict[str, list[Event]] = defaultdict(list)
    for event in newest_last:
        if event.get("course_id") is not None:
            by_course[event["course_id"]].append(event)
    scores = [
        score
        for course, own in by_course.items()
        for score in _course_scores(own, facts.get(course, {}))
    ]
    return sum(scores) / len(scores) if scores else None


def _course_scores(events: Iterable[Event], facts: Mapping[str, Any]) -> list[float]:
    """The percent of every assessment that counts; none where the learner is no longer in."""
    grades: dict[str, list[Event]] = defaultdict(list)
    excuses: dict[str, list[Event]] = defaultdict(list)
    memberships = []
    for event in events:
        if event["type"] == "assessment_graded":
            grades[event["assessment_id"]].append(event)
        elif event["type"] == "assessment_excused":
            excuses[event["assessment_id"]].append(event)
        elif event["type"] in _MEMBERSHIP:
            memberships.append(event)
    state, since = _membership(memberships)
    if state != "in":
        return []
    unweighted = {known["id"] for known in facts.get("assessments", ()) if known["weight"] == 0}
    found = []
    for assessment, given in grades.items():
        standing = _of_run(given, since)
        excused = any(each["excused"] for each in _of_run(excuses[assessment], since)[-1:])
        if standing and assessment not in unweighted and not excused:
            found += _percent(standing, best=facts.get("attempt_rule") == "best")
    return found


def _of_run(events: Iterable[Event], since: int | None) -> list[Event]:
    """What is of the course's present run, which began when the one before was finished."""
    return [event for event in events if since is None or event["at"] > since]


def _membership(events: Iterable[Event]) -> tuple[str, int | None]:
    """in, left or finished; and when the run before this one was finished, if there was one."""
    state, since, finished_at = "in", None, None
    for event in events:
        kind = event["type"]
        if kind == "enrolled":
            since = finished_at if state == "finished" else since
            state = "in"
        elif kind == "unenrolled" and state == "in":
            state = "left"
        elif kind == "course_finished" and state == "in":
            state, finished_at = "finished", event["at"]
    return state, since


def _percent(grades: Sequence[Event], *, best: bool) -> list[float]:
    """The one percent of an assessment that counts, or none; the newest of `grades` is last."""
    if grades[-1].get("banked"):
        return []
    newest = {grade.get("attempt"): grade for grade in grades}
    override = newest.pop(None, None)
    if override is not None and not _attempt_after(override, grades):
        return _scored([override])[:1]
    attempts = [grade for _, grade in sorted(newest.items())]
    scores = _scored(attempts)
    return [max(scores) if best else scores[-1]] if scores else []


def _attempt_after(override: Event, grades: Sequence[Event]) -> bool:
    """Whether an attempt was graded after the override that is newer than all before it."""
    attempts = [grade for grade in grades if grade.get("attempt") is not None]
    before = [grade["attempt"] for grade in attempts if grade["at"] <= override["at"]]
    return any(grade["attempt"] > max(before, default=-1) for grade in attempts)


def _scored(grades: Iterable[Event]) -> list[float]:
    """Percents from 0 to 100; a grade that was withdrawn, or has no maximum, has none."""
    return [
        max(0.0, min(100 * grade["score"] / grade["max_score"], 100.0))
        for grade in grades
        if grade["score"] is not None and grade["max_score"]
    ]
