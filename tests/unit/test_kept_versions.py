"""What each version of the code wrote is read by this one, upgraded, and folded on."""

import hashlib
import json
from datetime import datetime
from typing import Any, Final

import msgspec
import pytest

from contracts.inputs import decode_input, encode_input
from domain.configuration import Configuration, adopted, canonical
from domain.course_facts import CourseFacts
from domain.ids import event_hash, short_id
from domain.keepers.days import day_ended_at, runs
from domain.keepers.deduplication import seen_content
from domain.keepers.sessions import WORKED
from domain.state import upgrade
from domain.state.learner import (
    STATE_VERSION,
    Learner,
    Streak,
    new_learner,
)
from domain.state.limits import STATE_BYTES_MAX
from domain.stored.checkpoint import CHECKPOINT_VERSION, FOLD_VERSION
from domain.stored.codec import (
    UnknownVersionError,
    decode_checkpoint,
    decode_facts,
    decode_header,
    decode_learner,
    encode_checkpoint,
    encode_facts,
    encode_learner,
    renewed,
)
from metrics.dashboard import dashboard
from tests.behaviour.test_extremes import history
from tests.factories import USER, Bench, record, submitted
from tests.kept.keeping import (
    Kept,
    State,
    Stretch,
    fold_stretch,
    kept_versions,
    read_kept,
    read_log,
)
from tests.kept.keeping import facts_of as facts_of_stretch
from tests.viewing import view

pytestmark = pytest.mark.long

OLDER: Final = [version for version in kept_versions() if version < STATE_VERSION]
LATER: Final = "2026-05-04T12:00:00Z"


@pytest.fixture(scope="module")
def today() -> Kept:
    return read_kept(STATE_VERSION)


def of_version(version: int) -> list[State]:
    return read_kept(version).states


# -- today's version -----------------------------------------------------------------------------


def test_every_version_is_kept_that_ever_landed() -> None:
    assert kept_versions() == list(range(1, STATE_VERSION + 1))
    assert sorted(upgrade.LEARNER) == OLDER
    seen = {read_kept(version).checkpoint_version for version in kept_versions()}
    assert sorted(seen) == [*sorted(upgrade.CHECKPOINT), CHECKPOINT_VERSION]


def test_every_kept_state_of_today_comes_back_as_the_same_bytes(today: Kept) -> None:
    assert len(today.states) > 200
    for kept in today.states:
        assert encode_learner(decode_learner(kept.data)) == kept.data, kept.user_id


def test_every_kept_checkpoint_and_fact_of_today_comes_back_as_the_same_bytes(today: Kept) -> None:
    for name, data in today.checkpoints.items():
        assert encode_checkpoint(decode_checkpoint(data)) == data, name
    for data in today.facts:
        assert encode_facts(decode_facts(data)) == data


@pytest.mark.parametrize("stretch", read_log(), ids=lambda stretch: stretch.name)
def test_this_fold_makes_the_kept_states_of_the_kept_log(stretch: Stretch, today: Kept) -> None:
    """Red where states changed: then FOLD_VERSION is raised, and what is kept is made again."""
    assert today.fold_version == FOLD_VERSION
    made = fold_stretch(stretch)
    kept = {each.user_id: each.data for each in today.states if each.stretch == stretch.name}
    assert made.store.committed == kept
    assert encode_checkpoint(made.fold.checkpoint) == today.checkpoints[stretch.name]


def test_this_fold_adopts_what_is_kept_of_inputs_and_facts(today: Kept) -> None:
    by_name = {stretch.name: stretch for stretch in read_log()}
    tokyo, week = fold_stretch(by_name["tokyo"]), fold_stretch(by_name["week"])
    assert [encode_input(each) for each in tokyo.inputs] == today.inputs
    assert [encode_facts(each) for each in week.fold.facts.values()] == today.facts


# -- older versions ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", kept_versions())
def test_every_kept_state_is_read_and_written_in_todays_version(version: int) -> None:
    states = of_version(version)
    assert len(states) > 50
    for kept in states:
        assert msgspec.msgpack.decode(kept.data)[0] == version
        header, state = decode_header(kept.data), decode_learner(kept.data)
        assert state.version == STATE_VERSION
        assert state.user_id == header.user_id == kept.user_id
        assert (state.steps, state.wake_at) == (header.steps, header.wake_at)
        assert state.course_ids == header.course_ids
        data = encode_learner(state)
        assert len(data) <= STATE_BYTES_MAX
        assert decode_learner(data) == state


@pytest.mark.parametrize("version", OLDER)
def test_every_older_state_is_folded_on_and_shown(version: int) -> None:
    """Its course facts are adopted anew, so that all is judged again; then comes every event."""
    facts = {stretch.name: facts_of_stretch(stretch) for stretch in read_log()}
    when = datetime.fromisoformat(LATER)
    for kept in of_version(version):
        bench = Bench()
        bench.store.committed[USER] = of_the_user(kept.data)
        for each in facts[kept.stretch]:
            bench.adopt("course", each)
        bench.send(*[record(each, arrived=when) for each in history(LATER, 1.0, "Asia/Tokyo")])
        assert bench.letters == [], kept.user_id
        assert bench.fold.checkpoint.counters.defects == 0
        state = bench.learner()
        assert state.version == STATE_VERSION
        assert state.steps > decode_header(kept.data).steps
        assert msgspec.json.encode(dashboard(view(bench, when)))


def of_the_user(data: bytes) -> bytes:
    """The state of an older version, of the learner that the events are of."""
    raw = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([raw[0], USER, *raw[2:]])


def test_a_state_of_version_3_becomes_what_this_fold_makes_of_the_log(today: Kept) -> None:
    """All but predictions, and what their timers forget sooner: alerts that have expired.

    Timers are steps, too, and a state is measured every 16 of them: where days had to go, they go
    at another step now, and the streak with them. `low_score` has other bars without a pass mark.
    """
    made = {(each.stretch, each.user_id): decode_learner(each.data) for each in today.states}
    marked = {stretch.name: marked_in(stretch) for stretch in read_log()}
    lost_days = low_scores = 0
    for kept in of_version(3):
        ours, theirs = decode_learner(kept.data), made[kept.stretch, kept.user_id]
        clock = decode_checkpoint(today.checkpoints[kept.stretch]).clock
        days_went = theirs.overflow.days > 0
        lost_days += days_went
        for state in (ours, theirs):
            alerts = [
                alert
                for alert in state.alerts
                if alert.expires_at > clock
                and (alert.rule != "low_score" or alert.course_id in marked[kept.stretch])
            ]
            state.alerts, state.closed = sorted(alerts, key=lambda each: each.alert_id), []
            without_predictions(state)
            if days_went:
                state.streak, state.overflow.days = Streak(), 0
        low_scores += sum(alert.rule == "low_score" for alert in theirs.alerts)
        assert ours == theirs, kept.user_id
    assert lost_days == 1
    assert low_scores > 0


def marked_in(stretch: Stretch) -> set[str | None]:
    """The courses of a stretch whose pass mark is known."""
    facts = [each for each in facts_of_stretch(stretch) if isinstance(each, CourseFacts)]
    return {each.course_id for each in facts if each.pass_mark is not None}


def without_predictions(state: Learner) -> None:
    """Forget what is predicted, what waits for its label, and the steps of those timers."""
    state.steps = state.wake_at = state.look_at = state.predicted_at = state.predict_at = 0
    state.predictions, state.awaiting, state.overflow.awaiting = [], [], 0
    for course in state.courses:
        course.awaiting = []


ALIKE: Final = ("clicks", "seconds", "sessions", "modules", "posts", "submitted")


@pytest.mark.parametrize("version", [1, 2])
def test_what_versions_1_and_2_knew_is_kept(version: int) -> None:
    for kept in of_version(version):
        was, state = named(version, kept.data), decode_learner(kept.data)
        assert [day.day for day in state.days] == [day[0] for day in was["days"]]
        for day, before in zip(state.days, was["days"], strict=True):
            assert [day.activities, *(getattr(day, name) for name in ALIKE)] == [
                *before[1:3],
                *before[4:8],
                before[-1],
            ]
        assert [state.streak.first_day, state.streak.length] == [was["streak"][0], was["streak"][3]]
        assert [c.course_id for c in state.courses] == [c[0] for c in was["courses"]]
        assert [c.is_open for c in state.courses] == [not c[2] for c in was["courses"]]
        grades = [sorted(g[1] for g in work[8]) for c in was["courses"] for work in c[12]]
        assert grades == [sorted(g.percent or 0 for g in w.grades) for w in works(state)]
        assert len(state.recent) == len(was["recent"])
        assert [goal.goal_id for goal in state.goals] == [
            goal[0] for goal in sorted(was["goals"], key=lambda goal: (goal[4], goal[0]))
        ]
        assert [each.rule for each in state.alerts] == [each[1] for each in was["alerts"]]


@pytest.mark.parametrize("version", [1, 2])
def test_streaks_of_versions_1_and_2_are_those_that_the_days_come_to(version: int) -> None:
    """So late work, which looks at all runs again, changes nothing but what it brings."""
    for kept in of_version(version):
        state = decode_learner(kept.data)
        if state.streak.length:
            newest = runs(state)[-1]
            assert (newest.first_day, newest.length) == (
                state.streak.first_day,
                state.streak.length,
            ), kept.user_id


def named(version: int, data: bytes) -> dict[str, Any]:
    raw = msgspec.msgpack.decode(data)
    assert raw[0] == version
    names = {12: "days", 13: "streak", 16: "courses", 18: "recent", 19: "goals", 26: "alerts"}
    return {name: raw[place] for place, name in names.items()}


def works(state: Learner) -> list[Any]:
    return [work for course in state.courses for work in course.work]


STEPS: Final = {
    1: "bfba3da0382ac61c",
    2: "7a850564b1f9af6c",
    3: "073c4464c347020d",
    4: "2a6e2da011a7770b",
    5: "6cff5dda26782b67",
}


@pytest.mark.parametrize("version", OLDER)
def test_a_step_that_landed_makes_the_same_for_ever(version: int) -> None:
    """Of every kept state; what it makes is judged above, and not to change by accident."""
    made = hashlib.blake2b(digest_size=8)
    for kept in of_version(version):
        raw = msgspec.msgpack.decode(kept.data)
        made.update(msgspec.msgpack.encode(upgrade.upgrade(raw, upgrade.LEARNER, version + 1)))
    assert made.hexdigest() == STEPS[version]


def test_an_assessment_without_a_name_has_it_from_its_next_event_on() -> None:
    (kept,) = [each for each in of_version(2) if each.user_id == "over-1"]
    bench = Bench()
    bench.store.committed["over-1"] = kept.data
    shorts = {short_id(f"assessment-{n}"): f"assessment-{n}" for n in range(64)}
    nameless = [work.short for work in works(bench.learner("over-1")) if not work.name]
    name = shorts[nameless[0]]
    when = datetime.fromisoformat("2025-03-01T00:00:00Z")
    bench.send(submitted(when, name, user="over-1", course_id="co"))
    assert name in {work.name for work in works(bench.learner("over-1"))}


ENTERED, FIRST_AT, LEFT_AT = 1_700_000_000, 1_700_001_000, 1_700_900_000
GRADES: Final = [[2, 80.0, 1_700_300_000, None, True], [1, 40.0, 1_700_200_000, 55.0, None]]


def a_learner_of_version_2() -> Learner:
    """One course that was left, with graded work; written field by field, as that code did."""
    work = [short_id("a1"), 1_700_100_000, 1_700_150_000, True, True, True, 0, 0, GRADES, []]
    other = [short_id("a2"), 0, 0, True, False, True, 0, 0, [[1, 60.0, 1_700_250_000, None, None]]]
    begun = [short_id("a3"), 1_700_260_000, 1_700_260_000, True, False, False, 0, 0]
    works = [work, other, begun]
    course = ["c1", ENTERED, LEFT_AT, FIRST_AT, LEFT_AT, 0b0011, True, 1.5, 1, 2, 3, [77], works]
    recent = [b"\0event-9", 1, 1_700_200_000, "c1", "a1", 40.0, None, None, True]
    spans = [
        [1_700_000_000, 1_700_000_600, 738_000, 1_700_000_500, 3, True, "s1"],
        [1_700_100_000, 1_700_107_000, 738_001, 1_700_100_100, 2, False, None],
    ]
    fields = [
        *(2, USER, 9, 123, ["c1"], FIRST_AT, LEFT_AT, LEFT_AT, "Asia/Tokyo", 1_700_050_000),
        *(b"x" * 64, b"y" * 16, [], [0] * 5, spans, [], [course], [], [recent], [], 5, [6]),
        *([], [], 0, [], [], 0, 80.0, 7, None, [0, 0.0, 0, 0.0], [0] * 11, None),
    ]
    return decode_learner(msgspec.msgpack.encode(fields))


def test_what_version_2_kept_as_it_stood_last_becomes_histories() -> None:
    state = a_learner_of_version_2()
    (course,) = state.courses
    assert [(each.at, each.what) for each in course.memberships] == [(ENTERED, 0), (LEFT_AT, 1)]
    assert (course.peak_before, course.passed_before, course.is_open) == (50.0, True, False)
    assert [(each.short, each.at, each.done) for each in course.modules] == [(77, FIRST_AT, True)]
    work, other, begun = course.work
    assert [each.name for each in course.work] == ["a1", "", ""]
    assert [each.at for each in work.submissions] == [1_700_100_000, 1_700_150_000]
    assert [(g.at, g.order, g.attempt, g.percent, g.banked) for g in work.grades] == [
        (1_700_200_000, 1, 1, 40.0, True),
        (1_700_300_000, 2, 2, 80.0, True),
    ]
    (only,) = other.grades
    assert (only.order, only.flags, only.submitted_at, only.submitted_day) == (3, 0, 0, 0)
    assert ([each.at for each in begun.submissions], begun.grades) == ([1_700_260_000], [])
    assert (state.grades_seen, state.best_gone, state.scores_gone) == (3, 80.0, 5)
    assert [(each.at, each.zone) for each in state.zones] == [(1_700_050_000, "Asia/Tokyo")]
    assert (state.session_id, state.session_at) == ("s1", 1_700_000_500)
    assert [span.parts for span in state.spans] == [[(738_000, 600)], [(738_001, 7_000)]]
    assert state.marks == (1_700_100_100 << 24 | 6_900 << 8 | WORKED).to_bytes(8, "big")


def test_an_event_that_version_2_had_among_its_newest_is_not_counted_twice() -> None:
    state = a_learner_of_version_2()
    assert seen_content(state, event_hash("event-9")) is not None
    assert seen_content(state, event_hash("event-8")) is None


def test_the_newest_days_last_work_is_known_to_version_1() -> None:
    for kept in of_version(1):
        state = decode_learner(kept.data)
        newest = [day for day in state.days if day.day == state.streak.last_day]
        assert [day_ended_at(day) for day in newest] == [state.streak.last_at for _ in newest]


@pytest.mark.parametrize("version", kept_versions())
def test_every_kept_checkpoint_is_read(version: int, today: Kept) -> None:
    kept = read_kept(version)
    for name, data in kept.checkpoints.items():
        checkpoint, now = decode_checkpoint(data), decode_checkpoint(today.checkpoints[name])
        assert checkpoint.version == CHECKPOINT_VERSION
        assert (checkpoint.next, checkpoint.inputs) == (now.next, expected_inputs(version, name))
        assert (checkpoint.clock_mode, checkpoint.topic_id) == (now.clock_mode, now.topic_id)
        assert adopted(checkpoint.configuration).timezone in {"UTC", "Asia/Tokyo"}
        if kept.checkpoint_version == CHECKPOINT_VERSION or checkpoint.clock_mode == "stream":
            assert checkpoint.ticked == now.ticked


def expected_inputs(version: int, name: str) -> int:
    """The facts of one case were not valid before version 3."""
    left_out = version < 3 and name == "case-null-means-absent"
    steps = [step for each in read_log() if each.name == name for step in each.steps]
    return len([step for step in steps if step[0] != "activity"]) - left_out


@pytest.mark.parametrize("version", kept_versions())
def test_every_kept_input_and_fact_is_read(version: int) -> None:
    kept = read_kept(version)
    kinds = [decode_input(data).kind for data in kept.inputs]
    assert kinds == ["configuration"]
    assert adopted(bytes(decode_input(kept.inputs[0]).payload).decode()).timezone == "Asia/Tokyo"
    assert [decode_facts(data).course_id for data in kept.facts] == [
        decode_facts(data).course_id for data in read_kept(STATE_VERSION).facts
    ]


# -- what is not read ----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, STATE_VERSION + 1, 99])
def test_a_newer_state_is_refused_and_says_what_to_do(version: int) -> None:
    data = encode_learner(msgspec.structs.replace(new_learner(USER), version=version))
    for decode in (decode_learner, decode_header):
        with pytest.raises(UnknownVersionError) as refused:
            decode(data)
        assert str(refused.value) == (
            f"learner state of version {version}, and this program reads versions 1 to "
            f"{STATE_VERSION}: a newer one wrote it; start that one, docs/upgrading.md says how"
        )


def test_a_newer_state_of_another_shape_is_refused_as_well() -> None:
    raw = msgspec.msgpack.decode(encode_learner(new_learner(USER)))
    data = msgspec.msgpack.encode([STATE_VERSION + 1, *raw[1:8], {"zones": 1}, *raw[9:], "more"])
    with pytest.raises(UnknownVersionError):
        decode_learner(data)
    assert_no_state(msgspec.msgpack.encode([STATE_VERSION, *raw[1:8], {"zones": 1}]))


def test_what_is_no_state_stays_a_decoding_error() -> None:
    for data in (b"", b"\xc1", b"{}", msgspec.msgpack.encode({}), msgspec.msgpack.encode([])):
        assert_no_state(data)
    for version in OLDER:
        assert_no_state(msgspec.msgpack.encode([version, USER, 1, 0, []]))


def assert_no_state(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_learner(data)


def test_what_verify_compares_is_in_todays_version() -> None:
    (older,) = [each.data for each in of_version(3) if each.user_id == "over-2"]
    renewed_data = renewed(older)
    assert msgspec.msgpack.decode(renewed_data)[0] == STATE_VERSION
    assert decode_learner(renewed_data) == decode_learner(older)
    newer = encode_learner(msgspec.structs.replace(new_learner(USER), version=STATE_VERSION + 1))
    for data in (renewed_data, newer, b"", b"{}"):
        assert renewed(data) == data


# -- the configuration ---------------------------------------------------------------------------


def test_a_configuration_of_another_version_is_read() -> None:
    """What is unknown is left out, at any depth; what is missing is as by default."""
    text = (
        '{"timezone":"Asia/Tokyo","gone":{"a":1},"rules":{"low_score":{"default_pass_mark":45,'
        '"was":2},"no_rule":{"x":1}},"halting":{"ratio":0.25}}'
    )
    read = adopted(text)
    assert (read.timezone, read.halting.ratio) == ("Asia/Tokyo", 0.25)
    assert read.rules.low_score.default_pass_mark == 45
    assert read.alert_source == Configuration().alert_source
    assert adopted(canonical(read)) == read
    assert adopted("") == Configuration()
    bench = Bench().adopt("configuration", msgspec.json.decode(text))
    assert bench.fold.configuration == read
    assert json.loads(bench.fold.checkpoint.configuration) == json.loads(text)


def test_course_facts_of_another_version_are_read() -> None:
    read = decode_facts(b'{"course_id":"c1","new":[1],"modules":[{"id":"m1","more":{}}]}')
    assert [module.id for module in read.modules] == ["m1"]
