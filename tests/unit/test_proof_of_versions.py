"""`verify` where more than one version of the fold's code folded the log."""

from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest

from contracts.topics import STATE
from domain.events.decode import Record
from domain.fold import partition as folding
from domain.fold.inputs import FoldVersion
from domain.fold.partition import new_checkpoint
from domain.scoring import no_snapshots
from domain.stored.checkpoint import FOLD_VERSION, ClockMode
from domain.stored.codec import decode_learner, encode_learner
from proof.oracle import Oracle, newest_stretch
from proof.verify import earlier_version, other_version
from tests.factories import Bench, at, course, enrolled, event, graded, record, submitted, viewed
from tests.proving import Partition, compared, counts, wrong

OLD, NEW = "old", "new"
UPGRADED_AT: Final = 6


def work(user: str, first: int) -> list[dict[str, Any]]:
    """Six events of a learner: a streak, a low grade, a submission."""
    events = [viewed(at(first + n), f"p{n}", user=user) for n in range(3)]
    return [
        enrolled(at(first), user=user),
        *events,
        submitted(at(first + 3), "a1", user=user),
        graded(at(first + 4), 20, "a1", user=user),
    ]


def adopt(bench: Bench, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker of that version does when it takes over."""
    with monkeypatch.context() as patch:
        patch.setattr(folding, "FOLD_VERSION", version)
        bench.adopt("fold_version", FoldVersion(version))


def tamper(bench: Bench) -> None:
    """What is there was made by other code: another streak, other counts."""
    state = decode_learner(bench.store.committed[OLD])
    state.streak.longest += 5
    bench.store.committed[OLD] = encode_learner(state)
    bench.fold.checkpoint.counters.raised += 3
    bench.fold.checkpoint.window = [7]


@pytest.fixture
def partition(monkeypatch: pytest.MonkeyPatch) -> Partition:
    """Six events folded by the version before, then twelve by this one, six of a new learner."""

    def upgrade(bench: Bench) -> None:
        tamper(bench)
        adopt(bench, FOLD_VERSION, monkeypatch)

    bench = Bench(facts=course(assessments={"a1": at(30)}))
    adopt(bench, FOLD_VERSION - 1, monkeypatch)
    later = [*work(OLD, 6), *work(NEW, 13)]
    return Partition(*work(OLD, 0), *later, bench=bench, before={UPGRADED_AT: upgrade})


def test_what_another_version_folded_is_no_difference(partition: Partition) -> None:
    sides = partition.sides()
    assert (sides.expected.began_at, sides.expected.earlier) == (UPGRADED_AT, {OLD})
    assert sides.expected.folded == 12
    report = compared(sides)
    assert wrong(report) == {}
    assert counts(report["progress.state: learners"])[:2] == (1, 1)
    assert counts(report["progress.alerts"])[:2] == (2, 2)
    assert counts(report["postgres: learners"])[:2] == (2, 2)
    assert counts(report["recount: events"]) == (0, 0, 0, 0, 0, 0)


def test_a_new_learner_of_a_log_of_two_versions_is_still_proven(partition: Partition) -> None:
    state = decode_learner(partition.bench.store.committed[NEW])
    state.streak.longest += 1
    partition.logs.put(STATE, NEW.encode(), encode_learner(state))
    found = wrong(compared(partition.sides()))
    assert found["progress.state: learners"] == [f"different: {NEW} (partition 0)"]
    assert set(found) == {"progress.state: learners", "recount: streaks"}


def test_rows_of_both_learners_are_still_compared_with_the_topics(partition: Partition) -> None:
    sides = partition.sides()
    rows = sides.tables.learners
    for user in (OLD, NEW):
        fewer = {name: row for name, row in rows.items() if name != user}
        report = compared(replace(sides, tables=replace(sides.tables, learners=fewer)))
        assert wrong(report) == {"postgres: learners": [f"missing: {user} (partition 0)"]}


@pytest.mark.parametrize(
    ("offset", "reason", "known"),
    [
        (0, "not_json", False),
        (UPGRADED_AT - 1, "id_reused", False),
        (UPGRADED_AT, "id_reused", False),
        (UPGRADED_AT, "not_json", True),
        (12, "id_reused", True),
        (-1, "?", True),
    ],
)
def test_a_letter_is_compared_where_it_can_be_said(
    partition: Partition, offset: int, reason: str, *, known: bool
) -> None:
    assert partition.sides().expected.knows_letter(offset, reason) is known


def test_letters_behind_the_upgrade_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated id of the old learner is not: it depends on what the older version remembered."""
    old, new = work(OLD, 0), work(NEW, 8)
    again = {**old[1], "content_id": "other"}
    bench = Bench()
    adopt(bench, FOLD_VERSION - 1, monkeypatch)
    partition = Partition(
        b"{",
        *old,
        again,
        b"[",
        *new,
        {**new[1], "content_id": "other"},
        bench=bench,
        before={7: lambda made: adopt(made, FOLD_VERSION, monkeypatch)},
    )
    assert [letter.reason for letter in bench.letters] == [
        *("not_json", "id_reused", "not_json", "id_reused")
    ]
    report = compared(partition.sides())
    assert wrong(report) == {}
    assert counts(report["activity.dead-letter"])[:2] == (2, 2)


def test_a_halt_of_the_older_version_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts of what was rejected begin anew, so a halt is not foreseen, and stops nothing."""

    def upgrade(bench: Bench) -> None:
        bench.adopt("resume", {})
        adopt(bench, FOLD_VERSION, monkeypatch)
        bench.fold.checkpoint.rejected_in_a_row = 0

    bench = Bench()
    adopt(bench, FOLD_VERSION - 1, monkeypatch)
    events: list[Any] = [b"{", b"{", *work(NEW, 0)]
    partition = Partition(*events, bench=bench, before={2: upgrade})
    sides = partition.sides()
    assert sides.expected.earlier == {"7"}
    assert wrong(compared(sides)) == {}


@pytest.mark.parametrize("clock", ["wall", "stream"])
def test_the_clock_moves_on_over_what_is_passed_by(
    clock: ClockMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(clock=clock)
    adopt(bench, FOLD_VERSION - 1, monkeypatch)
    old, new = work(OLD, 0), work(NEW, 8)
    bench.send(*old, b_record())
    adopt(bench, FOLD_VERSION, monkeypatch)
    events: list[Any] = [*old, b"{", *new]
    records = [record(each, offset) for offset, each in enumerate(events)]
    assert_same_clock(bench, records[:7])
    bench.adopt("tick", {"at": bench.fold.checkpoint.clock + 7}).send(*new)
    assert_same_clock(bench, records)


def assert_same_clock(bench: Bench, records: list[Record]) -> None:
    theirs = bench.fold.checkpoint
    fresh = new_checkpoint(0, 1, "topic-id", theirs.clock_mode)
    oracle = Oracle(fresh, bench.inputs, no_snapshots)
    made = oracle.run([records[:4], records[4:9], records[9:]]).checkpoint
    assert (made.clock, made.ticked, made.next) == (theirs.clock, theirs.ticked, theirs.next)


def test_states_of_an_older_version_that_the_same_fold_made_are_equal() -> None:
    """Where only the layout is another one: what stands there is compared in today's.

    Of who is in no course nothing is predicted, so that version 4 holds all there is.
    """
    sessions = [event("session_started", at(n), user=OLD) for n in range(3)]
    partition = Partition(*sessions, *work(NEW, 7))
    older = of_version_4(partition.bench.store.committed[OLD])
    partition.logs.put(STATE, OLD.encode(), older)
    assert wrong(compared(partition.sides())) == {}


def of_version_4(data: bytes) -> bytes:
    """The same state as version 4 laid it out; a prediction and two errors stood in place of six.

    Only of who is in no course.
    """
    raw = msgspec.msgpack.decode(data)
    assert (raw[0], raw[17], raw[31:36]) == (6, [], [[], 0, 0, [], None])
    return msgspec.msgpack.encode(
        [4, *raw[1:31], None, [0, 0.0, 0, 0.0], [0, 0.0, 0, 0.0], raw[36]]
    )


def b_record() -> Record:
    return record(b"{", key=b"nobody")


@pytest.mark.parametrize(
    ("versions", "begins", "other"),
    [
        ([], None, None),
        ([0], None, None),
        ([-1, 0], 1, None),
        ([0, -1, 0], 2, None),
        ([0, 0], None, None),
        ([-2, -1, 0, 0], 2, None),
        ([0, 1], None, 1),
        ([0, -1], None, -1),
    ],
)
def test_the_newest_stretch_of_this_version_begins_behind_the_last_other_one(
    versions: list[int], begins: int | None, other: int | None
) -> None:
    bench = Bench()
    inputs = [
        bench.fold.next_input("fold_version", FoldVersion(FOLD_VERSION + version))
        for version in versions
    ]
    numbered = [
        type(each)(after=0, seq=seq, kind=each.kind, payload=each.payload)
        for seq, each in enumerate(inputs)
    ]
    expected = None if other is None else FOLD_VERSION + other
    assert newest_stretch(numbered) == (begins, expected)


def test_a_log_that_another_version_folded_last_says_what_to_do() -> None:
    assert other_version(FOLD_VERSION + 1) == (
        f"a newer program folded this log last (fold version {FOLD_VERSION + 1}, here "
        f"{FOLD_VERSION}); run its `learnstream verify`"
    )
    assert other_version(FOLD_VERSION - 1).endswith("start the new worker first")


def test_the_report_says_what_was_compared(partition: Partition) -> None:
    assert earlier_version(2, partition.sides().expected) == (
        "partition 2: another version folded what is before offset 6; states and alerts of 1 "
        "learners with events there were compared with Postgres, and not folded again, nor were "
        "alerts about data"
    )
