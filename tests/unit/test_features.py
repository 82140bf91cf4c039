"""What predictions rest on: the edges of the bins, and what stands where nothing is known."""

from typing import Any

import pytest

from domain.course_facts import Assessment, CourseFacts
from domain.keepers.standing import Lateness, standing
from domain.predicting.features import (
    COURSE,
    NOT_LATE_OR_EARLY,
    SCORE,
    SILENCE,
    SUBMISSION,
    Feature,
)
from domain.predicting.features.assessment import submission_features
from domain.predicting.features.course import course_features
from domain.predicting.features.silence import lately, progress_of, silence_features
from domain.predicting.running import open_courses
from domain.predictions import TARGETS, Target
from domain.scoring import NoModels, Slot
from domain.state.learner import Learner
from tests.factories import START, Bench, at, enrolled, event, graded, seconds, submitted, viewed
from tests.modelling import adopting, served, serving

DAY = 86_400


def facts(*days: float, **fields: Any) -> CourseFacts:
    """A course of 70 days with essays of equal weight, a1 and on, that are due on these days."""
    fields = {"starts_at": seconds(START), "ends_at": seconds(at(70)), **fields}
    return CourseFacts(
        course_id="c1",
        assessments=tuple(
            Assessment(id=f"a{n}", title=f"A{n}", kind="Essay", due_at=seconds(at(day)))
            for n, day in enumerate(days, 1)
        ),
        **fields,
    )


def learner(known: CourseFacts, *events: dict[str, Any]) -> Learner:
    return Bench(facts=known).send(enrolled(at(-1)), *events).learner()


def silence(known: CourseFacts, day: float, *events: dict[str, Any]) -> dict[str, int]:
    """The features of silence at a day, by name."""
    state, now = learner(known, *events), seconds(at(day))
    running = open_courses(state, {"c1": known}, now)
    return named(SILENCE, silence_features(state, running, lately(state, now, "UTC"), now))


def of_course(
    known: CourseFacts, day: float, *events: dict[str, Any], rate: float | None = None
) -> dict[str, int]:
    """The features of the course at a day, by name."""
    state, now = learner(known, *events), seconds(at(day))
    (course,) = state.courses
    seen = lately(state, now, "UTC")
    return named(COURSE, course_features(course, known, standing(course, known), seen, rate, now))


def named(features: tuple[Feature, ...], values: list[int]) -> dict[str, int]:
    for feature, value in zip(features, values, strict=True):
        assert 0 <= value < feature.bins, feature.name
    return {feature.name: value for feature, value in zip(features, values, strict=True)}


# -- silence ---------------------------------------------------------------------------------------


def test_who_never_worked_counts_as_silent_for_two_weeks_more_than_since_the_first_event() -> None:
    assert silence(facts(), 0)["days_since_work"] == 11  # one day, and 14: from 15 to 20
    assert silence(facts(), 20)["days_since_work"] == 13  # from 28 on
    assert silence(facts(), 0, viewed(at(-0.5)))["days_since_work"] == 0


def test_days_with_work_are_counted_in_a_week_and_in_four() -> None:
    worked = [viewed(at(day)) for day in (0, 1, 8, 9, 10)]
    made = silence(facts(), 10, *worked)
    assert (made["active_days_7"], made["active_days_28"]) == (3, 4)  # 5 of 28: from 5 to 7
    assert silence(facts(), 40, *worked)["active_days_28"] == 0


def test_gaps_are_those_between_days_with_work_and_usual_ones_before_the_second() -> None:
    """With one day the mean gap is 3 and the long one 5."""
    once = silence(facts(), 6, viewed(at(0)))
    assert (once["mean_gap"], once["days_by_mean_gap"], once["days_by_long_gap"]) == (4, 7, 4)
    daily = silence(facts(), 20, *[viewed(at(day)) for day in range(20)])
    assert daily["mean_gap"] == 0
    assert daily["days_by_long_gap"] == 4  # one day where one is usual


def test_a_streak_counts_while_there_is_work_today() -> None:
    worked = [viewed(at(day)) for day in (3, 4, 5)]
    assert silence(facts(), 5, *worked)["streak"] == 3
    assert silence(facts(), 6, *worked)["streak"] == 0
    session = event("session_started", at(6), session_id="s1")
    assert silence(facts(), 6, *worked, session)["streak"] == 0
    assert silence(facts(), 8, *[viewed(at(day)) for day in range(9)])["streak"] == 7


def test_the_next_due_work_is_the_nearest_open_one_and_old_debts_are_forgotten() -> None:
    known = facts(2, 5, 9)
    made = silence(known, 6, submitted(at(1), "a1"))
    assert (made["next_due"], made["overdue"]) == (2, 1)  # in three days; a2
    assert silence(known, 69)["overdue"] == 1  # a1 and a2 are more than 60 days ago
    assert silence(known, 10)["next_due"] == 7
    assert silence(facts(1, 2, 3, 4, 5), 10)["overdue"] == 3, "three are as good as five"


def test_days_since_the_newest_submission_and_never() -> None:
    assert silence(facts(9), 5, submitted(at(3)))["days_since_submission"] == 1
    assert silence(facts(9), 5)["days_since_submission"] == 5


def test_progress_is_the_share_of_the_time_and_nothing_without_dates() -> None:
    bins = [silence(facts(), day)["progress"] for day in (0, 5.8, 5.9, 35, 69.9)]
    assert bins == [0, 0, 1, 6, 11]
    now = seconds(at(10))
    assert progress_of(None, now) == 0.0
    assert progress_of(facts(starts_at=None), now) == progress_of(facts(ends_at=None), now) == 0.0
    assert progress_of(facts(), seconds(at(-1))) == 0.0
    assert progress_of(facts(), seconds(at(71))) == 1.0
    assert progress_of(facts(ends_at=seconds(START)), now) == 1.0


# -- a course --------------------------------------------------------------------------------------


def test_what_is_overdue_ends_at_the_first_work_that_is_not_due() -> None:
    known = facts(2, 4, 6, 8, 30)
    made = of_course(known, 10, submitted(at(3), "a2"))
    assert (made["overdue"], made["missed_in_row"], made["overdue_weight"]) == (3, 2, 6)
    assert (made["due_so_far"], made["share_submitted"], made["overdue_week"]) == (4, 2, 1)
    assert made["next_due"] == 4  # in 20 days
    caught_up = of_course(known, 10, *[submitted(at(9), f"a{n}") for n in (1, 2, 3, 4)])
    assert (caught_up["overdue"], caught_up["missed_in_row"], caught_up["overdue_weight"]) == (
        0,
        0,
        0,
    )


def test_before_anything_is_due_the_share_that_is_submitted_is_not_known() -> None:
    made = of_course(facts(5), 4)
    assert (made["due_so_far"], made["share_submitted"]) == (0, 11)
    assert of_course(facts(), 4)["next_due"] == 7


def test_work_that_was_due_before_the_learner_came_is_none_of_theirs() -> None:
    known = facts(2, 20)
    state = Bench(facts=known).send(enrolled(at(5)), viewed(at(6))).learner()
    now = seconds(at(10))
    (course,) = state.courses
    seen = lately(state, now, "UTC")
    values = course_features(course, known, standing(course, known), seen, None, now)
    assert named(COURSE, values)["overdue"] == 0


@pytest.mark.parametrize(
    ("scores", "average", "last", "lowest"),
    [((), 0, 0, 0), ((100,), 11, 9, 7), ((20, 60), 3, 6, 2), ((60, 0), 2, 1, 1)],
)
def test_scores_are_bins_from_one_on_and_nothing_without_any(
    scores: tuple[float, ...], average: int, last: int, lowest: int
) -> None:
    events = [graded(at(day), score, f"a{day}") for day, score in enumerate(scores, 1)]
    made = of_course(facts(5, 10), 12, *events)
    assert (made["average_score"], made["last_score"], made["lowest_score"]) == (
        average,
        last,
        lowest,
    )
    assert made["level"] == 0, "nothing was expected of these scores"


def test_a_level_is_how_far_scores_lie_from_what_was_expected_of_them() -> None:
    levels = []
    for score in (0, 100):
        known = facts(5, 10)
        bench = adopting(Bench(facts=known, snapshots=serving(expecting())))
        state = bench.send(enrolled(at(-1)), viewed(at(1)), graded(at(6), score)).learner()
        (course,) = state.courses
        now = seconds(at(7))
        seen = lately(state, now, "UTC")
        values = course_features(course, known, standing(course, known), seen, None, now)
        levels.append(named(COURSE, values)["level"])
    assert levels == [1, 10]


def expecting() -> Any:
    """A snapshot that expects 70 of any score."""

    class Expecting(NoModels):
        number = 1

        def expected_score(self, slot: Slot) -> float | None:  # type: ignore[explicit-override]
            del slot
            return 70.0

    return Expecting()


def test_lateness_is_that_of_first_submissions_against_their_due_times() -> None:
    known = facts(5, 10)
    assert of_course(known, 12)["lateness"] == 0
    made = of_course(known, 12, submitted(at(1), "a1"), submitted(at(11.5), "a2"))
    assert (made["lateness"], made["last_lateness"]) == (4, 6)  # 1.25 days early, 1.5 late
    assert of_course(known, 12, submitted(at(6), "a9"))["lateness"] == 0, "no due time is known"


def test_when_the_learner_came_is_days_from_the_start_and_in_time_where_that_is_not_known() -> None:
    assert of_course(facts(), 5)["entered"] == 6  # one day before it
    assert of_course(facts(starts_at=None), 5)["entered"] == 7


def test_work_that_was_carried_over_is_counted_to_two() -> None:
    events = [graded(at(1), 50, f"a{n}", banked=True) for n in (1, 2, 3)]
    counts = [of_course(facts(5, 10, 15), 4, *events[:n])["banked"] for n in range(4)]
    assert counts == [0, 1, 2, 2]


def test_a_base_rate_is_tenths_from_one_on() -> None:
    rates = [of_course(facts(), 4, rate=rate)["base_rate"] for rate in (None, 0.0, 0.25, 1.0)]
    assert rates == [0, 1, 3, 11]


# -- one assessment --------------------------------------------------------------------------------


def test_before_a_first_submission_its_time_rests_on_the_prior_alone() -> None:
    slot = Slot("c1", "a1", "c1", None, 1)
    assert submission_features(slot, [], NoModels()) == [0] * len(SUBMISSION)
    late = [Lateness(at=DAY * n, due_at=0) for n in (1, 2, 90)]
    made = dict(zip(SUBMISSION, submission_features(slot, late, NoModels()), strict=True))
    assert (made["last"], made["mean"], made["submissions"]) == (300, 66, 3)
    assert made["recent"] == round(10 * (1.35 + 0.35 * (30 - 1.35)))


def test_what_was_submitted_late_counts_in_whole_days_and_to_thirty() -> None:
    late = []
    for day in (4.5, 6.5, 45):
        bench = Bench(facts=facts(5)).send(enrolled(at(-1)), submitted(at(day)))
        (waiting,) = [
            each for each in bench.learner().courses[0].awaiting if TARGETS[each.target] == "score"
        ]
        late.append(waiting.features[SCORE.index("late_days")])
    assert late == [-1, 1, 30]
    bench = Bench(facts=facts(5)).send(enrolled(at(-1)), graded(at(6), 50))
    (lesson,) = [each for each in bench.lessons if each.examples]
    assert lesson.examples[0].features[-1] == NOT_LATE_OR_EARLY


# -- what is known of nothing ----------------------------------------------------------------------


def test_of_a_course_that_nobody_described_only_silence_is_predicted() -> None:
    bench = adopting(Bench(snapshots=serving(served()))).send(enrolled(at(-1)), viewed(at(1)))
    targets: set[Target] = {TARGETS[each.target] for each in bench.learner().predictions}
    assert targets == {"inactivity_7", "inactivity_14"}
