"""Scores of what was shown are those of the books; drift is seen, and survives a restart."""

import math
import random
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from domain.course_facts import DAY
from domain.examples import Lesson
from domain.predictions import Figure, Target
from models.amounts import SCALES
from models.curve import bend
from models.intervals import keys, typical_error
from models.learning import Learning
from models.learning.calibration import CURVES_MAX, PUBLISHED_MAX, Calibration, Published
from models.learning.classifier import Classifier, ClassifierState
from models.learning.drift import (
    EPISODES_MAX,
    KEPT_MAX,
    STANDS,
    STANDS_DAYS,
    Drift,
    DriftState,
    Episode,
)
from models.learning.intervals import Intervals, Outcome
from models.learning.likeness import ALIKE, RUNS_MAX, Likeness
from models.learning.meters import AmountMeter, ProbabilityMeter
from models.learning.scoreboard import COURSES_MAX, WINDOW, Scoreboard
from models.serving import share
from tests.teaching import example, snapshot


def _probabilities(count: int, seed: int = 1) -> Iterator[tuple[int, int, int]]:
    """(said, naive, label), where what is said is twice as telling as it claims to be."""
    rng = random.Random(seed)
    for _ in range(count):
        said = 10 * rng.randrange(101)
        label = int(rng.random() < share(2 * math.log((said + 1) / (1001 - said))))
        yield said, 10 * rng.randrange(101), label


def test_scores_of_probabilities_are_those_computed_from_the_pairs() -> None:
    meter = ProbabilityMeter()
    pairs = list(_probabilities(2000))
    for said, naive, label in pairs:
        meter.judge(Figure(said, naive), label)
    scores = meter.scores(bins=True)
    p = [min(max(said / 1000, 0.0005), 0.9995) for said, _, _ in pairs]
    y = [label for _, _, label in pairs]
    assert scores.count == 2000
    assert scores.rate == sum(y) / 2000
    losses = [-math.log(a if b else 1 - a) for a, b in zip(p, y, strict=True)]
    assert scores.log_loss == pytest.approx(sum(losses) / 2000)
    squares = [(said / 1000 - label) ** 2 for said, _, label in pairs]
    assert scores.brier == pytest.approx(sum(squares) / 2000)
    assert scores.auc == pytest.approx(_auc([(said, label) for said, _, label in pairs]))
    assert scores.naive_auc == pytest.approx(_auc([(naive, label) for _, naive, label in pairs]))
    assert scores.calibration_error == pytest.approx(_calibration_error(pairs))
    assert sum(it.count for it in scores.bins) == 2000
    assert scores.naive_log_loss is not None
    assert scores.log_loss is not None
    assert scores.naive_log_loss > scores.log_loss
    assert meter.scores(bins=False).bins == ()


def _auc(pairs: list[tuple[int, int]]) -> float:
    """The share of pairs of a one and a zero in which the one was said to be likelier."""
    ones = [said for said, label in pairs if label]
    zeros = [said for said, label in pairs if not label]
    wins = sum((one > zero) + (one == zero) / 2 for one in ones for zero in zeros)
    return wins / len(ones) / len(zeros)


def _calibration_error(pairs: list[tuple[int, int, int]]) -> float:
    bins: dict[int, list[tuple[int, int]]] = {}
    for said, _, label in pairs:
        bins.setdefault(min(int(said / 1000 * 15), 14), []).append((said, label))
    return sum(
        abs(sum(said / 1000 - label for said, label in cell)) for cell in bins.values()
    ) / len(pairs)


def test_with_one_label_only_there_is_no_roc_curve() -> None:
    for label in (0, 1):
        meter = ProbabilityMeter()
        meter.judge(Figure(300, 400), label)
        assert meter.scores(bins=True).auc is None


def test_nothing_that_was_judged_has_no_scores() -> None:
    assert ProbabilityMeter().scores(bins=True).log_loss is None
    assert AmountMeter().scores(bins=True).mae is None


def test_a_baseline_that_knew_nothing_is_not_judged() -> None:
    meter = ProbabilityMeter()
    meter.judge(Figure(300), 1)
    assert meter.scores(bins=True).naive_log_loss is None
    assert meter.scores(bins=True).naive_brier is None
    assert meter.scores(bins=True).naive_calibration_error is None
    amounts = AmountMeter()
    amounts.judge(Figure(300), 310)
    assert amounts.scores(bins=True).mae == 1.0
    assert amounts.scores(bins=True).naive_mae is None
    assert amounts.scores(bins=True).coverage is None
    assert amounts.scores(bins=True).width is None


def test_scores_of_amounts_count_what_the_interval_covers_ends_included() -> None:
    meter = AmountMeter()
    for label, low, high in ((700, 600, 800), (800, 600, 800), (600, 600, 800), (801, 600, 800)):
        meter.judge(Figure(720, 650, low, high), label)
    meter.judge(Figure(-30, -20, -40, -10), 5)
    meter.judge(Figure(1000, 900, 900, 1000), 1000)
    scores = meter.scores(bins=True)
    assert scores.mae == pytest.approx((20 + 80 + 120 + 81 + 35 + 0) / 6 / 10)
    assert scores.naive_mae == pytest.approx((50 + 150 + 50 + 151 + 25 + 100) / 6 / 10)
    assert scores.coverage == 4 / 6
    assert scores.width == pytest.approx((4 * 200 + 30 + 100) / 6 / 10)
    assert [it.count for it in scores.bins] == [1, 0, 0, 0, 0, 0, 0, 4, 0, 1]
    assert scores.bins[7].came == 0.75
    assert scores.bins[7].predicted == pytest.approx(72.0)


def test_rolling_scores_cover_the_newest_one_to_two_thousand() -> None:
    board = Scoreboard(ProbabilityMeter)
    counts = set()
    for number in range(3 * WINDOW):
        board.judge(Figure(500, 500), number % 2, None, {})
        if number % 100 == 99:
            counts.add(board.rolling().count)
    assert board.total().count == 3 * WINDOW
    assert max(counts) < 2 * WINDOW
    assert board.rolling().count == WINDOW
    last = board.rolling()
    board.judge(Figure(0, 500), 0, None, {})
    assert board.rolling().count == WINDOW + 1
    assert board.rolling().brier == pytest.approx(last.brier, rel=0.01)


def test_scores_are_kept_by_course_and_by_group() -> None:
    board = Scoreboard(AmountMeter)
    board.judge(Figure(700), 710, "a", {"gender": "F", "age": "35-55"})
    board.judge(Figure(700), 730, "b", {"gender": "F"})
    board.judge(Figure(700), 750, None, {})
    assert {key: it.mae for key, it in board.courses().items()} == {"a": 1.0, "b": 3.0}
    assert {key: it.mae for key, it in board.groups().items()} == {
        "age=35-55": 1.0,
        "gender=F": 2.0,
    }
    assert board.total().mae == 3.0
    for number in range(COURSES_MAX):
        board.judge(Figure(700), 710, "a" if number % 2 else f"course-{number}", {})
    assert "a" in board.courses()
    for number in range(COURSES_MAX):
        board.judge(Figure(700), 710, f"later-{number}", {})
    assert "a" not in board.courses()
    assert len(board.courses()) == COURSES_MAX


def test_calibration_learns_to_trust_what_says_too_little_more() -> None:
    it = Calibration()
    for said, _, label in _probabilities(20_000):
        it.learn(math.log((said + 1) / (1001 - said)), label, says=1.0, step=0.05)
    assert it.slope == pytest.approx(2.0, abs=0.3)
    assert it.offset == pytest.approx(0.0, abs=0.2)


def test_drift_is_marked_where_the_loss_rises_and_no_longer_where_it_falls() -> None:
    rng = random.Random(3)
    drift = Drift()
    for at in range(3000):
        drift.add(rng.random() * 0.2, at, at + 1)
    assert (drift.state.drifts, drift.state.standing) == (0, None)
    for at in range(3000, 4000):
        drift.add(0.3 + rng.random() * 0.2, at, at + 1)
    stands = drift.state.standing
    assert drift.state.drifts == 1
    assert stands is not None
    assert 3000 <= stands.began_at < 3200
    assert stands.judged == stands.began_at + 1
    assert stands.before == pytest.approx(100_000, rel=0.1)
    assert stands.after == pytest.approx(400_000, rel=0.1)
    for at in range(4000, 5000):
        drift.add(rng.random() * 0.2, at, at + 1)
    assert (drift.state.drifts, drift.state.standing) == (1, None)
    assert drift.state.episodes == [stands]
    assert 4000 <= (stands.ended_at or 0) < 4200


def marked(began_at: int = 5) -> Drift:
    """One whose mark stands since then."""
    stands = Episode(began_at, 3, 100_000, 400_000)
    return Drift(DriftState(drifts=1, rose_at=5, episodes=[stands]))


LATER = 5 + STANDS_DAYS * DAY


def test_a_mark_of_drift_ends_after_so_many_judged_examples() -> None:
    drift = marked()
    marks = []
    for number in range(STANDS):
        drift.add(0.1, LATER, number + 1)
        marks.append(drift.state.standing is not None)
    assert marks == [True] * (STANDS - 1) + [False]
    assert drift.state.drifts == 1
    assert drift.state.episodes[0].ended_at == LATER


def test_a_mark_of_drift_stands_for_a_week_however_many_labels_come_in_it() -> None:
    drift = marked()
    for number in range(2 * STANDS):
        drift.add(0.1, LATER - 1, number + 1)
    assert drift.state.standing is not None
    drift.add(0.1, LATER, 2 * STANDS + 1)
    assert drift.state.standing is None


def test_a_mark_never_ends_before_it_began_whatever_the_labels_times() -> None:
    drift = marked(began_at=LATER + 9)
    for number in range(STANDS):
        drift.add(0.1, LATER, number + 1)
    assert drift.state.episodes[0].ended_at == LATER + 9


def test_a_loss_that_rises_again_while_the_mark_stands_lets_it_stand_longer() -> None:
    drift, rng = Drift(), random.Random(6)
    for at in range(4500):
        drift.add(min(1.0, at // 1500 * 0.3 + rng.random() * 0.2), at, at + 1)
    (stands,) = drift.state.episodes
    assert drift.state.drifts == 2
    assert 1500 <= stands.began_at < 1700
    assert stands.ended_at is None
    assert drift.state.since < 1500


def test_a_snapshot_tells_of_a_begin_and_an_end_once() -> None:
    drift = marked()
    (it,) = drift.state.episodes
    assert [drift.publish(number) for number in (3, 4)] == [True, False]
    assert (it.raised_in, it.resolved_in) == (3, 0)
    it.ended_at = 8
    assert [drift.publish(number) for number in (5, 6)] == [True, False]
    assert (it.raised_in, it.resolved_in) == (3, 5)


def test_a_mark_that_is_over_before_a_snapshot_comes_is_told_by_none() -> None:
    drift = marked()
    drift.state.episodes[0].ended_at = 8
    assert not drift.publish(3)
    assert [(it.raised_in, it.resolved_in) for it in drift.report(1.0)] == [(0, 0)]


def test_only_the_newest_episodes_are_kept() -> None:
    over = [Episode(at, at, 1, 2, at + 1) for at in range(EPISODES_MAX + 1)]
    drift = Drift(DriftState(episodes=over))
    drift.publish(3)
    assert [each.began_at for each in drift.state.episodes] == list(range(1, EPISODES_MAX + 1))


def test_a_report_has_losses_in_the_models_unit() -> None:
    (told,) = marked().report(50.0)
    assert (told.before, told.after) == (5.0, 20.0)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_restart_changes_nothing_of_what_drift_is_seen(seed: int) -> None:
    """Also right after the losses that are kept were halved, and after a drift."""
    rng = random.Random(seed)
    losses = [rng.random() * (0.2 if at % 3000 < 2000 else 0.7) for at in range(3 * KEPT_MAX)]
    whole, parted = Drift(), Drift()
    for at, loss in enumerate(losses):
        whole.add(loss, at, at + 1)
        parted.add(loss, at, at + 1)
        assert len(whole.state.losses) <= KEPT_MAX
        if at % 97 == 0:
            kept = msgspec.json.encode(parted.state)
            parted = Drift(msgspec.json.decode(kept, type=DriftState))
    assert whole.state == parted.state
    assert whole.state.drifts > 1
    assert whole._window.mean == parted._window.mean


def test_losses_that_never_change_are_kept_up_to_a_bound() -> None:
    rng = random.Random(4)
    drift = Drift()
    for at in range(3 * KEPT_MAX):
        drift.add(rng.random(), at, at + 1)
        assert len(drift.state.losses) <= KEPT_MAX
    assert drift.state.drifts == 0


def test_calibration_finds_the_logit_behind_what_a_snapshot_showed() -> None:
    it = Calibration()
    it.offset, it.slope = 0.5, 2.0
    it.publish(3)
    it.offset, it.slope = -0.5, 1.5
    it.publish(7)
    for number, offset, slope in (
        (1, 0, 1),
        (3, 0.5, 2),
        (6, 0.5, 2),
        (7, -0.5, 1.5),
        (99, -0.5, 1.5),
    ):
        scaled = share(offset + slope * 0.7)
        behind = it.behind(round(1000 * scaled), number)
        assert behind is not None
        assert behind.logit == pytest.approx(0.7, abs=0.01)
        assert behind.scaled == pytest.approx(scaled, abs=0.001)
    extremes = [behind.logit for shown in (0, 1000) if (behind := it.behind(shown, 7))]
    assert extremes == [pytest.approx(-4.73, abs=0.01), pytest.approx(5.4, abs=0.01)]


def test_what_was_published_is_kept_where_it_moved_and_up_to_a_bound() -> None:
    it = Calibration()
    it.publish(1)
    assert [one.number for one in it.published] == [0]
    for number in range(2, PUBLISHED_MAX + 10):
        it.offset += 0.01
        it.publish(number)
        it.publish(number)
    assert len(it.published) == PUBLISHED_MAX
    assert it.published[-1].number == PUBLISHED_MAX + 9
    assert it.behind(500, 1) is None, "so old that nobody knows what it had"


def test_calibration_finds_what_was_behind_a_bent_probability() -> None:
    it = Calibration(offset=0.2, slope=1.3)
    scaled = share(0.2 + 1.3 * 0.7)
    it.publish(1)
    for number in range(2, 300):
        for said in (0.3, scaled):
            for label in (0, 0, 0, 1):
                it.isotonic.learn(said, label)
        curve = it.publish(number)
        behind = it.behind(round(1000 * bend(curve, scaled)), number)
        assert behind is not None
        assert behind.scaled == pytest.approx(scaled, abs=0.025)
        assert behind.logit == pytest.approx(0.7, abs=0.15)
    assert bend(it.isotonic.curve(), scaled) < 0.5, "three in four did not come true"
    kept = len(it.bent)
    assert 50 < kept < 250, "what hardly moves is not kept"
    it.publish(300)
    assert len(it.bent) == kept


@pytest.mark.parametrize(
    ("target", "bends"),
    [
        ("next_missing", True),
        ("not_passing", True),
        ("inactivity_7", False),
        ("inactivity_14", False),
    ],
)
def test_a_curve_follows_what_came_true_of_what_was_shown_but_for_silence(
    target: Target, *, bends: bool
) -> None:
    it = Classifier(target)
    features = [0] * len(it.encoding.features)
    for number in range(2_000):
        label = int(number % 10 < 3)
        it.learn(example(target, features, label, Figure(700), number=number), "algebra", number)
    curve = it.served(1).curve
    assert (bend(curve, 0.7) < 0.4) == bends
    assert bends or bend(curve, 0.7) == pytest.approx(0.7)


def test_what_a_forgotten_snapshot_showed_bends_no_curve() -> None:
    known = Calibration(published=[Published(5, 0.0, 1.0)])
    it = Classifier("next_missing", ClassifierState(calibration=known))
    features = [0] * len(it.encoding.features)
    for number in range(2_000):
        one = example("next_missing", features, 0, Figure(700), number=number)
        assert one.model == 0, "older than all that is known"
        it.learn(one, "algebra", number)
    served = it.served(6)
    assert bend(served.curve, 0.7) == pytest.approx(0.7)
    assert served.weights[0] < 0, "it is learned all the same"


def test_curves_are_kept_up_to_a_bound() -> None:
    it = Calibration()
    for number in range(1, CURVES_MAX + 10):
        it.isotonic.cells[3].came = 50 * (0.2 if number % 2 else 0.15)
        it.publish(number)
    assert len(it.bent) == CURVES_MAX
    assert it.bent[-1].number == CURVES_MAX + 9
    assert it.behind(500, 1) is None, "so old that nobody knows what it had"


def test_a_slope_never_turns_round() -> None:
    it = Calibration()
    for _ in range(30_000):
        it.learn(3.0, 0, says=1.0, step=0.05)
        it.learn(-3.0, 1, says=1.0, step=0.05)
    assert it.slope == pytest.approx(0.1)


def test_labels_that_are_alike_say_less_and_less() -> None:
    it = Likeness()
    says = [it.says("course-1", 5) for _ in range(1000)]
    assert says[0] == 1.0
    assert says[ALIKE] == 0.5
    assert all(later < earlier for earlier, later in pairwise(says))
    assert 40 < sum(says) < 60
    assert it.says("course-2", 5) == 1.0, "another assessment or course"
    assert it.says("course-1", 6) == 1.0, "another day"
    for number in range(2 * RUNS_MAX):
        it.says(f"course-{number}", 7)
    assert len(it.runs) == RUNS_MAX


def test_an_interval_covers_nine_in_ten_of_errors_of_any_size() -> None:
    rng = random.Random(11)
    scale = SCALES["score"]
    it = Intervals()
    covered = 0
    for number in range(6000):
        spread = 4.0 if number % 2 else 16.0
        said = 30.0 if number % 2 else 60.0
        came = scale.clamped(rng.gauss(said, spread))
        at = keys("maths", "tma", scale.bin_of(said))
        error = typical_error(it.errors, at, scale.error)
        reach = it.quantiles.get(at.bin, scale.quantiles)
        covered += said - reach.low * error <= came <= said + reach.high * error
        it.learn(scale, "maths", "tma", Outcome(said, came, 1.0))
    assert 0.89 < covered / 6000 < 0.92
    narrow, wide = (keys("maths", "tma", scale.bin_of(said)) for said in (30.0, 60.0))
    assert it.quantiles[narrow.bin].high < it.quantiles[wide.bin].high


def test_a_thousand_equal_errors_on_one_day_leave_an_interval_open() -> None:
    """A course's quiz is graded at once; the next one may well be otherwise."""
    learning = Learning()
    one = example("submission", [0, 0, 0, 0, 0], 0, Figure(0, 0, -40, 40))
    learning.learn(
        Lesson(user_id=str(number), at=1, course_id="a", examples=(one,)) for number in range(1000)
    )
    [reach] = snapshot(learning).regressions["submission"].quantiles.values()
    assert reach.low > 1.5
    assert reach.high > 1.5
