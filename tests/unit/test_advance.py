"""One event into one learner's state: what each type counts for, and what it does not."""

from datetime import datetime
from typing import Any

import pytest

from domain.configuration import Configuration
from domain.keepers.recent import newest
from domain.state.learner import (
    Day,
    Learner,
    Skill,
)
from tests.factories import (
    COURSE,
    Bench,
    at,
    completed,
    course,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)

MONDAY = at(0).toordinal()


def the_day(state: Learner) -> Day:
    (day,) = state.days
    return day


def answered(when: datetime, **fields: Any) -> dict[str, Any]:
    return event("question_answered", when, **{"question_id": "q1", "correct": True, **fields})


def posted(when: datetime, **fields: Any) -> dict[str, Any]:
    return event("discussion_posted", when, post_id="post", **fields)


# -- times ---------------------------------------------------------------------------------------


def test_the_first_the_last_and_the_last_work_event_are_known_in_any_order() -> None:
    bench = Bench().send(viewed(at(5)), graded(at(9), 90), viewed(at(3), "p2"), viewed(at(4), "p3"))
    state = bench.learner()
    assert (state.first_event_at, state.last_event_at, state.last_work_at) == (
        seconds(at(3)),
        seconds(at(9)),
        seconds(at(5)),
    )


def test_the_local_date_is_by_the_events_zone_or_the_one_in_force_or_the_default() -> None:
    late = at(0, 14)  # 23:00 UTC
    own = Bench().send(viewed(late, timezone="Asia/Tokyo")).learner()
    assert (the_day(own).day, own.zone) == (MONDAY + 1, "Asia/Tokyo")
    in_force = Bench().send(event("session_started", at(0), timezone="Asia/Tokyo"), viewed(late))
    assert [day.day for day in in_force.learner().days if day.activities] == [MONDAY + 1]
    not_yet = Bench().send(event("session_started", at(1), timezone="Asia/Tokyo"), viewed(late))
    assert [day.day for day in not_yet.learner().days if day.activities] == [MONDAY]
    default = Bench(configuration=Configuration(timezone="Asia/Tokyo")).send(viewed(late))
    assert (the_day(default.learner()).day, default.learner().zone) == (MONDAY + 1, None)


def test_a_date_without_a_time_of_day_is_the_one_that_is_written() -> None:
    when = datetime.fromisoformat("2024-03-04T23:30:00-08:00")
    state = Bench().send(viewed(when, precision="day", timezone="Asia/Tokyo")).learner()
    assert the_day(state).day == MONDAY
    assert not newest(state)[0].timed
    assert newest(Bench().send(viewed(when, precision="instant")).learner())[0].timed


# -- what counts ---------------------------------------------------------------------------------


def test_what_an_event_counts_for() -> None:
    """Activities, clicks, timed ones, modules, posts, assessments."""
    counts = {
        "viewed": (viewed(at(0)), (1, 1, 1, 0, 0, 0)),
        "viewed often": (viewed(at(0), count=7), (1, 7, 1, 0, 0, 0)),
        "viewed never": (viewed(at(0), count=0), (1, 0, 1, 0, 0, 0)),
        "viewed on a day": (viewed(at(0), precision="day"), (1, 1, 0, 0, 0, 0)),
        "completed": (completed(at(0)), (1, 0, 1, 1, 0, 0)),
        "submitted": (submitted(at(0)), (1, 0, 1, 0, 0, 1)),
        "answered": (answered(at(0)), (1, 0, 1, 0, 0, 0)),
        "posted": (posted(at(0)), (1, 0, 1, 0, 1, 0)),
        "graded": (graded(at(0), 70), (0, 0, 0, 0, 0, 1)),
    }
    for name, (sent, expected) in counts.items():
        day = the_day(Bench().send(sent).learner())
        found = (day.activities, day.clicks, day.timed, day.modules, day.posts, len(day.submitted))
        assert found == expected, name


def test_what_a_day_counts_adds_up() -> None:
    bench = Bench().send(viewed(at(0), count=7), viewed(at(0), "p2", count=2), posted(at(0)))
    day = the_day(bench.send(posted(at(0, 1))).learner())
    assert (day.activities, day.clicks, day.timed, day.posts) == (4, 9, 4, 2)


@pytest.mark.parametrize("kind", ["homepage", "login", "Login"])
def test_the_homepage_and_the_login_are_no_work(kind: str) -> None:
    sent = event("content_viewed", at(0), content_id="p", content_kind=kind)
    state = Bench().send(sent).learner()
    assert (state.days, state.last_work_at, state.kinds) == ([], 0, [])
    assert state.courses[0].first_at == seconds(at(0))


def test_a_content_counts_once_an_hour_and_its_clicks_and_time_every_time() -> None:
    bench = Bench().send(
        viewed(at(0), duration_seconds=60),
        viewed(at(0, minutes=10), duration_seconds=120, count=3),
        viewed(at(0, minutes=20), course_id="c2"),
    )
    day = the_day(bench.learner())
    assert (day.activities, day.timed, day.clicks) == (2, 2, 5)
    (kind,) = bench.learner().kinds
    assert (kind.activities, kind.seconds) == (200, 180)


def test_a_repeated_view_moves_the_end_of_a_day_that_has_work() -> None:
    state = Bench().send(viewed(at(0)), viewed(at(0, minutes=59))).learner()
    assert (state.streak.last_at, the_day(state).last_at) == (
        seconds(at(0, minutes=59)),
        10 * 3600 - 60,
    )


def test_a_repeated_view_alone_makes_no_day_of_work() -> None:
    """The same hour may lie on another date where the learner is said to be elsewhere."""
    elsewhere = viewed(at(0, 2, 30), timezone="Pacific/Kiritimati")
    state = Bench().send(viewed(at(0, 2)), elsewhere).learner()
    assert [(day.activities, day.clicks) for day in state.days] == [(1, 1), (0, 1)]
    assert (state.streak.length, state.days[1].first_at, state.days[1].last_at) == (1, 0, 0)


@pytest.mark.parametrize(
    ("duration", "expected"), [(None, 0), (0, 0), (59.9, 59), (7200, 7200), (7201, 7200)]
)
def test_a_kinds_seconds_are_whole_ones_of_two_hours_at_most(
    duration: float | None, expected: int
) -> None:
    (kind,) = Bench().send(viewed(at(0), duration_seconds=duration)).learner().kinds
    assert (kind.kind, kind.activities, kind.seconds) == ("page", 100, expected)


def test_a_date_claims_no_time_for_a_kind() -> None:
    (kind,) = Bench().send(viewed(at(0), duration_seconds=60, precision="day")).learner().kinds
    assert (kind.activities, kind.seconds) == (100, 0)


def test_only_what_was_viewed_is_of_a_kind() -> None:
    assert Bench().send(posted(at(0)), completed(at(0)), answered(at(0))).learner().kinds == []


def test_a_repeat_counts_for_its_kind_only_what_it_took() -> None:
    again = event("content_viewed", at(0, minutes=5), content_id="page-1", content_kind="video")
    state = Bench().send(viewed(at(0)), again).learner()
    assert [kind.kind for kind in state.kinds] == ["page"]
    timed = again | {"duration_seconds": 30, "event_id": "timed"}
    state = Bench().send(viewed(at(0)), timed).learner()
    assert [(kind.kind, kind.activities, kind.seconds) for kind in state.kinds] == [
        ("page", 100, 0),
        ("video", 0, 30),
    ]


def test_hours_of_the_local_day_are_counted_once_an_activity() -> None:
    bench = Bench().send(
        viewed(at(0), timezone="Asia/Tokyo"),
        viewed(at(0, minutes=10), timezone="Asia/Tokyo"),
        posted(at(0, 1), precision="day", timezone="Asia/Tokyo"),
    )
    hours = enumerate(bench.learner().hours)
    assert [(hour, count) for hour, count in hours if count] == [(18, 100)]


def test_what_is_older_has_faded_whichever_comes_first() -> None:
    in_order = Bench().send(viewed(at(0)), viewed(at(40), "p2")).learner()
    late = Bench().send(viewed(at(40), "p2"), viewed(at(0))).learner()
    assert in_order.patterns_day == late.patterns_day == MONDAY + 40
    assert in_order.kinds == late.kinds
    assert 100 < in_order.kinds[0].activities < 200
    assert in_order.hours == late.hours


def test_work_of_a_day_that_is_too_old_is_counted_as_such_and_still_known() -> None:
    state = Bench().send(viewed(at(91)), viewed(at(1), "p2")).learner()
    assert (state.overflow.late_days, len(state.days)) == (1, 1)
    assert state.first_event_at == seconds(at(1))


# -- skills --------------------------------------------------------------------------------------


def test_answers_are_counted_by_skill() -> None:
    bench = Bench().send(
        answered(at(0), skills=["a", "b"]),
        answered(at(1), skills=["a"], correct=False),
        answered(at(2)),
    )
    assert bench.learner().skills == [Skill("a", 2, 1), Skill("b", 1, 1)]


def test_thirty_two_skills_are_kept_and_more_are_counted() -> None:
    bench = Bench().send(*[answered(at(n), skills=[f"s{n}"]) for n in range(32)])
    assert (len(bench.learner().skills), bench.learner().overflow.skills) == (32, 0)
    bench.send(answered(at(51), skills=["new", "s0", "newer", "s31"]))
    state = bench.learner()
    assert (len(state.skills), state.overflow.skills) == (32, 2)
    assert (state.skills[0].answers, state.skills[31].answers) == (2, 2)


# -- courses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        viewed(at(2)),
        posted(at(2)),
        answered(at(2)),
        completed(at(2)),
        submitted(at(2)),
        graded(at(2), 50),
        event("module_reopened", at(2), module_id="m1"),
        event("assessment_excused", at(2), assessment_id="a1", excused=True),
        event("deadline_extended", at(2), assessment_id="a1", due_at=None),
    ],
    ids=lambda sent: str(sent["type"]),
)
def test_every_event_of_a_course_is_one_in_it(sent: dict[str, Any]) -> None:
    bench = Bench().send(viewed(at(3), "p9"), sent)
    (kept,) = bench.learner().courses
    assert (kept.course_id, kept.first_at, kept.last_at) == (
        COURSE,
        seconds(at(2)),
        seconds(at(3)),
    )


@pytest.mark.parametrize("kind", ["session_started", "session_ended", "goal_set", "goal_removed"])
def test_an_event_of_no_course_makes_none(kind: str) -> None:
    goal: dict[str, Any] = {"goal_id": "g", "metric": "streak_days", "target": 3}
    fields = {"goal_set": goal, "goal_removed": {"goal_id": "g"}}.get(kind, {})
    assert Bench().send(event(kind, at(2), **fields)).learner().courses == []


def test_who_turns_out_to_have_come_earlier_has_earlier_deadlines() -> None:
    """What was due before the learner came is not missed; a course's first week is quiet."""
    bench = Bench(facts=course(assessments={"a1": at(5)})).send(viewed(at(6)))
    assert bench.learner().wake_at == seconds(at(13))  # a week of the course
    bench.send(viewed(at(4), "p2"))
    assert bench.learner().wake_at == seconds(at(11))
    bench.send(viewed(at(2), "p3"))
    assert bench.learner().wake_at == seconds(at(9))


def test_what_comes_late_changes_the_figures_of_a_finished_course_and_nothing_else() -> None:
    finished = event("course_finished", at(5), outcome="passed")
    bench = Bench(facts=course(modules=4)).send(completed(at(1), "m1"), finished)
    bench.send(completed(at(5), "m2"))
    assert bench.learner().finished[0].progress == 50.0
    bench.send(completed(at(6), "m3"), event("module_reopened", at(7), module_id="m1"))
    assert bench.learner().finished[0].progress == 50.0


@pytest.mark.parametrize(
    ("doing", "resolution"),
    [
        (event("unenrolled", at(9)), "unenrolled"),
        (event("course_finished", at(9), outcome="failed"), "course_finished"),
    ],
)
def test_what_is_open_about_a_course_ends_with_it(doing: dict[str, Any], resolution: str) -> None:
    facts = course(modules=4, assessments={"a1": at(5)})
    bench = Bench(facts=facts).send(
        enrolled(at(0)),
        enrolled(at(0), course_id="c2"),
        completed(at(8), "m1"),
        graded(at(8), 20, "a2"),
        graded(at(8), 20, "b1", course_id="c2"),
        doing,
    )
    ended = [(t.category, t.resolution) for t in bench.published if t.kind == "resolved"]
    assert sorted(ended) == [
        ("low_score", resolution),
        ("missed_deadline", resolution),
        ("progress_milestone", resolution),
    ]
    assert [alert.course_id for alert in bench.learner().alerts] == ["c2"]


def test_a_decline_ends_with_its_course() -> None:
    falling = [graded(at(n), 95 - 10 * n, f"a{n}") for n in range(1, 4)]
    bench = Bench().send(*falling, event("unenrolled", at(5)))
    last = bench.published[-1]
    assert (last.category, last.kind, last.resolution) == (
        "declining_trend",
        "resolved",
        "unenrolled",
    )


# -- sessions and streaks ------------------------------------------------------------------------


def test_a_session_begins_and_ends_as_is_said() -> None:
    bench = Bench().send(
        event("session_started", at(0), session_id="s1"),
        event("session_ended", at(0, minutes=20), session_id="s1"),
    )
    state = bench.learner()
    (span,) = state.spans
    assert (span.start, span.end, span.closed) == (seconds(at(0)), seconds(at(0, minutes=20)), True)
    assert (state.session_id, state.session_at) == ("s1", seconds(at(0, minutes=20)))


def test_a_start_or_an_end_without_a_time_of_day_says_nothing() -> None:
    bench = Bench().send(
        event("session_started", at(0), precision="day"),
        event("session_ended", at(0, 1), precision="day"),
    )
    assert (bench.learner().spans, bench.learner().days) == ([], [])


def test_a_session_id_is_that_of_the_newest_event_that_has_one() -> None:
    state = Bench().send(viewed(at(1), session_id="s2"), viewed(at(0), session_id="s1")).learner()
    assert (state.session_id, state.session_at) == ("s2", seconds(at(1)))
    state = Bench().send(viewed(at(0), session_id="s1"), viewed(at(1))).learner()
    assert (state.session_id, state.session_at) == ("s1", seconds(at(0)))


def test_a_streak_is_told_on_its_third_day_once_and_only_with_work() -> None:
    bench = Bench().send(viewed(at(0)), viewed(at(1)), enrolled(at(2)))
    assert bench.published == []
    bench.send(viewed(at(2)), viewed(at(2, 2), "p2"))
    assert [(t.category, t.params["days"]) for t in bench.published] == [("streak_milestone", 3)]
    bench.send(*[viewed(at(n)) for n in (3, 4, 5)])
    assert len(bench.published) == 1
    bench.send(viewed(at(6)))
    assert [t.params["days"] for t in bench.published] == [3, 7]


def test_late_work_that_joins_two_runs_is_told_at_once() -> None:
    bench = Bench().send(viewed(at(0)), viewed(at(2)), viewed(at(1)))
    assert [(t.category, t.params["days"]) for t in bench.published] == [("streak_milestone", 3)]
