"""Workers of two neighbouring versions side by side, on real servers."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from kafka.consumer.fetcher import ConsumerRecord
from msgspec.structs import replace

from contracts.inputs import decode_input
from contracts.state_keys import TAKEN_KEY, is_learner
from contracts.topics import COURSES, INPUTS, STATE, TRANSITIONS
from domain.ids import partition_of
from domain.state.learner import (
    STATE_VERSION,
    new_learner,
)
from domain.stored.checkpoint import CHECKPOINT_VERSION, FOLD_VERSION
from domain.stored.codec import encode_checkpoint, encode_learner
from proof.compare import transition_id
from runtime.database import connect_now
from runtime.settings import Settings
from sinks.migrate import migrate
from tests.asking import a_token, asking, store
from tests.integration.test_verify import ROOT, environment
from tests.sinking import a_checkpoint
from tests.working import (
    checkpoints_of,
    course_facts,
    days_of_work,
    running,
    send,
    stored,
    wait_until_folded,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

OLD, NEXT = "cli.main", "tests.next_version"
FIRST = [f"u{number}" for number in range(24)]
SECOND = [f"v{number}" for number in range(24)]
THIRD = [f"w{number}" for number in range(24)]


@pytest.fixture
def stack(topics: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Topics, tables, a course, and a sink of the next version: sinks are upgraded first."""
    migrate(topics)
    send(topics, [course_facts()], COURSES.name)
    settings = topics.model_copy(
        update={
            "clock": "stream",
            "session_timeout_seconds": 2.0,
            "data_dir": tmp_path / "data",
        }
    )
    with a_sink(settings, tmp_path, NEXT):
        yield settings


@contextmanager
def a_sink(settings: Settings, folder: Path, program: str) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"sink-{program}.log").open("wb") as log:
        command = [sys.executable, "-m", program, "sink"]
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment(settings), cwd=ROOT
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def verified(settings: Settings, program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", program, "verify", "--json", "--wait", "60"]
    return subprocess.run(
        command,
        env=environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def versions(settings: Settings) -> set[int]:
    """The versions of the learners' states that stand there."""
    newest = {r.key: r.value for r in stored(settings, STATE.name) if is_learner(r.key)}
    return {msgspec.msgpack.decode(value)[0] for value in newest.values()}


def written(settings: Settings) -> list[ConsumerRecord]:
    """What workers wrote but their fence markers."""
    return [r for r in stored(settings, STATE.name) if r.key != TAKEN_KEY]


def fold_versions(settings: Settings) -> set[tuple[int, ...]]:
    """The versions of the fold that each partition adopted, in order."""
    adopted: dict[int, list[int]] = {}
    for record in stored(settings, INPUTS.name):
        value = decode_input(record.value)
        if value.kind == "fold_version":
            version = msgspec.json.decode(value.payload)["version"]
            adopted.setdefault(record.partition, []).append(version)
    return {tuple(each) for each in adopted.values()}


def test_i1_i3_i4_workers_of_two_versions_do_each_other_no_harm(
    stack: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "w"
    with running(stack, folder) as first, running(stack, folder) as second:
        send(stack, days_of_work(FIRST))
        wait_until_folded(stack)
        assert first.stop() == 0
        with running(stack, folder, program=(NEXT, "worker")) as upgraded:
            upgraded.owns(1)
            send(stack, days_of_work([*FIRST, *SECOND], tag="more"))
            wait_until_folded(stack)
            assert versions(stack) == {STATE_VERSION, STATE_VERSION + 1}
            assert upgraded.stop() == 0
        before = written(stack)
        assert second.ended(60) == 2
        expected = (
            f"learner state of version {STATE_VERSION + 1}, and this program reads versions 1 to "
            f"{STATE_VERSION}: a newer one wrote it"
        )
        assert expected in second.said()
        assert "Traceback" not in second.said()
        assert written(stack) == before
        assert all(each.halted is None for each in checkpoints_of(stack).values())
    with running(stack, folder, program=(NEXT, "worker")) as last:
        last.owns(stack.partitions)
        send(stack, days_of_work([*FIRST, *SECOND, *THIRD], tag="last"))
        wait_until_folded(stack)
        assert_nothing_is_lost_or_twice(stack)
        proven = verified(stack, NEXT)
        refused = verified(stack, OLD)
    assert_proven(proven)
    assert_refused(refused)


def assert_nothing_is_lost_or_twice(settings: Settings) -> None:
    sent = len(days_of_work(FIRST)) * 3 + len(days_of_work(SECOND)) * 2 + len(days_of_work(THIRD))
    counters = [each.counters for each in checkpoints_of(settings).values()]
    assert sum(each.events for each in counters) == sent
    assert sum(each.duplicates + each.rejected + each.defects for each in counters) == 0
    told = Counter(transition_id(r.value) for r in stored(settings, TRANSITIONS.name))
    assert [name for name, times in told.items() if times > 1] == []
    assert max(map(len, fold_versions(settings))) >= 2
    assert {each[-1] for each in fold_versions(settings)} == {FOLD_VERSION + 1}


def assert_proven(proven: subprocess.CompletedProcess[str]) -> None:
    report = json.loads(proven.stdout)
    assert (proven.returncode, report["equal"]) == (0, True), report
    assert report["checks"]["progress.state: learners"]["found"] >= len(THIRD)
    assert any("another version folded what is before offset" in note for note in report["notes"])


def assert_refused(refused: subprocess.CompletedProcess[str]) -> None:
    report = json.loads(refused.stdout)
    assert refused.returncode == 1
    checks = report["checks"].values()
    assert not any(each["missing"] + each["extra"] + each["different"] for each in checks), report
    named: Sequence[str] = report["checks"]["progress.state: learners"]["named"]
    assert f"a newer program folded this log last (fold version {FOLD_VERSION + 1}" in named[0]
    assert "Traceback" not in refused.stderr


def test_an_older_sink_ends_at_a_newer_state_and_loses_nothing(
    topics: Settings, tmp_path: Path
) -> None:
    migrate(topics)
    settings = topics.model_copy(update={"clock": "stream", "data_dir": tmp_path / "data"})
    send(settings, days_of_work(["u1"]))
    with running(settings, tmp_path / "w", program=(NEXT, "worker")):
        wait_until_folded(settings)
        with a_sink(settings, tmp_path, OLD) as sink:
            assert sink.wait(40) == 2
        assert "a newer one wrote it" in (tmp_path / f"sink-{OLD}.log").read_text()
        with a_sink(settings, tmp_path, NEXT):
            assert verified(settings, NEXT).returncode == 0


async def test_an_older_api_says_that_it_is_older(settings: Settings) -> None:
    migrate(settings)
    here = partition_of(b"ada", settings.partitions)
    await store(settings, new_learner("ada"), checkpoints=[a_checkpoint(here)])
    state = replace(new_learner("ada"), version=STATE_VERSION + 1)
    checkpoint = replace(a_checkpoint(here), version=CHECKPOINT_VERSION + 1)
    page = "/api/v1/progress/real-time-dashboard"
    async with asking(settings, a_token(settings, "ada")) as client:
        assert (await client.get(page)).status_code == 200
        with connect_now(settings, "test") as connection:
            connection.execute(
                "UPDATE learner SET state = %s WHERE user_id = 'ada'", [encode_learner(state)]
            )
        answer = await client.get(page)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        with connect_now(settings, "test") as connection:
            connection.execute(
                "UPDATE partition_record SET record = %s", [encode_checkpoint(checkpoint)]
            )
        (reason,) = (await client.get("/readyz/api")).json()["reasons"]
    assert reason["code"] == "version"
    assert f"checkpoint of version {CHECKPOINT_VERSION + 1}, and this program" in reason["detail"]
