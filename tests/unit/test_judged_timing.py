"""The time that models take: that it is taken of what the fold does, and of nothing else."""

from pathlib import Path

import pytest

from benchmarks.models import timing
from benchmarks.models.pure import PureRun
from benchmarks.models.timing import TimedRun, each_model, in_the_fold, timed
from domain.predicting import predict as predicting
from feeds.oulad import OuladOptions, read_oulad
from models.learning import Learning
from tests.modelling import lessons, served
from tests.oulad_folder import made_up


def test_each_model_is_timed_beside_a_bare_regression_with_as_many_keys() -> None:
    found = each_model(list(lessons(many=30)), served(), Learning())
    assert len(found) == 6
    for target, figures in found.items():
        assert figures["examples"] == 30
        times = [figures[name] for name in ("predict", "river_predict", "learn", "river_learn")]
        assert all(each is not None and each > 0 for each in times), target
    # The bias, twelve features and four crosses.
    assert found["inactivity_7"]["keys"] == 17


@pytest.mark.long
def test_every_event_of_the_second_run_is_timed_with_what_the_first_has_learned(
    tmp_path: Path,
) -> None:
    options = OuladOptions(made_up(tmp_path, {"AAA-2013J": 6}), groups=True)
    first = PureRun(read_oulad(options))
    for _ in first.run():
        pass
    follow = predicting.follow
    second = TimedRun(read_oulad(options), first.learning)
    with second.watching():
        for _ in second.run():
            pass
    assert predicting.follow is follow
    spent = second.spent
    assert len(spent.whole) == len(spent.models) == second.recorded.events > 6
    assert any(spent.models)
    parts = zip(spent.models, spent.timers, spent.whole, strict=True)
    assert all(models + timers <= whole for models, timers, whole in parts)
    assert any(spent.timers)
    alone = each_model(first.recorded.lessons, first.scorer, first.learning)
    found = in_the_fold(second, alone)
    assert found["each model once, predict"]["median"] == pytest.approx(
        sum(figures["predict"] or 0 for figures in alone.values())
    )
    assert found["all models of one event (aim: <= 50)"]["median"] is not None


@pytest.mark.long
def test_the_smallest_presentations_with_enough_outcomes_are_folded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made_up(tmp_path, {"AAA-2013J": 4, "BBB-2013J": 5, "CCC-2013J": 6})
    monkeypatch.setattr(timing, "OUTCOMES_MIN", 5)
    assert "(AAA-2013J, BBB-2013J)" in timed(OuladOptions(folder, groups=True))
