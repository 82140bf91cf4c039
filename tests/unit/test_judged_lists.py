"""The instructor's weekly list, the groups and the batch fit, on learners made up for it."""

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import pytest

from benchmarks.models.bars import Bars
from benchmarks.models.batch import batch_fit
from benchmarks.models.groups import ALL, Treated, by_group, measured
from benchmarks.models.hindsight import Hindsight
from benchmarks.models.weekly_list import NEXT_MISSING, NOT_PASSING, weekly_lists
from domain.examples import Lesson
from tests.hindsight import course, day, example, known_of, lesson, outcome, rows_of

COURSE: Final = "AAA-2014B"
CROWD: Final = [str(number) for number in range(100)]


def lists(known: Hindsight, lessons: Sequence[Lesson]) -> dict[str, Any]:
    return weekly_lists(
        rows_of(known, "not_passing", *lessons), rows_of(known, "next_missing", *lessons), known
    )


def test_five_a_week_are_contacted_and_nobody_twice_in_28_days() -> None:
    known = known_of(course(), users=CROWD)
    # Six fail and are seen at .9 from week 4 to 8; all others pass and are seen at .1.
    told = [outcome(user, known, int(int(user) < 6), *_seen(int(user))) for user in CROWD]
    found = lists(known, told)[NOT_PASSING]
    # Week 4: five; week 5: the sixth; week 8: the five again. The sixth not before week 9.
    assert found["n"] == 100
    assert found["contacts"] == pytest.approx(11 / 100)
    assert (found["contacted"], found["precision"], found["recall"]) == (0.06, 1, 1)
    assert found["lead_days"] == 7 * 30 - 28
    assert found["then_missing"] is None


def _seen(user: int) -> list[int]:
    return [900] * 5 if user < 6 else [100] * 5


def test_next_missing_puts_on_the_list_whose_work_is_due_within_14_days() -> None:
    known = known_of(course(dues=(48, 49)), users=CROWD)
    told = [outcome(user, known, 1, *[100] * 5) for user in CROWD]
    near = example("next_missing", 5, 800, 1, assessment="AAA49")
    wrong = example("next_missing", 5, 700, 0, assessment="AAA49")
    far = example("next_missing", 4, 900, 1, assessment="AAA49")
    unlikely = example("next_missing", 5, 400, 1, assessment="AAA49")
    for user, made in (("1", near), ("2", wrong), ("3", far), ("4", unlikely)):
        told.append(lesson(user, COURSE, day(56), made))
    found = lists(known, told)[NEXT_MISSING]
    assert (found["contacts"], found["then_missing"]) == (0.02, 0.5)


def test_a_group_under_half_its_size_and_an_older_year_are_left_out() -> None:
    known = known_of(course(), users=CROWD)
    few = [outcome(user, known, 1, 900) for user in CROWD[:49]]
    assert lists(known, few)[NOT_PASSING]["n"] == 0
    assert lists(known, few)[NOT_PASSING]["precision"] is None
    assert lists(known, few)[NEXT_MISSING]["n"] == 49
    older = known_of(course("BBB", 2013), course(), users=CROWD)
    past = [outcome(user, older, 1, 900) for user in CROWD]
    assert lists(older, past)[NOT_PASSING]["n"] == 0


# -- groups ----------------------------------------------------------------------------------------


def grouped(sizes: dict[str, int]) -> tuple[Hindsight, list[Lesson]]:
    """Learners of each gender, every second of whom does not pass; women are seen .2 higher."""
    known = known_of(course(), users=[])
    told = []
    for gender, size in sizes.items():
        for number in range(size):
            user, label = f"{gender}{number}", number % 2
            known.groups[user, COURSE] = {"gender": gender}
            shown = 500 + (200 if gender == "F" else 0)
            told.append(outcome(user, known, label, shown))
    return known, told


def test_a_gap_is_the_figure_of_one_group_less_the_other_within_a_module() -> None:
    known, told = grouped({"F": 100, "M": 200})
    rows = rows_of(known, "not_passing", *told)
    found = by_group(rows, known, Bars((), known.facts))
    gaps = {
        "learners": 300,
        "brier_gap": pytest.approx(0.2**2),
        "calibration_gap": pytest.approx(0.2),
        "tpr_gap": 1.0,
        "fpr_gap": 1.0,
    }
    assert found == {"gender": {"AAA": gaps, f"{ALL}: F - M": gaps}}


def test_a_group_of_few_learners_has_no_gap() -> None:
    known, told = grouped({"F": 49, "M": 200})
    rows = rows_of(known, "not_passing", *told)
    assert by_group(rows, known, Bars((), known.facts)) == {}
    own = [Treated(1, flagged=True, rows=(rows[0],))] * 50 + [
        Treated(0, flagged=True, rows=(rows[0],))
    ] * 49
    assert (measured(own).tpr, measured(own).fpr) == (1.0, None)


# -- the batch fit ---------------------------------------------------------------------------------


class Counting:
    """Says how many of the learned rows were 1, whatever the features."""

    def __init__(self) -> None:
        self.learned: list[int] = []

    def fit(self, features: Sequence[Sequence[int]], labels: Sequence[int]) -> None:
        assert len(features) == len(labels)
        self.learned = list(labels)

    def predict_proba(self, features: Sequence[Sequence[int]]) -> Any:
        numpy = pytest.importorskip("numpy")
        chance = sum(self.learned) / len(self.learned)
        return numpy.array([[1 - chance, chance]] * len(features))


def years(old: Sequence[tuple[int | None, int]], new: Sequence[tuple[int | None, int]]) -> Any:
    known = known_of(course("AAA", 2013), course("AAA", 2014))
    told = []
    for year, pairs in ((2013, old), (2014, new)):
        for number, (shown, label) in enumerate(pairs):
            made = example("not_passing", 4, shown, label, year=year)
            told.append(lesson(f"{number}", f"AAA-{year}B", day(240, year), made))
    return rows_of(known, "not_passing", *told)


def test_the_batch_learns_older_years_and_is_judged_on_the_rows_that_were_shown() -> None:
    rows = years([(None, 1), (None, 1), (None, 0), (None, 0)], [(900, 1), (100, 0), (None, 1)])
    model = Counting()
    found = batch_fit(rows, 2014, model)
    assert sorted(model.learned) == [0, 0, 1, 1]
    week = found["2014, week 4"]
    assert (week["n"], week["auc"], week["batch_auc"], week["behind"]) == (2, 1, 0.5, -0.5)
    assert found["2014, week 8"]["behind"] is None
    assert found["2014, all weeks"]["n"] == 2


def test_without_an_older_year_or_with_one_label_only_there_is_no_batch_fit() -> None:
    assert batch_fit(years([], [(900, 1), (100, 0)]), 2014, Counting()) == {}
    assert batch_fit(years([(None, 1)], [(900, 1), (100, 0)]), 2014, Counting()) == {}
    assert batch_fit(years([(None, 1), (None, 0)], [(None, 1)]), 2014, Counting()) == {}


def test_boosted_trees_find_what_tells_the_labels_apart() -> None:
    pytest.importorskip("sklearn", reason="requirements/bench.txt is not installed")
    from benchmarks.models.batch import classifier  # noqa: PLC0415 - what it imports is optional

    random = Random(4)
    known = known_of(course("AAA", 2013), course("AAA", 2014))
    told = []
    for year in (2013, 2014):
        for number in range(600):
            label = number % 2
            overdue = min(6, max(0, 3 * label + random.randrange(4)))
            made = example("not_passing", 4, 500, label, year=year, overdue=overdue)
            told.append(lesson(f"{number}", f"AAA-{year}B", day(240, year), made))
    found = batch_fit(rows_of(known, "not_passing", *told), 2014, classifier())["2014, week 4"]
    assert found["auc"] == 0.5
    assert float(found["batch_auc"] or 0) > 0.9
