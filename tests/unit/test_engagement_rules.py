"""The rules about engagement: silence, weeks and deadlines to come, at both sides of each bar."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from domain.alerts import Transition
from domain.configuration import Configuration, Rules
from domain.course_facts import CourseFacts
from domain.rules.account_inactivity import AccountInactivity
from domain.rules.inactive_days import InactiveDays
from domain.rules.low_weekly_engagement import LowWeeklyEngagement
from domain.rules.upcoming_deadline import UpcomingDeadline
from tests.factories import (
    COURSE,
    Bench,
    at,
    course,
    enrolled,
    event,
    graded,
    seconds,
    submitted,
    viewed,
)

MINUTE: Final = 1 / 24 / 60


def of(bench: Bench, category: str) -> list[Transition]:
    return [each for each in bench.published if each.category == category]


def said(bench: Bench, category: str) -> list[tuple[str, str]]:
    """What happened to alerts of a rule: how severe they are, or how they ended."""
    return [(t.kind, t.resolution or t.severity) for t in of(bench, category)]


def ticked(bench: Bench, *days: float) -> Bench:
    for day in days:
        bench.tick(at(day, minutes=1))
    return bench


def learner(facts: CourseFacts | None, *work: float, **fields: Any) -> Bench:
    """Somebody who came on day 0 and worked on these days."""
    bench = Bench(facts=facts, **fields)
    return bench.send(enrolled(at(0)), *[viewed(at(day)) for day in work])


def due(*days: float, **fields: Any) -> CourseFacts:
    """A course whose assessments a1, a2, ... are due on these days."""
    names = {f"a{n}": at(day) for n, day in enumerate(days, 1)}
    return course(assessments=names, title="Algebra", **fields)


def with_rules(**rules: Any) -> Configuration:
    return Configuration(rules=Rules(**rules))


# -- inactive_days -------------------------------------------------------------------------------


def test_ten_days_of_silence_are_said_where_heavy_work_is_due_within_seven() -> None:
    bench = ticked(learner(due(17), 1), 10.9)
    assert said(bench, "inactive_days") == []
    (raised,) = of(ticked(bench, 11), "inactive_days")
    assert (raised.severity, raised.audience) == ("low", ("learner",))
    assert raised.raised_at == seconds(at(11))
    assert raised.params == {"title": "Algebra", "date": "5 March", "due_date": "21 March"}
    late = ticked(learner(due(30), 1), 11, 22.9)
    assert said(late, "inactive_days") == []
    assert said(ticked(late, 23), "inactive_days") == [("raised", "low")]


def test_silence_is_medium_when_it_is_overdue_and_high_after_21_days() -> None:
    bench = ticked(learner(due(14), 1), 11, 13.9)
    assert said(bench, "inactive_days") == [("raised", "low")]
    ticked(bench, 14, 21.9)
    assert said(bench, "inactive_days")[1:] == [("updated", "medium")]
    ticked(bench, 22)
    assert said(bench, "inactive_days")[2:] == [("updated", "high")]
    assert of(bench, "inactive_days")[-1].audience == ("learner", "instructor")
    assert len({t.alert_id for t in of(bench, "inactive_days")}) == 1


def test_nothing_is_said_of_silence_while_nothing_heavy_is_open() -> None:
    bench = Bench(facts=due(17)).send(enrolled(at(0)), submitted(at(1), "a1"))
    assert said(ticked(bench, 11, 22, 29), "inactive_days") == []


@pytest.mark.parametrize("facts", [course(), None])
def test_without_due_dates_it_is_14_and_28_days(facts: CourseFacts | None) -> None:
    bench = ticked(learner(facts, 1), 14.9)
    assert said(bench, "inactive_days") == []
    ticked(bench, 15, 28.9)
    assert said(bench, "inactive_days") == [("raised", "low")]
    ticked(bench, 29)
    assert said(bench, "inactive_days")[1:] == [("updated", "medium")]
    assert of(bench, "inactive_days")[-1].message_code == "alert.inactive_days.message"


def test_the_profile_daily_counts_three_five_and_seven_days() -> None:
    daily = with_rules(inactive_days=InactiveDays(profile="daily"))
    bench = ticked(learner(course(), 2, 4, 6, 9, configuration=daily), 11.9)
    assert said(bench, "inactive_days") == []
    ticked(bench, 12, 14, 16)
    assert said(bench, "inactive_days") == [
        ("raised", "low"),
        ("updated", "medium"),
        ("updated", "high"),
    ]


@pytest.mark.parametrize(
    ("back", "ends"),
    [(viewed(at(12)), "cleared"), (submitted(at(12)), "cleared")],
)
def test_work_ends_it(back: dict[str, Any], ends: str) -> None:
    bench = ticked(learner(due(17), 1), 11).send(back)
    assert said(bench, "inactive_days")[-1] == ("resolved", ends)


def test_a_session_without_work_does_not_end_it() -> None:
    bench = ticked(learner(due(17), 1), 11).send(event("session_started", at(12)))
    assert said(bench, "inactive_days") == [("raised", "low")]
    bench.send(viewed(at(12, minutes=5)))
    assert said(bench, "inactive_days")[-1] == ("resolved", "cleared")


def test_late_events_that_show_work_correct_it_and_the_next_silence_is_another() -> None:
    bench = ticked(learner(due(17), 1), 11).send(viewed(at(5), "page-2"))
    assert said(bench, "inactive_days") == [("raised", "low"), ("resolved", "corrected")]
    ticked(bench, 15)
    assert said(bench, "inactive_days")[-1] == ("raised", "low")
    assert len({t.alert_id for t in of(bench, "inactive_days")}) == 2


def test_who_comes_back_after_a_course_was_taken_to_be_over_is_looked_at_again() -> None:
    bench = ticked(learner(course(), 1), 15, 29, 50, 93, 150)
    assert bench.learner().look_at == 0
    bench.send(viewed(at(200)))
    assert said(ticked(bench, 214), "inactive_days")[-1] == ("raised", "low")


def test_a_far_deadline_is_looked_at_once_the_course_is_known_to_run_so_long() -> None:
    rarely = with_rules(account_inactivity=AccountInactivity(days=365))
    bench = learner(course(assessments={"a1": at(200)}), 1, configuration=rarely)
    bench.send(*[viewed(at(day)) for day in range(2, 150)])
    assert said(ticked(bench, 192), "inactive_days") == []
    assert said(ticked(bench, 193), "inactive_days") == [("raised", "low")]


def test_days_with_work_do_not_set_the_timer_anew_and_an_early_one_says_nothing() -> None:
    bench = learner(course(), 1)
    first = bench.learner().look_at
    assert first == seconds(at(15))
    bench.send(*[viewed(at(day)) for day in range(2, 9)])
    assert bench.learner().look_at == first
    assert said(ticked(bench, 15), "inactive_days") == []
    assert bench.learner().look_at == seconds(at(22))


@pytest.mark.parametrize("rule", ["inactive_days", "account_inactivity"])
def test_a_late_upload_of_a_hundred_events_shortens_a_silence_and_raises_no_other(
    rule: str,
) -> None:
    facts = due(14) if rule == "inactive_days" else course()
    quick = with_rules(inactive_days=InactiveDays(without_dates=(90, 90)))
    configuration = Configuration() if rule == "inactive_days" else quick
    bench = ticked(learner(facts, 0, configuration=configuration), 11, 31, 38)
    ids = {t.alert_id for t in of(bench, rule)}
    assert [kind for kind, _ in said(bench, rule)][:1] == ["raised"]
    late = (0.25 + n * 0.25 for n in range(100))  # a day has four of them; the last is of day 25
    bench.send(*[viewed(at(day), f"late-{day}") for day in late])
    kinds = [kind for kind, _ in said(bench, rule)]
    assert (kinds.count("raised"), len({t.alert_id for t in of(bench, rule)})) == (1, 1)
    assert {t.alert_id for t in of(bench, rule)} == ids
    assert kinds.count("updated") <= 30  # one a day, and one a severity


def test_another_due_time_corrects_it_and_the_old_one_brings_it_back() -> None:
    bench = ticked(learner(due(17), 1), 11)
    bench.adopt("course", due(40)).adopt("course", due(17))
    assert said(bench, "inactive_days") == [
        ("raised", "low"),
        ("resolved", "corrected"),
        ("raised", "low"),
    ]
    assert [t.revision for t in of(bench, "inactive_days")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        (event("unenrolled", at(12)), "unenrolled"),
        (event("course_finished", at(12), outcome="failed"), "course_finished"),
    ],
)
def test_the_end_of_the_course_ends_it(last: dict[str, Any], ends: str) -> None:
    bench = ticked(learner(due(17), 1), 11).send(last)
    assert said(bench, "inactive_days")[-1] == ("resolved", ends)


def test_who_never_worked_is_silent_from_the_beginning_of_the_course_on() -> None:
    facts = due(20, starts_at=seconds(at(5)))
    bench = ticked(Bench(facts=facts).send(enrolled(at(0))), 14.9)
    assert said(bench, "inactive_days") == []
    (raised,) = of(ticked(bench, 15), "inactive_days")
    assert raised.message_code == "alert.inactive_days.not_begun_due"
    undated = ticked(Bench(facts=course()).send(enrolled(at(0))), 14)
    assert of(undated, "inactive_days")[0].message_code == "alert.inactive_days.not_begun"


def test_days_of_a_break_are_no_silence() -> None:
    breaks = ((seconds(at(6)), seconds(at(13))), (seconds(at(40)), seconds(at(50))))
    bench = ticked(learner(due(16, breaks=breaks), 1), 11, 17.9)
    assert said(bench, "inactive_days") == []
    assert said(ticked(bench, 18), "inactive_days") == [("raised", "medium")]


def test_nothing_is_said_after_the_course_or_of_who_was_forgotten() -> None:
    over = learner(course(ends_at=seconds(at(14))), 1)
    assert ticked(over, 15, 29, 31).published == []
    facts = course(assessments={"a1": at(120)})
    assert said(ticked(learner(facts, 1), 113, 114), "inactive_days") == []


def test_an_alert_about_silence_is_over_after_thirty_days_and_once_a_silence() -> None:
    bench = ticked(learner(due(17), 1), 11, 22, *range(42, 60))
    assert {t.kind for t in of(bench, "inactive_days")} == {"raised", "updated"}
    bench.send(viewed(at(60)))
    assert said(ticked(bench, 70), "inactive_days")[-1] == ("raised", "medium")
    assert len({t.alert_id for t in of(bench, "inactive_days")}) == 2


def test_a_sawtooth_of_due_times_never_makes_a_second_alert() -> None:
    bench = ticked(learner(due(17), 1), 11)
    for n in range(10):
        extended = at(40) if n % 2 == 0 else at(17)
        bench.send(
            event(
                "deadline_extended",
                at(11, 1 + n),
                assessment_id="a1",
                due_at=extended.isoformat(),
            )
        )
    assert len({t.alert_id for t in of(bench, "inactive_days")}) == 1


def test_severities_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"days is \[10, 9, 21\], expected in rising order"):
        InactiveDays(days=(10, 9, 21))
    with pytest.raises(ValueError, match="expected in rising order"):
        InactiveDays(daily=(3, 2, 7))


# -- account_inactivity --------------------------------------------------------------------------


def test_thirty_days_without_any_event_are_said_to_instructors_and_operators() -> None:
    bench = learner(course(), 1).send(event("session_started", at(4)))
    assert said(ticked(bench, 33.9), "account_inactivity") == []
    (raised,) = of(ticked(bench, 34), "account_inactivity")
    assert (raised.severity, raised.audience) == ("medium", ("instructor", "operator"))
    assert raised.params == {"title": COURSE, "date": "8 March"}
    bench.send(event("session_started", at(35)))
    assert said(bench, "account_inactivity")[-1] == ("resolved", "cleared")


def test_nothing_is_said_of_the_account_while_inactive_days_is_high() -> None:
    bench = ticked(learner(due(14), 1), 22, 31, 40)
    assert said(bench, "account_inactivity") == []
    assert said(ticked(bench, 41), "account_inactivity") == [("raised", "medium")]


def test_inactive_days_that_becomes_high_supersedes_it() -> None:
    quick = with_rules(inactive_days=InactiveDays(days=(10, 10, 40)))
    bench = ticked(learner(due(32), 1, configuration=quick), 31)
    assert said(bench, "account_inactivity") == [("raised", "medium")]
    ticked(bench, 41)
    assert said(bench, "account_inactivity")[-1] == ("resolved", "superseded")


def test_the_account_of_who_left_is_nobodys_matter() -> None:
    bench = learner(course(), 1).send(event("unenrolled", at(2)))
    assert ticked(bench, 31, 40).published == []


# -- upcoming_deadline ---------------------------------------------------------------------------


def test_a_deadline_in_48_hours_is_said_to_who_was_silent_for_five_days() -> None:
    bench = learner(due(20), 12).send(event("session_started", at(16)))
    assert said(ticked(bench, 17.9), "upcoming_deadline") == []
    (raised,) = of(ticked(bench, 18), "upcoming_deadline")
    assert (raised.severity, raised.audience) == ("low", ("learner",))
    assert (raised.raised_at, raised.expires_at) == (seconds(at(18)), seconds(at(20)))
    assert raised.message_code == "alert.upcoming_deadline.silent"
    assert raised.params == {"title": "A1", "date": "24 March", "last_date": "16 March"}
    (evidence,) = raised.evidence
    assert (evidence.feature, evidence.value, evidence.threshold) == ("days_since_work", 6, 5)


def test_who_works_and_was_in_time_before_is_not_reminded() -> None:
    bench = learner(due(10, 20), 4).send(submitted(at(8), "a1"), viewed(at(17)))
    assert said(ticked(bench, 18, 19.9), "upcoming_deadline") == []


def test_five_days_may_be_over_within_the_48_hours() -> None:
    bench = ticked(learner(due(20), 14), 18, 18.9)
    assert said(bench, "upcoming_deadline") == []
    (raised,) = of(ticked(bench, 19), "upcoming_deadline")
    assert raised.raised_at == seconds(at(19))
    assert [(each.value, each.threshold) for each in raised.evidence] == [(5, 5)]


@pytest.mark.parametrize("handed_in", [[submitted(at(11), "a1")], []])
def test_who_was_late_or_has_not_submitted_the_one_before_is_reminded(
    handed_in: list[dict[str, Any]],
) -> None:
    bench = learner(due(10, 20), 1, 5, 9).send(*handed_in, viewed(at(17)))
    (raised,) = of(ticked(bench, 18), "upcoming_deadline")
    assert raised.message_code == "alert.upcoming_deadline.late"
    assert raised.params["before"] == "A1"


def test_of_two_in_48_hours_the_second_is_said_once_the_first_is_overdue() -> None:
    bench = ticked(learner(due(19, 20), 17), 18)
    assert said(bench, "upcoming_deadline") == []
    (raised,) = of(ticked(bench, 19), "upcoming_deadline")
    assert (raised.subject.id, raised.raised_at) == ("a2", seconds(at(19)))


def test_a_visit_does_not_end_a_reminder_and_the_submission_does() -> None:
    bench = ticked(learner(due(20), 12), 18).send(viewed(at(18, 5)))
    assert said(bench, "upcoming_deadline") == [("raised", "low")]
    bench.send(submitted(at(19)))
    assert said(bench, "upcoming_deadline")[-1] == ("resolved", "cleared")


def test_a_late_event_that_shows_work_corrects_a_reminder() -> None:
    bench = ticked(learner(due(20), 12), 18).send(viewed(at(16), "page-2"))
    assert said(bench, "upcoming_deadline") == [("raised", "low"), ("resolved", "corrected")]


def test_a_reminder_ends_with_the_course_and_expires_when_it_is_due() -> None:
    bench = ticked(learner(due(20), 12), 18).send(event("unenrolled", at(19)))
    assert said(bench, "upcoming_deadline")[-1] == ("resolved", "unenrolled")
    bench = ticked(learner(due(20), 12), 18, 22, 27).send(submitted(at(28)))
    assert said(bench, "upcoming_deadline") == [("raised", "low")]


def test_a_reminder_about_a_course_that_is_not_kept_any_more_is_corrected() -> None:
    bench = ticked(learner(due(20), 12), 18)
    bench.send(*[enrolled(at(18, 1 + n), course_id=f"d{n}") for n in range(8)])
    bench.send(viewed(at(18, 12), course_id="d1"))
    assert said(bench, "upcoming_deadline")[-1] == ("resolved", "corrected")
    assert said(bench, "inactive_days") == []


def test_late_work_before_others_moves_the_silence_that_a_reminder_tells_of() -> None:
    bench = ticked(learner(due(20), 2), 18).send(viewed(at(18, 5)))
    bench.send(viewed(at(7)))
    raised, updated = of(bench, "upcoming_deadline")
    assert (raised.params["last_date"], updated.params["last_date"]) == ("6 March", "11 March")


def test_nobody_is_reminded_in_the_first_week_or_too_late() -> None:
    first_week = ticked(Bench(facts=due(6)).send(enrolled(at(0))), 4, 5.9, 6)
    assert said(first_week, "upcoming_deadline") == []
    bench = ticked(Bench(facts=due(8)).send(enrolled(at(0))), 6)
    assert said(bench, "upcoming_deadline") == []
    (raised,) = of(ticked(bench, 7), "upcoming_deadline")
    assert raised.message_code == "alert.upcoming_deadline.not_begun"


def test_a_reminder_has_settings() -> None:
    rule = UpcomingDeadline(hours_before=72, silent_days=2)
    bench = ticked(learner(due(20), 16, configuration=with_rules(upcoming_deadline=rule)), 18)
    assert of(bench, "upcoming_deadline")[0].raised_at == seconds(at(18))


# -- low_weekly_engagement -----------------------------------------------------------------------


def weeks(*counts: int) -> list[dict[str, Any]]:
    """Work on so many days of each week; START is a Monday."""
    return [viewed(at(7 * n + day)) for n, count in enumerate(counts) for day in range(count)]


def through(
    work: Iterable[dict[str, Any]], facts: CourseFacts, until: float, **fields: Any
) -> Bench:
    """The events day by day, with a tick at the beginning of each."""
    events = sorted(work, key=lambda each: str(each["occurred_at"]))
    bench = Bench(facts=facts, **fields).send(enrolled(at(0)))
    for day in range(int(until) + 1):
        bench.tick(at(day, -9, 1))
        begins, ends = at(day, -9), at(day + 1, -9)
        today = [e for e in events if begins <= _when(e) < ends]
        if today:
            bench.send(*today)
    return bench


def _when(made: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(made["occurred_at"])


def low_weeks(bench: Bench) -> list[tuple[str, str, datetime]]:
    return [
        (
            t.message_code or "",
            t.resolution or t.severity,
            datetime.fromtimestamp(t.at, at().tzinfo),
        )
        for t in of(bench, "low_weekly_engagement")
    ]


OWN: Final = "alert.low_weekly_engagement.own"
FEW: Final = "alert.low_weekly_engagement.few"


def midnight(day: int) -> datetime:
    return at(day) - timedelta(hours=9)


def test_two_weeks_under_half_of_the_own_mean_are_the_learners() -> None:
    facts = due(48)  # a Sunday... within seven days of Monday, day 42
    bench = through(weeks(5, 5, 5, 5, 2, 2), facts, 43)
    assert low_weeks(bench) == [(OWN, "low", midnight(42))]
    (raised,) = of(bench, "low_weekly_engagement")
    assert raised.audience == ("learner",)
    assert raised.params == {"title": "Algebra", "date": "15 April", "days": 4, "usual": 5}
    (evidence,) = raised.evidence
    assert (evidence.value, evidence.baseline, evidence.threshold) == (2, 5.0, 2.5)


@pytest.mark.parametrize(
    ("counts", "due_on"),
    [
        ((5, 5, 5, 5, 3, 2), 48),  # over half in one of them
        ((1, 2, 2, 2, 0, 0), 48),  # the own mean is under two
        ((5, 5, 5, 5, 2, 2), 55),  # nothing due within seven days
        ((5, 2, 2), 20),  # one week is no mean
    ],
)
def test_else_nothing_is_said_of_weeks(counts: tuple[int, ...], due_on: int) -> None:
    bench = through(weeks(*counts), due(due_on), 7 * len(counts) + 1)
    assert low_weeks(bench) == []


def test_two_weeks_with_hardly_any_work_and_heavy_work_overdue_are_the_instructors() -> None:
    bench = through(weeks(1, 1, 1, 1), due(10), 22)
    assert low_weeks(bench) == [(FEW, "medium", midnight(14))]
    (raised,) = of(bench, "low_weekly_engagement")
    assert raised.audience == ("instructor",)
    assert raised.params["due_date"] == "14 March"


def test_weeks_in_a_row_are_said_once_until_a_whole_week_is_better() -> None:
    bench = through(weeks(1, 1, 1, 1, 2, 1, 1), due(10), 51)
    assert low_weeks(bench) == [
        (FEW, "medium", midnight(14)),
        ("", "cleared", midnight(35)),
        (FEW, "medium", midnight(49)),
    ]


def test_the_learners_weeks_end_with_half_of_the_mean() -> None:
    bench = through(weeks(5, 5, 5, 5, 2, 2, 2, 3), due(48), 58)
    own = [each[1:] for each in low_weeks(bench)]
    assert own == [("low", midnight(42)), ("cleared", midnight(56))]


def test_what_is_open_of_weeks_ends_with_the_submission_or_another_due_time() -> None:
    bench = through(weeks(1, 1), due(10), 14).send(submitted(at(15), "a1"))
    assert low_weeks(bench)[-1][1] == "cleared"
    moved = through(weeks(1, 1), due(10), 14).adopt("course", due(60))
    assert low_weeks(moved)[-1][1] == "corrected"


def test_inactive_days_supersedes_what_is_said_of_weeks_and_the_next_monday_begins_anew() -> None:
    bench = through(weeks(1, 1), due(10), 18)
    assert low_weeks(bench)[-1][1] == "superseded"
    assert said(bench, "inactive_days") == [("raised", "medium")]
    bench.send(viewed(at(18, 5), "page-9"))
    assert said(bench, "inactive_days")[-1] == ("resolved", "cleared")
    assert low_weeks(bench)[-1][1] == "superseded"
    assert low_weeks(ticked(bench, 19, 20.6))[-1][1] == "superseded"
    assert low_weeks(ticked(bench, 21))[-1] == (FEW, "medium", midnight(21))
    assert of(bench, "low_weekly_engagement")[-1].raised_at == seconds(midnight(21))


def test_weeks_are_said_after_all_where_late_work_shows_that_there_was_no_silence() -> None:
    bench = ticked(learner(due(10), 0), *range(1, 18))
    assert said(bench, "inactive_days") == [("raised", "medium")]
    assert low_weeks(bench) == []
    bench.send(viewed(at(8)))
    assert said(bench, "inactive_days")[-1] == ("resolved", "corrected")
    (raised,) = of(bench, "low_weekly_engagement")
    assert (raised.message_code, raised.raised_at) == (FEW, seconds(midnight(14)))


def test_weeks_with_a_silence_that_is_over_are_not_said_for_other_late_work() -> None:
    bench = ticked(learner(due(10), 0), *range(1, 22)).send(viewed(at(21, 5)))
    assert said(bench, "inactive_days")[-1] == ("resolved", "cleared")
    bench.send(viewed(at(0, 1)))
    assert low_weeks(bench) == []
    bench.send(viewed(at(12)))
    assert [t.raised_at for t in of(bench, "low_weekly_engagement")] == [seconds(midnight(14))]


def test_weeks_of_a_break_and_weeks_before_the_course_are_not_counted() -> None:
    breaks = ((seconds(at(9)), seconds(at(11))),)
    assert low_weeks(through(weeks(1, 1, 0), due(6, breaks=breaks), 15)) == []
    late_start = due(10, starts_at=seconds(at(2)))
    assert low_weeks(through(weeks(0, 1, 1), late_start, 15)) == []
    assert low_weeks(through(weeks(0, 1, 1), late_start, 22)) == [(FEW, "medium", midnight(21))]


def test_no_week_is_looked_at_after_the_end_of_the_course() -> None:
    assert low_weeks(through(weeks(1, 1), due(10, ends_at=seconds(at(13))), 15)) == []


def test_mondays_are_those_of_the_learners_zone() -> None:
    tokyo = [each | {"timezone": "Asia/Tokyo"} for each in weeks(1, 1)]
    bench = through(tokyo, due(10), 15)
    assert low_weeks(bench) == [(FEW, "medium", midnight(14) - timedelta(hours=9))]


def test_leaving_at_what_enters_is_refused() -> None:
    with pytest.raises(ValueError, match="most_days is 2, expected less than leave_days"):
        LowWeeklyEngagement(most_days=2, leave_days=2)


# -- whichever way a timer fires -----------------------------------------------------------------


def test_every_timer_says_the_same_before_an_event_on_ticks_and_under_the_stream_clock() -> None:
    facts = due(10, 20, 45)
    first = [enrolled(at(0)), *weeks(4, 1, 1)]
    last = viewed(at(60), "page-60")

    def published(bench: Bench) -> list[tuple[str, str, str, int]]:
        return [(t.alert_id, t.kind, t.severity, t.at) for t in bench.published]

    ticks = Bench(clock="stream", facts=facts).send(*first)
    ticks.send(*[viewed(at(0, n), user=8) for n in range(22 * 24, 60 * 24)], last)
    by_event = Bench(clock="stream", facts=facts).send(*first, last)
    mine = [each for each in ticks.published if each.user_id == "7"]
    assert {t.category for t in mine} >= {
        *("missed_deadline", "inactive_days", "upcoming_deadline", "low_weekly_engagement"),
        "account_inactivity",
    }
    assert [(t.alert_id, t.kind, t.severity, t.at) for t in mine] == published(by_event)


def test_a_grade_that_shows_a_submission_ends_what_is_said_of_the_deadline() -> None:
    bench = ticked(learner(due(14, 60), 1), 11, 14).send(graded(at(15), 70, "a1"))
    assert said(bench, "inactive_days")[-1] == ("resolved", "cleared")


def test_a_course_whose_due_times_lie_before_the_enrolment_has_due_dates() -> None:
    bench = Bench(facts=due(5)).send(enrolled(at(6)))
    assert said(ticked(bench, 20, 34), "inactive_days") == []
