"""The owner's batches at their bounds: what is taken, what is written, what is counted."""

import asyncio
import json
from typing import Any

import pytest
import structlog

import agents.partition_owner.owner
import agents.worker.stored
from agents.partition_owner.owner import Owner
from contracts.topics import ACTIVITY, ALERTS, DEAD_LETTERS, STATE, TRANSITIONS
from domain.configuration import Configuration, Halting, canonical
from domain.stored.checkpoint import FOLD_VERSION
from domain.stored.codec import UnknownVersionError, decode_learner
from runtime.errors import CrashError, TooManyRejectedError, UsageError
from tests.defects import about
from tests.factories import at, course, graded, seconds, viewed
from tests.owning import IDLE, Stage, a_letter, fold_batch, kinds, until


def views(stage: Stage, first: int, count: int) -> list[dict[str, Any]]:
    return [viewed(at(minutes=n), f"p{n}", user=stage.learner) for n in range(first, first + count)]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


# -- what is taken -------------------------------------------------------------------------------


async def test_whole_fetches_are_merged_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, batch_records=5)
    owner = await stage.opened()
    for start, count in ((0, 2), (2, 3), (5, 1), (6, 7), (13, 1)):
        owner.deliver(stage.batch(start, *views(stage, start, count)))
    assert owner.waiting == 14
    for taken in (5, 6, 13, 14):  # two that fit just so, one alone, one over the limit, the last
        await fold_batch(owner)
        assert (stage.record().next, owner.waiting) == (taken, 14 - taken)


async def test_there_is_room_until_one_batch_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, batch_records=3)
    owner = await stage.opened()
    found = [owner.accepts_more]
    for start, count in ((0, 2), (2, 1)):
        owner.deliver(stage.batch(start, *views(stage, start, count)))
        found.append(owner.accepts_more)
    await fold_batch(owner)
    assert [*found, owner.accepts_more] == [True, True, False, True]


async def test_i1_a_fetch_that_does_not_follow_on_the_last_one_ends_the_process(
    stage: Stage,
) -> None:
    owner = await stage.opened()
    owner.deliver(stage.batch(0, *views(stage, 0, 3)))
    for start in (2, 4):
        with pytest.raises(CrashError, match=f"a batch from {start} on came, expected 3"):
            owner.deliver(stage.batch(start, *views(stage, start, 1)))
    owner.ask_to_stop()
    owner.deliver(stage.batch(9, *views(stage, 9, 1)))  # too late to matter
    assert owner.waiting == 3


async def test_a_long_batch_is_folded_in_chunks_and_written_at_once(stage: Stage) -> None:
    """Between the chunks the others' turn comes, once; nobody waits for any time to pass."""
    owner = await stage.opened()
    owner.deliver(stage.batch(0, *[b"{"] * 2_001))
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    await fold_batch(owner)
    task.cancel()
    assert 3 <= turns < 50
    assert stage.record().next == 2_001
    assert [kept.value for kept in stage.written(DEAD_LETTERS.name)] == [b"{"] * 2_001
    assert owner.advances == 2  # the take-over's inputs, and this


# -- what is written -----------------------------------------------------------------------------


async def test_i4_what_is_written_is_kept_in_memory_and_counted(stage: Stage) -> None:
    stage.courses.put(course())
    owner = await stage.opened()
    assert owner.advances == 1
    events = views(stage, 0, 3)
    low = graded(at(0.1), 10, user=stage.learner)
    owner.deliver(stage.batch(0, *events, events[0], low, b"{"))
    await fold_batch(owner)
    data = owner.kept.loaded.table.committed(stage.learner)
    assert data is not None
    states = [each for each in stage.written(STATE.name) if each.key == stage.learner.encode()]
    assert [each.value for each in states] == [data]
    assert decode_learner(data).steps == 4
    assert owner.kept.loaded.checkpoint == stage.written(STATE.name)[-1].value
    assert owner.kept.next == states[0].offset + 1  # what one future of the batch tells
    assert stage.broker.position == 6
    raised = len(stage.written(TRANSITIONS.name))
    assert raised == len(stage.written(ALERTS.name)) > 0
    assert owner.advances == 2
    figures = ("events", "rejected", "duplicates", "defects", "inputs", "transitions", "batches")
    assert [stage.figure(f"{name}_total") for name in figures] == [5, 1, 1, 0, 0, raised, 1]
    assert stage.figure("clock") == seconds(at(0.1))
    assert stage.figure("fold_seconds_count") == 1
    assert stage.figure("transaction_seconds_count") == 2
    assert 0 < stage.figure("fold_seconds_sum") < 20
    assert 0 < stage.figure("transaction_seconds_sum") < 20


async def test_figures_are_of_this_turn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, defect=about("boom-0", "boom-1"))
    owner = await stage.opened()
    first, second = views(stage, 0, 2), views(stage, 2, 1)
    booms = [viewed(at(1), user=stage.learner, event_id=f"boom-{n}") for n in range(2)]
    owner.deliver(stage.batch(0, *first, b"{", first[0], booms[0]))
    await fold_batch(owner)
    owner.deliver(stage.batch(5, *second, b"{", first[1], booms[1]))
    await fold_batch(owner)
    figures = ("events", "rejected", "duplicates", "defects", "batches")
    assert [stage.figure(f"{name}_total") for name in figures] == [7, 4, 2, 2, 2]


async def test_a_turn_without_anything_to_say_writes_nothing(stage: Stage) -> None:
    owner = await stage.opened()
    end = stage.broker.logs[STATE.name].end
    await fold_batch(owner)
    assert stage.broker.logs[STATE.name].end == end
    assert stage.figure("fold_seconds_count") == 0
    assert owner.advances == 1


async def test_i4_a_turn_that_only_moves_the_position_is_written(stage: Stage) -> None:
    owner = await stage.opened()
    (event,) = views(stage, 0, 1)
    owner.deliver(stage.batch(0, event))
    await fold_batch(owner)
    owner.deliver(stage.batch(1, event))
    await fold_batch(owner)
    assert (stage.record().next, stage.broker.position) == (2, 2)
    assert stage.record().counters.duplicates == 1


async def test_a_defect_is_told_loudly_and_a_rejection_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch, defect=about("boom"))
    owner = await stage.opened()
    bad = viewed(at(0), "p", user=stage.learner, event_id="boom")
    with structlog.testing.capture_logs() as lines:
        owner.deliver(stage.batch(0, b"{", bad))
        await fold_batch(owner)
    assert [(line["event"], line["offset"]) for line in lines] == [("event_defect", 1)]
    assert stage.written(DEAD_LETTERS.name)[0].value == b"{"
    assert stage.figure("defects_total") == 1


async def test_too_many_rejected_are_written_and_then_halt_the_partition(stage: Stage) -> None:
    stage.context.configuration = Configuration(halting=Halting(in_a_row=3))
    owner = stage.owner()
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.opened)
    owner.deliver(stage.batch(0, *[b"{"] * 4))
    with pytest.raises(TooManyRejectedError, match="partition 1 halted at offset 3: 3 events"):
        await run
    assert (stage.record().next, len(stage.written(DEAD_LETTERS.name))) == (3, 3)
    assert [producer.stopped for producer in stage.producers] == [1]
    owner.deliver(stage.batch(4, b"{"))  # what the consumer had fetched before
    assert (owner.halted, owner.accepts_more, owner.waiting) == (True, False, 0)
    following = stage.owner(owner.stored)
    with pytest.raises(TooManyRejectedError, match="is halted"):
        await owned(following)
    assert following.halted


async def test_who_resumes_a_partition_leaves_it_to_its_next_owner(stage: Stage) -> None:
    stage.context.configuration = Configuration(halting=Halting(in_a_row=3))
    owner = await stage.opened()
    owner.deliver(stage.batch(0, *[b"{"] * 3))
    with pytest.raises(TooManyRejectedError):
        await fold_batch(owner)
    with structlog.testing.capture_logs() as lines:
        await stage.owner().resume()
    assert [line["event"] for line in lines] == ["partition_resumed"]
    assert (stage.record().halted, stage.record().next) == (None, 3)
    assert [producer.stopped for producer in stage.producers] == [0, 1]
    again = await stage.opened()
    again.deliver(stage.batch(3, *[b"{"] * 3))
    with pytest.raises(TooManyRejectedError):
        await fold_batch(again)
    with pytest.raises(TooManyRejectedError):  # resumed once: the next halt waits for a person
        await stage.opened()


# -- what is adopted -----------------------------------------------------------------------------


async def test_only_what_changed_is_adopted_by_a_new_owner(stage: Stage) -> None:
    owner = await stage.opened()
    assert kinds(stage) == ["fold_version", "configuration"]
    checkpoint = stage.record()
    assert (checkpoint.fold_version, checkpoint.inputs) == (FOLD_VERSION, 2)
    assert checkpoint.configuration == canonical(stage.context.configuration)
    await stage.opened(owner.stored)
    assert kinds(stage) == ["fold_version", "configuration"]
    stage.context.configuration = Configuration(timezone="Europe/Berlin")
    await stage.opened()
    assert kinds(stage)[2:] == ["configuration"]
    stage.courses.put(course())
    owner = await stage.opened()
    assert kinds(stage)[3:] == ["course"]
    assert owner.advances == 1


async def test_alerts_name_the_source_that_is_adopted(stage: Stage) -> None:
    stage.context.configuration = Configuration(alert_source="urn:learnstream:staging")
    owner = await stage.opened()
    owner.deliver(stage.batch(0, graded(at(1), 30, user=stage.learner)))
    await fold_batch(owner)
    (alert,) = stage.broker.logs[ALERTS.name].records
    assert json.loads(alert.value or b"")["source"] == "urn:learnstream:staging"


async def test_course_facts_are_adopted_when_they_change(stage: Stage) -> None:
    owner = await stage.opened()
    for number, facts in enumerate((course(), course(), course(title="Algebra")), 1):
        stage.courses.put(facts)
        await fold_batch(owner)
        await fold_batch(owner)
        assert kinds(stage)[2:] == ["course"] * (number if number < 2 else number - 1)
    assert stage.figure("inputs_total") == 2


async def test_the_letters_of_courses_are_partition_0s(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Stage(monkeypatch, partition=1)
    await other.opened()
    assert other.letters == []
    stage = Stage(monkeypatch, partition=0)
    owner = await stage.opened()
    (letters,) = stage.letters
    assert letters.state == "started"
    letters.waiting = [(0, a_letter(4))]
    await fold_batch(owner)
    assert [each.value for each in stage.written(DEAD_LETTERS.name)] == [b"{"]
    assert stage.record().courses == {0: 5}
    end = stage.broker.logs[STATE.name].end
    await fold_batch(owner)
    assert stage.broker.logs[STATE.name].end == end


# -- from the assignment to the revocation -------------------------------------------------------


async def owned(owner: Owner, *, opens: bool = True) -> list[int]:
    """Run an owner until it ends; the offsets at which it wanted to begin."""
    asked = []

    async def open_at(offset: int) -> bool:
        asked.append(offset)
        return opens

    await owner.run(open_at, lambda: IDLE)
    return asked


async def test_an_owner_begins_where_the_record_says_and_ends_when_it_is_asked_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch, partition=0)
    owner = stage.owner()
    assert not owner.opened
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.opened)
    owner.deliver(stage.batch(0, *views(stage, 0, 2)))
    await until(lambda: owner.advances == 2)
    before = owner.stopping
    owner.ask_to_stop()
    assert (before, owner.stopping) == (False, True)
    assert await run == [0]
    assert [producer.stopped for producer in stage.producers] == [1]
    assert [letters.state for letters in stage.letters] == ["stopped"]
    assert stage.figure("takeover_seconds_count") == 1
    again = stage.owner(owner.stored)
    again.ask_to_stop()
    assert await owned(again) == []  # asked to stop before it could begin
    following = stage.owner(owner.stored)
    assert await owned(following, opens=False) == [2]
    assert stage.figure("takeover_seconds_count") == 2
    assert 0 < stage.figure("takeover_seconds_sum") < 20
    assert [producer.stopped for producer in stage.producers] == [1, 1, 1]


async def test_what_is_left_of_the_fetches_is_folded_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch, batch_records=1)
    owner = stage.owner()
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.opened)
    for offset in range(8):
        owner.deliver(stage.batch(offset, *views(stage, offset, 1)))
    await until(lambda: owner.waiting == 0, 5)  # it looks up once a second in any case
    owner.ask_to_stop()
    await run


async def test_an_owner_looks_up_when_it_is_woken(stage: Stage) -> None:
    owner = stage.owner()
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.opened)
    await asyncio.sleep(0.05)
    stage.courses.put(course())
    before = asyncio.get_running_loop().time()
    owner.wake()
    await until(lambda: "course" in kinds(stage))
    assert asyncio.get_running_loop().time() - before < 0.8  # it would look in a second anyway
    owner.ask_to_stop()
    await run


async def test_an_owner_looks_up_once_a_second_in_any_case(stage: Stage) -> None:
    owner = stage.owner()
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.opened)
    await asyncio.sleep(0.05)
    stage.courses.put(course())
    await until(lambda: "course" in kinds(stage))
    owner.ask_to_stop()
    await run


async def test_an_owner_looks_for_work_again_and_again_but_not_in_a_transaction_that_hangs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents.partition_owner.owner, "_POLL_SECONDS", 0.01)
    owner = stage.owner()
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.rounds > 3)

    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(stage.producers[0], "commit_transaction", hang)
    owner.deliver(stage.batch(0, *views(stage, 0, 1)))
    await until(lambda: owner.waiting == 0)
    rounds = owner.rounds
    await asyncio.sleep(0.1)
    assert (owner.rounds, owner.waiting, owner.advances) == (rounds, 0, 1)
    run.cancel()


async def test_an_owner_that_fails_does_not_wait_for_its_producer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise CrashError("the broker is gone")

    owner = stage.owner()
    run = asyncio.create_task(owned(owner))
    await until(lambda: owner.opened)
    monkeypatch.setattr(stage.producers[0], "stop", hang)
    monkeypatch.setattr(stage.producers[0], "commit_transaction", fail)
    owner.deliver(stage.batch(0, *views(stage, 0, 1)))
    with pytest.raises(CrashError, match="the broker is gone"):
        async with asyncio.timeout(3):
            await run


async def test_a_state_of_another_version_is_refused_and_the_producer_is_closed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise UnknownVersionError("state of version 99, known is 1")

    monkeypatch.setattr(agents.worker.stored, "PartitionFold", unknown)
    with pytest.raises(UsageError, match="partition 1: state of version 99"):
        await owned(stage.owner())
    assert [producer.stopped for producer in stage.producers] == [1]


async def test_i4_the_log_is_what_was_delivered(stage: Stage) -> None:
    """Nothing of `activity` is written by an owner but its position."""
    owner = await stage.opened()
    owner.deliver(stage.batch(0, *views(stage, 0, 2)))
    await fold_batch(owner)
    assert stage.written(ACTIVITY.name) == []
