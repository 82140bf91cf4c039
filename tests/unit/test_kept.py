"""How much is kept of a learner and of a partition, and the row that queries see of it."""

from typing import Any

import msgspec
import pytest

from domain.configuration import Configuration, Halting, adopted, canonical
from domain.fold.partition import new_checkpoint
from domain.keepers.recent import pack_event_id, unpack_event_id
from domain.predictions import NUMBERS, Figure, Prediction, Target
from domain.rules.declining_trend import DecliningTrend
from domain.rules.missed_deadline import MissedDeadline
from domain.state import course, learner, quality
from domain.state.course import (
    Course,
    Work,
)
from domain.state.learner import (
    STATE_VERSION,
    Day,
    Learner,
    new_learner,
)
from domain.state.limits import SHRINK_BYTES
from domain.stored import codec
from domain.stored.checkpoint import Checkpoint, Counters
from domain.stored.codec import encode_learner, shrink
from domain.stored.rows import learner_row
from tests.factories import USER, Bench, at, enrolled, event, graded, seconds, viewed

# -- states --------------------------------------------------------------------------------------


def structs() -> list[type[msgspec.Struct]]:
    """Everything that a state or a partition's checkpoint is made of."""
    parts = {**vars(course), **vars(learner), **vars(quality)}
    found = [each for each in parts.values() if isinstance(each, type)]
    return [each for each in [*found, Counters, Checkpoint] if issubclass(each, msgspec.Struct)]


@pytest.mark.parametrize("kind", structs(), ids=lambda kind: str(kind.__name__))
def test_what_is_not_known_is_nothing(kind: type[msgspec.Struct]) -> None:
    """Only that a time of day is known goes without saying."""
    defaults = {
        each.name: each.default for each in msgspec.structs.fields(kind) if not each.required
    }
    given = {name: value for name, value in defaults.items() if value is not msgspec.NODEFAULT}
    assert [name for name, value in given.items() if value] == (
        ["timed"] if kind.__name__ == "Submission" else []
    )


def test_of_a_new_learner_nothing_is_known_and_of_a_new_partition_neither() -> None:
    named = {"version": 5, "user_id": "7"}
    known = {
        name: value for name, value in msgspec.structs.asdict(new_learner("7")).items() if value
    }
    nothing = {"streak", "overflow"}
    assert known.keys() - nothing == named.keys()
    assert new_learner("7").version == 6
    for each in nothing:
        assert not any(msgspec.structs.astuple(known[each])), each
    checkpoint = new_checkpoint(2, 12, "topic-id", "stream")
    assert {name for name, value in msgspec.structs.asdict(checkpoint).items() if value} == {
        "version",
        "partition",
        "partitions",
        "topic_id",
        "clock_mode",
        "counters",
        "quality",
    }
    assert (checkpoint.version, checkpoint.partition, checkpoint.partitions) == (4, 2, 12)
    assert not any(msgspec.structs.astuple(checkpoint.counters))
    assert not any(msgspec.structs.astuple(checkpoint.quality))


def test_codes_that_are_stored_keep_their_meaning() -> None:
    """Another meaning is another version of the state."""
    assert STATE_VERSION == 6
    assert (course.ENTERED, course.LEFT, course.FINISHED) == (0, 1, 2)
    assert course.OUTCOMES == ("passed", "failed", "withdrawn")
    assert (course.BANKED, course.MISSING, course.WITHDRAWN, course.UNTIMED) == (1, 2, 4, 8)
    assert course.OVERRIDE == -1
    (kept,) = (
        Bench()
        .send(
            enrolled(at(0)),
            event("unenrolled", at(1)),
            event("course_finished", at(2), outcome="failed"),
        )
        .learner()
        .courses
    )
    assert [entry.what for entry in kept.memberships] == [0, 1, 3]


@pytest.mark.parametrize(
    ("event_id", "packed"),
    [
        ("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b11", 17),
        ("00000000-0000-0000-0000-000000000000", 17),
        ("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b1", 36),
        ("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b111", 38),
        ("6f6f3c0e-5d1e-5d2e-9a530-b6c1f1f7b11", 37),
        ("6f6f3c0e5-d1e-5d2e-9a53-0b6c1f1f7b11", 37),
        ("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7b1-", 37),
        ("6f6f3c0e-5d1e-5d2e-9a53-0B6C1F1F7B11", 37),
        ("6f6f3c0e-5d1e-5d2e-9a53-0b6c1f1f7bx1", 37),
        ("", 1),
    ],
)
def test_a_uuid_is_packed_into_17_bytes_and_any_id_comes_back(event_id: str, packed: int) -> None:
    data = pack_event_id(event_id)
    assert len(data) == packed
    assert data[0] == (packed == 17)
    assert unpack_event_id(data) == event_id


# -- size ----------------------------------------------------------------------------------------


def days(count: int, ids: int = 40) -> list[Day]:
    return [Day(n, 1, submitted=list(range(100_000, 100_000 + ids))) for n in range(1, count + 1)]


def padded(kept: Learner, size: int) -> Learner:
    """With an id that brings the state to exactly that size."""
    kept.user_id = "x" * 300
    kept.user_id += "x" * (size - len(encode_learner(kept)))
    assert len(encode_learner(kept)) == size
    return kept


@pytest.mark.parametrize(("size", "left"), [(SHRINK_BYTES, 20), (SHRINK_BYTES + 1, 19)])
def test_no_day_goes_before_a_state_is_too_large(size: int, left: int) -> None:
    kept = new_learner(USER)
    kept.days = days(20)
    shrink(padded(kept, size))
    assert (len(kept.days), kept.days[-1].day, kept.overflow.days) == (left, 20, 20 - left)


def test_a_day_that_is_as_large_as_what_is_too_much_goes_alone() -> None:
    kept = new_learner(USER)
    kept.days = [*days(1), *[Day(n, 1) for n in range(2, 60)]]
    first = len(encode_learner(kept)) - len(encode_learner(_without_first(kept)))
    shrink(padded(kept, SHRINK_BYTES + first))
    assert [day.day for day in kept.days] == list(range(2, 60))


def test_of_two_days_one_may_go() -> None:
    kept = new_learner(USER)
    kept.days = days(2)
    shrink(padded(kept, SHRINK_BYTES + 1))
    assert [day.day for day in kept.days] == [2]


def test_no_more_days_go_than_have_to() -> None:
    kept = new_learner(USER)
    kept.days = days(90)
    one = len(encode_learner(kept)) - len(encode_learner(_without_first(kept)))
    shrink(kept)
    assert SHRINK_BYTES - one <= len(encode_learner(kept)) <= SHRINK_BYTES
    assert kept.overflow.days == 90 - len(kept.days)


def _without_first(kept: Learner) -> Learner:
    other = codec.decode_learner(encode_learner(kept))
    del other.days[0]
    return other


def test_days_that_go_stay_in_the_streak() -> None:
    kept = new_learner(USER)
    kept.days = days(90)
    shrink(kept)
    assert (kept.streak.gone_first_day, kept.streak.gone_length) == (1, 90 - len(kept.days))


def test_the_newest_day_always_stays() -> None:
    kept = new_learner(USER)
    kept.days = [*days(3), Day(4, 1, submitted=list(range(100_000, 104_000)))]
    shrink(kept)
    assert [day.day for day in kept.days] == [4]
    assert kept.overflow.days == 3


def large_courses(count: int) -> list[Course]:
    works = [Work(n, "a" * 60) for n in range(64)]
    return [
        Course(f"c{n}", enrolled_at=n, last_at=n, work=list(works)) for n in range(1, count + 1)
    ]


@pytest.mark.parametrize(("size", "left"), [(SHRINK_BYTES, 2), (SHRINK_BYTES + 1, 1)])
def test_where_there_are_no_days_courses_go(size: int, left: int) -> None:
    kept = new_learner(USER)
    kept.days, kept.courses = days(1), large_courses(2)
    shrink(padded(kept, size))
    assert [each.course_id for each in kept.courses] == ["c1", "c2"][2 - left :]
    assert kept.overflow.courses == 2 - left


def test_no_more_courses_go_than_have_to_and_one_always_stays() -> None:
    kept = new_learner(USER)
    kept.courses = large_courses(6)
    shrink(kept)
    assert [each.course_id for each in kept.courses] == ["c5", "c6"]
    kept.courses = large_courses(1)
    kept.courses[0].work *= 4
    shrink(kept)
    assert len(kept.courses) == 1


def test_days_go_before_courses() -> None:
    kept = new_learner(USER)
    kept.days, kept.courses = days(60), large_courses(2)
    shrink(kept)
    assert 1 < len(kept.days) < 60
    assert len(kept.courses) == 2


# -- the row -------------------------------------------------------------------------------------


def test_a_row_holds_the_thirty_days_up_to_the_newest_one() -> None:
    kept = new_learner(USER)
    kept.days = [Day(n, n, timed=n + 1, seconds=n + 2, posts=n + 3) for n in (70, 71, 90, 100)]
    row = learner_row(kept)
    assert row.first_day == 71
    expected = {0: 71, 19: 90, 29: 100}
    for figures, more in ((row.activities, 0), (row.timed, 1), (row.seconds, 2), (row.posts, 3)):
        assert len(figures) == 30
        assert {n: figure for n, figure in enumerate(figures) if figure} == {
            place: day + more for place, day in expected.items()
        }


def test_a_row_of_a_learner_without_days_is_empty() -> None:
    row = learner_row(new_learner(USER))
    assert (row.first_day, row.last_event_at, row.course_ids) == (-29, 0, [])
    assert row.activities == row.seconds == row.posts == row.timed == [0] * 30


def test_a_row_names_the_courses_that_the_learner_is_in() -> None:
    bench = Bench().send(
        *[enrolled(at(0), course_id=f"c{n}") for n in (1, 2, 3)],
        event("unenrolled", at(1), course_id="c1"),
        event("course_finished", at(1), course_id="c2", outcome="passed"),
        *[graded(at(n), 50 + 10 * n, f"a{n}", course_id="c3") for n in range(1, 5)],
    )
    row = learner_row(bench.learner())
    assert (row.user_id, row.steps, row.course_ids) == (USER, 9, ["c3"])
    assert row.last_event_at == seconds(at(4))


def test_a_row_has_what_the_models_say_of_each_open_course_of_the_next_work_first() -> None:
    bench = Bench().send(*[enrolled(at(0), course_id=f"c{n}") for n in (1, 2)])
    learner = bench.learner()
    assert (learner_row(learner).not_passing, learner_row(learner).next_missing) == ([], [])

    def said(target: Target, course_id: str, value: int | None) -> Prediction:
        shown = None if value is None else Figure(value)
        return Prediction(NUMBERS[target], course_id, None, 0, 1, [], shown)

    learner.predictions = [
        said("not_passing", "c1", None),
        said("not_passing", "c2", 730),
        said("next_missing", "c1", 410),
        said("next_missing", "c1", 90),
        said("next_missing", "left", 880),
    ]
    row = learner_row(learner)
    assert row.not_passing == [None, 730]
    assert row.next_missing == [410, None]


# -- settings ------------------------------------------------------------------------------------


def test_a_configuration_comes_back_from_its_canonical_text() -> None:
    other = Configuration(timezone="Asia/Tokyo", halting=Halting(ratio=0.25))
    assert adopted(canonical(other)) == other != Configuration()
    assert adopted("") == Configuration()
    assert canonical(Configuration()) == canonical(Configuration(timezone="UTC"))


@pytest.mark.parametrize(
    ("low", "medium", "fits"), [(48, 49, True), (48, 48, False), (50, 49, False)]
)
def test_an_escalation_comes_after_the_alert_itself(low: int, medium: int, *, fits: bool) -> None:
    if fits:
        MissedDeadline(low_after_hours=low, medium_after_hours=medium)
    else:
        with pytest.raises(ValueError, match="expected less than medium_after_hours"):
            MissedDeadline(low_after_hours=low, medium_after_hours=medium)


@pytest.mark.parametrize(
    ("kind", "field", "within", "beyond"),
    [
        (DecliningTrend, "scores", [2, 10], [1, 11]),
        (DecliningTrend, "cooldown_days", [0, 365], [-1, 366]),
        (DecliningTrend, "points", [0.0, 100.0], [-0.5, 100.5]),
        (MissedDeadline, "low_after_hours", [24, 167], [23, 8761]),
        (MissedDeadline, "medium_after_hours", [49, 8760], [8761]),
        (Halting, "ratio", [0.0, 1.0], [-0.1, 1.1]),
        (Halting, "in_a_row", [1], [0]),
    ],
)
def test_a_setting_out_of_its_bounds_is_refused(
    kind: Any, field: str, within: list[float], beyond: list[float]
) -> None:
    for value in within:
        assert getattr(msgspec.convert({field: value}, kind), field) == value
    for value in beyond:
        with pytest.raises(msgspec.ValidationError, match=field):
            msgspec.convert({field: value}, kind)


def test_by_default_more_than_half_of_ten_thousand_or_ten_thousand_in_a_row_halt() -> None:
    bench = Bench()
    bench.fold.checkpoint.rejected_in_a_row = 9_998
    assert bench.send(_bad()).fold.checkpoint.halted is None
    assert bench.send(_bad()).fold.checkpoint.halted is not None
    for rejected, halts in ((5_000, False), (5_001, True)):
        other = Bench()
        other.fold.checkpoint.window = [50] * 99 + [rejected - 99 * 50]
        other.fold.checkpoint.window_seen = 99
        assert (other.send(viewed()).fold.checkpoint.halted is not None) is halts


def _bad() -> dict[str, Any]:
    return event("content_viewed", at(0))
