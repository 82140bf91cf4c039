"""Windows of days, deadlines, the view and the progress section at their bounds."""

from typing import Any, Final

from domain.course_facts import Assessment, CourseFacts, Module
from domain.state.course import FinishedCourse
from domain.state.learner import (
    Day,
    Learner,
    Session,
    new_learner,
)
from metrics.assessments import Completion, completion, dues, open_dues
from metrics.progress_summary import overall, progress_summary, streak_now
from metrics.view import View, once
from metrics.windows import (
    bucket_of,
    day_minutes,
    days_inactive,
    known_minutes,
    lived_weeks,
    longest_run,
    newest_run,
    reaches,
    this_week,
    weeks,
    window,
)
from tests.factories import (
    COURSE,
    START,
    USER,
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
from tests.viewing import view

FIRST: Final = START.toordinal()


def of_days(*days: Day, today: int = FIRST, first: int | None = None) -> View:
    """What is known of some days, looked at on `today`."""
    state = new_learner(USER)
    state.days += days
    state.first_event_at = seconds(at((first or (days[0].day if days else today)) - FIRST))
    return looked_at(state, today)


def looked_at(state: Learner, today: int = FIRST) -> View:
    return View(
        state=state,
        facts={},
        cohort=None,
        now=seconds(at(today - FIRST)),
        default_zone="UTC",
    )


def test_a_measure_is_computed_once_for_a_view_and_the_same_arguments() -> None:
    asked: list[tuple[int, int]] = []

    @once
    def measure(view: View, first: int, last: int) -> int:
        asked.append((first, last))
        return view.now + last - first

    one, other = looked_at(new_learner(USER)), looked_at(new_learner(USER), FIRST + 1)
    assert measure(one, 1, 2) == measure(one, 1, 2) == one.now + 1
    assert measure(one, 1, 3) == one.now + 2
    assert measure(other, 1, 2) == other.now + 1
    assert asked == [(1, 2), (1, 3), (1, 2)]


# -- windows -------------------------------------------------------------------------------------


def test_a_window_sums_the_days_from_its_first_to_its_last() -> None:
    days = [
        Day(
            FIRST + n,
            activities=n % 3,
            timed=10,
            seconds=100,
            sessions=1000,
            modules=5,
            posts=7,
            submitted=[n, 99],
        )
        for n in range(6)
    ]
    found = window(of_days(*days), FIRST + 1, FIRST + 4)
    assert (found.activities, found.active_days, found.timed, found.seconds) == (4, 3, 40, 400)
    assert (found.sessions, found.modules, found.posts, found.assessments) == (4000, 20, 28, 5)
    empty = window(of_days(*days), FIRST + 10, FIRST + 20)
    assert (empty.activities, empty.active_days, empty.timed, empty.seconds) == (0, 0, 0, 0)
    assert (empty.sessions, empty.modules, empty.posts, empty.assessments) == (0, 0, 0, 0)


def test_a_week_is_today_and_the_six_days_before() -> None:
    shown = this_week(of_days(today=FIRST + 10))
    assert (shown.first, shown.last) == (FIRST + 4, FIRST + 10)
    periods = [(w.first, w.last) for w in weeks(of_days(today=FIRST + 27), 27)]
    assert periods == [(FIRST + 7, FIRST + 13), (FIRST + 14, FIRST + 20), (FIRST + 21, FIRST + 27)]
    assert len(weeks(of_days(), 28)) == 4


def test_weeks_are_lived_from_the_first_event_on() -> None:
    assert len(lived_weeks(of_days(Day(FIRST + 7), today=FIRST + 27), 28)) == 3
    assert len(lived_weeks(of_days(Day(FIRST + 8), today=FIRST + 27), 28)) == 2
    assert lived_weeks(looked_at(new_learner(USER)), 28) == []


def test_minutes_are_not_known_where_work_has_no_time_of_day() -> None:
    timed = of_days(Day(FIRST, activities=2, timed=1, seconds=90))
    assert known_minutes(timed, 0, 0, 0) == 0
    assert known_minutes(timed, 1, 0, 0) is None
    assert known_minutes(timed, 1, 1, 0) == 0
    assert known_minutes(timed, 1, 0, 60) == 1
    assert known_minutes(timed, 0, 0, 90) == 2
    untimed = of_days(Day(FIRST, activities=2))
    assert known_minutes(untimed, 0, 0, 0) is None
    assert known_minutes(untimed, 0, 0, 60) == 1
    assert known_minutes(untimed, 1, 1, 60) == 1
    assert this_week(timed).minutes(timed) == 2
    assert this_week(untimed).minutes(untimed) is None
    assert (day_minutes(timed, timed.state.days[0]), day_minutes(timed, None)) == (2, 0)
    assert (day_minutes(untimed, untimed.state.days[0]), day_minutes(untimed, None)) == (None, None)


def test_a_time_of_day_was_ever_known_where_there_is_any_sign_of_one() -> None:
    for day in (Day(FIRST, timed=1), Day(FIRST, seconds=1)):
        assert of_days(Day(FIRST - 1), day).ever_timed
    assert not of_days(Day(FIRST, activities=3)).ever_timed
    state = new_learner(USER)
    state.sessions.append(Session(FIRST, 60))
    assert looked_at(state).ever_timed
    assert view(Bench().send(viewed()), at()).ever_timed


def test_a_day_on_which_nothing_happened_has_an_empty_bucket() -> None:
    shown = of_days(Day(FIRST, activities=1), today=FIRST + 1)
    assert bucket_of(shown, FIRST).activities == 1
    assert bucket_of(shown, FIRST + 1) == Day(FIRST + 1)
    assert (shown.today, shown.today_bucket) == (FIRST + 1, None)
    assert of_days(Day(FIRST, activities=1)).today_bucket == Day(FIRST, activities=1)


def test_ninety_days_are_reached_and_none_before_the_first_event() -> None:
    old = of_days(Day(FIRST), Day(FIRST + 1), Day(FIRST + 200), today=FIRST + 200)
    assert reaches(old, FIRST + 111, FIRST + 120)
    assert not reaches(old, FIRST + 110, FIRST + 120)
    young = of_days(Day(FIRST + 150), Day(FIRST + 200), today=FIRST + 200)
    assert reaches(young, FIRST + 140, FIRST + 150)
    assert not reaches(young, FIRST + 140, FIRST + 149)
    assert reaches(young, FIRST, FIRST + 150)
    silent = of_days(today=FIRST + 5)
    assert reaches(silent, FIRST + 5, FIRST + 5)
    assert not reaches(silent, FIRST, FIRST + 4)
    assert not reaches(looked_at(new_learner(USER)), FIRST, FIRST)


def test_days_that_were_forgotten_are_not_reached() -> None:
    shown = of_days(Day(FIRST + 150), Day(FIRST + 200), today=FIRST + 200, first=FIRST)
    assert reaches(shown, FIRST + 149, FIRST + 200)
    shown.state.overflow.days = 1
    assert not reaches(shown, FIRST + 149, FIRST + 200)
    assert reaches(shown, FIRST + 150, FIRST + 200)


# -- runs of days ----------------------------------------------------------------------------------


def test_work_that_is_dated_after_today_counts_in_no_streak() -> None:
    bench = Bench().send(*[viewed(at(day), f"p{day}") for day in (0, 1, 3, 4, 5)])
    for day, length, longest, silent in ((1, 2, 2, 0), (2, 2, 2, 1), (3, 1, 2, 0), (5, 3, 3, 0)):
        shown = view(bench, at(day))
        run = newest_run(shown)
        assert run is not None
        assert (run.length, longest_run(shown), days_inactive(shown)) == (length, longest, silent)
    before = view(bench, at(-1))
    assert (newest_run(before), longest_run(before), days_inactive(before)) == (None, 0, None)
    nobody = view(None, at())
    assert (newest_run(nobody), longest_run(nobody)) == (None, 0)


def test_the_last_work_up_to_today_is_when_a_streak_was_kept() -> None:
    bench = Bench().send(viewed(at(0, 1)), viewed(at(0, 2), "p2"), viewed(at(5), "p3"))
    run = newest_run(view(bench, at(1)))
    assert run is not None
    assert (run.last_day, run.last_at) == (FIRST, seconds(at(0, 2)))


def test_a_streak_ends_with_the_second_day_or_a_second_after_36_hours() -> None:
    early = Bench().send(viewed(at(0)))
    assert streak_now(view(early, at(1))).ends_at == seconds(at(2, -9))
    late = Bench().send(viewed(at(0, 14)))
    ends = seconds(at(2, 2)) + 1
    assert streak_now(view(late, at(1))).ends_at == ends
    assert streak_now(view(late, at(2, 2))).days == 1
    assert streak_now(view(late, at(2, 2, 1 / 60))).days == 0
    assert streak_now(view(late, at(2, 3))).ends_at is None


def test_today_is_active_with_work_only() -> None:
    bench = Bench().send(viewed(at(0)), graded(at(1), 90), event("session_started", at(1)))
    assert progress_summary(view(bench, at(0))).active_today
    assert not progress_summary(view(bench, at(1))).active_today


# -- what was due ----------------------------------------------------------------------------------


def due_on(*days: int, **fields: Any) -> Bench:
    facts = course(assessments={f"a{n}": at(day) for n, day in enumerate(days)}, **fields)
    return Bench(facts=facts).send(enrolled(at(0)))


def test_what_was_due_from_the_enrolment_on_is_due() -> None:
    assert [due.fact.id for due in dues(view(due_on(-1, 0, 1), at(5)))] == ["a1", "a2"]


def test_what_is_not_required_banked_or_without_a_date_is_not_due() -> None:
    facts = CourseFacts(
        course_id=COURSE,
        assessments=(
            Assessment(id="extra", due_at=seconds(at(1)), required=False),
            Assessment(id="undated"),
            Assessment(id="banked", due_at=seconds(at(1))),
            Assessment(id="due", due_at=seconds(at(1))),
        ),
    )
    bench = Bench(facts=facts).send(graded(at(0), 80, "banked", banked=True))
    assert [due.fact.id for due in dues(view(bench, at(5)))] == ["due"]


def test_in_time_is_by_the_due_time_or_the_due_date_where_no_time_is_known() -> None:
    bench = due_on(5, 5, 5, 5, 5).send(
        submitted(at(5), "a0"),
        submitted(at(5, 1), "a1"),
        submitted(at(5, 2), "a2", precision="day"),
        submitted(at(6), "a3", precision="day"),
    )
    shown = list(dues(view(bench, at(9))))
    assert [due.in_time("UTC") for due in shown] == [True, False, True, False, False]
    assert [due.timed for due in shown] == [True, True, False, False, False]
    assert [due.submitted_at for due in shown][4] is None
    done = completion(view(bench, at(9)), FIRST, FIRST + 9)
    assert done == Completion(due=5, done=4, in_time=2)
    assert (done.rate, done.on_time_rate) == (80, 40)


def test_completion_is_of_the_days_asked_for_and_by_now() -> None:
    bench = due_on(1, 2, 3, 4).send(submitted(at(2), "a1"))

    def found(first: int, last: int, now: float) -> Completion:
        return completion(view(bench, at(now)), FIRST + first, FIRST + last)

    assert found(2, 3, 9) == (2, 1, 1)
    assert found(2, 3, 3) == (2, 1, 1)
    assert found(2, 3, 2.9) == (1, 1, 1)
    assert found(1, 4, 9) == (4, 1, 1)
    nothing = found(8, 9, 9)
    assert (nothing, nothing.rate, nothing.on_time_rate) == ((0, 0, 0), None, None)


def test_open_is_what_is_due_later_and_not_submitted_the_next_first() -> None:
    bench = due_on(5, 3, 2, 4).send(submitted(at(1), "a3"))
    assert [due.fact.id for due in open_dues(view(bench, at(2)))] == ["a1", "a0"]
    assert [due.fact.id for due in open_dues(view(bench, at(1)))] == ["a2", "a1", "a0"]


# -- the view and the progress section -------------------------------------------------------------


def test_a_course_waits_for_its_start_or_the_first_work_in_it() -> None:
    def status(bench: Bench, day: float) -> str:
        return view(bench, at(day)).refs[COURSE].course_status

    waiting = Bench(facts=course(starts_at=seconds(at(5)))).send(enrolled(at(0)))
    assert (status(waiting, 4.99), status(waiting, 5)) == ("not_started", "active")
    assert status(waiting.send(viewed(at(1))), 2) == "active"
    assert status(Bench(facts=course()).send(enrolled(at(0))), 0) == "active"


def test_titles_and_days_are_those_of_the_facts_and_the_zone() -> None:
    shown = view(
        Bench(facts=course(title="Algebra")).send(enrolled(at(0))), at(0), zone="Asia/Tokyo"
    )
    assert [shown.title(each) for each in (COURSE, "c2", None)] == ["Algebra", None, None]
    assert (shown.day_of(seconds(at(0, 5))), shown.day_of(seconds(at(0, 6)))) == (FIRST, FIRST + 1)
    assert (shown.refs[COURSE].title, shown.first_day) == ("Algebra", FIRST)
    assert view(None, at()).first_day is None
    zoned = view(Bench().send(viewed(timezone="Europe/Berlin")), at(0), zone="Asia/Tokyo")
    assert (zoned.zone, shown.zone) == ("Europe/Berlin", "Asia/Tokyo")


def test_the_last_finished_course_stands_for_who_has_no_open_one() -> None:
    state = new_learner(USER)
    state.finished += [
        FinishedCourse(name, "passed", 5, "modules", progress, n, 9, 70.0, 65.0, n)
        for n, (name, progress) in enumerate([("c0", 0.0), ("c1", 40.0), ("c2", 90.0)])
    ]
    shown = looked_at(state)
    assert shown.last_finished is state.finished[-1]
    assert overall(shown) == (90, "modules", 2, 9, 70, 2)
    assert [(c.course_id, c.level) for c in progress_summary(shown).courses] == [
        ("c2", "Intermediate"),
        ("c1", "Intermediate"),
        ("c0", "Beginner"),
    ]
    assert progress_summary(shown).current_level is None  # no work was ever seen
    state.last_work_at = 5
    assert progress_summary(looked_at(state)).current_level == "Intermediate"
    open_too = view(Bench().send(enrolled(at(0))), at(0))
    assert open_too.last_finished is None


def test_a_level_is_shown_where_there_was_work() -> None:
    bench = Bench(facts=course(2)).send(enrolled(at(0)))
    shown = progress_summary(view(bench, at(0)))
    assert (shown.current_level, shown.courses[0].level) == (None, None)
    shown = progress_summary(view(bench.send(completed(at(1))), at(1)))
    assert (shown.current_level, shown.courses[0].level) == ("Intermediate", "Intermediate")


def test_modules_are_counted_over_courses_while_all_are_known() -> None:
    bench = Bench(facts=course(4)).send(completed(at(0)), enrolled(at(0), course_id="c2"))
    shown = progress_summary(view(bench, at(0)))
    assert (shown.modules_completed, shown.total_modules) == (1, 4)
    bench.send(completed(at(1), "n1", course_id="c2"))
    shown = progress_summary(view(bench, at(1)))
    assert (shown.modules_completed, shown.total_modules) == (2, None)
    bench.adopt("course", course(3, course_id="c2"))
    assert progress_summary(view(bench, at(1))).total_modules == 7


def expected_progress(facts: CourseFacts, day: float) -> float | None:
    bench = Bench(facts=facts).send(enrolled(at(0)))
    return progress_summary(view(bench, at(day))).courses[0].expected_progress


def test_the_schedule_expects_the_time_that_has_passed_without_breaks() -> None:
    breaks = (
        (seconds(at(-5)), seconds(at(2))),
        (seconds(at(5)), seconds(at(6))),
        (seconds(at(9)), seconds(at(20))),
        (seconds(at(30)), seconds(at(40))),
    )
    facts = course(1, starts_at=seconds(at(0)), ends_at=seconds(at(10)), breaks=breaks)
    found = [expected_progress(facts, day) for day in (-1, 0, 2, 3, 5.5, 6, 9, 9.5, 11)]
    assert found == [0, 0, 0, 16.7, 50, 50, 100, 100, 100]
    whole = course(1, starts_at=seconds(at(0)), ends_at=seconds(at(10)))
    assert [expected_progress(whole, day) for day in (-1, 2.5, 10, 12)] == [0, 25, 100, 100]


def test_a_break_beside_the_course_takes_no_second_of_it() -> None:
    start = seconds(at(0))
    breaks = ((start - 50, start - 10), (start + 20, start + 30), (start + 200, start + 300))
    facts = course(1, starts_at=start, ends_at=start + 100, breaks=breaks)
    assert expected_progress(facts, 50 / 86_400) == round(100 * 40 / 90, 1)


def test_without_dates_or_units_no_progress_is_expected() -> None:
    start, end = seconds(at(0)), seconds(at(10))
    assert expected_progress(course(1), 5) is None
    assert expected_progress(course(1, starts_at=start), 5) is None
    assert expected_progress(course(1, ends_at=end), 5) is None
    assert expected_progress(course(1, starts_at=end, ends_at=end), 5) is None
    assert expected_progress(course(0, starts_at=start, ends_at=end), 5) is None
    away = course(1, starts_at=start, ends_at=end, breaks=((start, end),))
    assert expected_progress(away, 5) == 0


def test_by_assessments_the_weight_that_is_due_by_now_is_expected() -> None:
    def facts(**last: Any) -> CourseFacts:
        return CourseFacts(
            course_id=COURSE,
            assessments=(
                Assessment(id="a1", weight=1, due_at=seconds(at(1))),
                Assessment(id="a2", weight=3, due_at=seconds(at(2))),
                Assessment(id="a3", weight=4, **last),
            ),
        )

    dated = facts(due_at=seconds(at(9)))
    assert [expected_progress(dated, day) for day in (0.9, 1, 2, 9)] == [0, 12.5, 50, 100]
    assert expected_progress(facts(), 5) is None
    assert expected_progress(facts(required=False), 1) == 25


def test_the_end_of_a_course_is_a_local_date() -> None:
    facts = CourseFacts(course_id=COURSE, ends_at=seconds(at(0, 15)), modules=(Module(id="m1"),))
    bench = Bench(facts=facts).send(enrolled(at(0)))
    ends = [progress_summary(view(bench, at(0), zone=zone)) for zone in ("UTC", "Asia/Tokyo")]
    assert [shown.courses[0].ends_on for shown in ends] == ["2024-03-05", "2024-03-05"]
    early = view(bench, at(0), zone="America/New_York")
    assert progress_summary(early).courses[0].ends_on == "2024-03-04"
