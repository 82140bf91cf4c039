"""When a suggested action counts as done within 7 days, when as not, and when it is not known."""

from typing import Any

import pytest

from domain.alerts import DAY
from domain.ids import short_id
from domain.state.course import Course, Grade, Submission, Work
from domain.state.learner import Day, Learner, new_learner
from operations.followed import Known, Suggested, acted, count_followed

RAISED = 1_760_000_000
TODAY = RAISED // DAY + 719_163
LATER = RAISED + 8 * DAY


def suggested(action: str, **fields: Any) -> Suggested:
    given: dict[str, Any] = {"rule": "rule", "suppressed": False, "raised_at": RAISED}
    return Suggested(action=action, **(given | fields))


def learner(*days: Day) -> Learner:
    state = new_learner("ada")
    state.days = list(days)
    return state


def did(state: Learner, alert: Suggested, clock: int = LATER) -> bool | None:
    return acted(Known(state, "UTC", clock), alert)


@pytest.mark.parametrize("action", ["resume_course", "plan_session"])
@pytest.mark.parametrize(("after", "done"), [(0, False), (1, True), (7, True), (8, False)])
def test_work_on_one_of_the_seven_days_after_it_is_what_was_suggested(
    action: str, after: int, *, done: bool
) -> None:
    state = learner(Day(TODAY + after, activities=1))
    assert did(state, suggested(action)) is done


def test_a_day_without_work_is_none() -> None:
    assert did(learner(Day(TODAY + 1)), suggested("resume_course")) is False


def test_help_is_asked_for_by_a_post() -> None:
    assert did(learner(Day(TODAY + 1, activities=1)), suggested("ask_for_help")) is False
    assert did(learner(Day(TODAY + 1, activities=1, posts=1)), suggested("ask_for_help")) is True


def test_days_that_are_kept_no_more_are_not_known() -> None:
    state = learner(Day(TODAY + 40, activities=1))
    state.streak.gone_day = TODAY
    assert did(state, suggested("resume_course")) is False
    state.streak.gone_day = TODAY + 1
    assert did(state, suggested("resume_course")) is None


@pytest.mark.parametrize(
    ("at", "done"),
    [(-1, None), (0, True), (7 * DAY, True), (7 * DAY + 1, False), (None, False)],
)
def test_a_submission_counts_from_the_alert_on_for_seven_days(
    at: int | None, *, done: bool | None
) -> None:
    work = Work(short_id("essay"), "essay")
    if at is not None:
        work.submissions = [Submission(RAISED + at, TODAY)]
    state = learner()
    state.courses = [Course("c", enrolled_at=1, work=[work])]
    alert = suggested("submit_assessment", course_id="c", subject="essay")
    assert did(state, alert) is done
    assert did(state, suggested("submit_assessment", course_id="left", subject="essay")) is None


def test_a_grade_shows_a_submission() -> None:
    graded = Grade(RAISED + 9 * DAY, TODAY + 9, 1, 1, 50.0, submitted_at=RAISED + DAY)
    state = learner()
    state.courses = [Course("c", enrolled_at=1, work=[Work(short_id("e"), "e", grades=[graded])])]
    assert did(state, suggested("submit_assessment", course_id="c", subject="e")) is True


def test_an_alert_is_judged_once_seven_days_after_it_are_over() -> None:
    midnight = (RAISED // DAY + 8) * DAY
    state = learner(Day(TODAY + 1, activities=1))
    assert did(state, suggested("resume_course"), midnight - 1) is None
    assert did(state, suggested("resume_course"), midnight) is True


@pytest.mark.parametrize(
    ("resolution", "after", "known"),
    [
        ("corrected", 3, False),
        ("course_finished", 7, False),
        ("corrected", 8, True),
        ("cleared", 3, True),
    ],
)
def test_where_there_was_nothing_left_to_do_nobody_counts(
    resolution: Any, after: int, *, known: bool
) -> None:
    ended = {"resolution": resolution, "resolved_at": RAISED + after * DAY}
    assert (did(learner(), suggested("resume_course", **ended)) is not None) is known


def test_an_action_of_which_no_event_tells_is_not_known() -> None:
    assert did(learner(), suggested("celebrate")) is None


def test_of_each_learner_the_first_alert_that_can_be_judged_counts() -> None:
    known = Known(learner(Day(TODAY + 9, activities=1)), "UTC", RAISED + 30 * DAY)
    corrected = {"resolution": "corrected", "resolved_at": RAISED + 1}
    alerts = [
        suggested("resume_course", **corrected),
        suggested("resume_course", raised_at=RAISED + DAY),
        suggested("resume_course", raised_at=RAISED + 5 * DAY),
        suggested("resume_course", raised_at=RAISED + 5 * DAY, suppressed=True),
    ]
    (row,) = count_followed([(known, alerts)])
    assert (row.delivered, row.delivered_did, row.delivered_share) == (1, 0, None)
    assert (row.suppressed, row.suppressed_did, row.suppressed_share) == (1, 1, None)


@pytest.mark.parametrize(("learners", "share"), [(19, None), (20, 0.0)])
def test_of_fewer_than_20_learners_there_is_no_share(learners: int, share: float | None) -> None:
    known = Known(learner(), "UTC", LATER)
    (row,) = count_followed([(known, [suggested("plan_session")])] * learners)
    assert row.delivered_share == share
    assert row.suppressed_share is None
