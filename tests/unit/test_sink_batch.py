"""What a batch of the sink comes to, without servers."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

import api.snapshots
import sinks.cohort
import sinks.position
from contracts.alert_event import encode_transition
from contracts.state_keys import PARTITION_KEY, course_key
from domain.alerts import Transition
from domain.state.learner import STATE_VERSION
from domain.stored.checkpoint import CHECKPOINT_VERSION
from domain.stored.codec import encode_checkpoint, encode_learner
from runtime.database import statements
from runtime.errors import CrashError, LossError, UsageError
from sinks.batch import newest_alerts, newest_states, number_array, text_array
from sinks.cohort import is_due
from sinks.migrate import migration_files
from sinks.position import Log, Position, check_position
from tests.asking import Written
from tests.kept.keeping import read_kept
from tests.sinking import TODAY, a_checkpoint, a_learner, a_transition, resolved


def states(*steps: int) -> list[Written]:
    return [
        Written(b"ada", encode_learner(a_learner("ada", step, days=[TODAY])), offset)
        for offset, step in enumerate(steps)
    ]


def alerts(*transitions: Transition) -> list[Written]:
    return [Written(b"ada", encode_transition(each)) for each in transitions]


def test_only_the_newest_state_of_a_learner_is_kept() -> None:
    ((row, data),) = newest_states(states(1, 2, 3)).learners
    assert (row.user_id, row.steps) == ("ada", 3)
    assert data == encode_learner(a_learner("ada", 3, days=[TODAY]))


def test_reserved_keys_are_not_learners() -> None:
    found = newest_states(
        [
            Written(PARTITION_KEY, encode_checkpoint(a_checkpoint(2, next=5))),
            Written(course_key("algebra"), b"{}"),
            Written(PARTITION_KEY, encode_checkpoint(a_checkpoint(2, next=9))),
        ]
    )
    assert (found.learners, found.facts) == ([], {"algebra": b"{}"})
    assert found.checkpoint is not None
    assert found.checkpoint[0].next == 9


def test_a_tombstone_removes_a_learner() -> None:
    record = Written(b"ada", b"x")._replace(value=None)  # type: ignore[arg-type]
    assert newest_states([*states(1), record]).removed == ["ada"]


def test_a_newer_versions_state_or_checkpoint_ends_a_sink_until_it_is_upgraded() -> None:
    state = replace(a_learner("ada", 1), version=STATE_VERSION + 1)
    checkpoint = replace(a_checkpoint(0), version=CHECKPOINT_VERSION + 1)
    for key, data in (
        (b"ada", encode_learner(state)),
        (PARTITION_KEY, encode_checkpoint(checkpoint)),
    ):
        with pytest.raises(UsageError, match=r"offset 7 of the states: .*a newer one wrote it"):
            newest_states([Written(key, data, 7)])


def test_an_older_versions_state_is_written_as_it_is() -> None:
    older = next(each for each in read_kept(3).states if each.user_id == "over-1")
    ((row, data),) = newest_states([Written(b"over-1", older.data)]).learners
    assert (row.user_id, data) == ("over-1", older.data)


@pytest.mark.parametrize("value", [b"", b"\xc1", encode_checkpoint(a_checkpoint(0))])
def test_what_cannot_be_read_ends_the_process(value: bytes) -> None:
    with pytest.raises(CrashError, match="offset 7"):
        newest_states([Written(b"ada", value, 7)])
    with pytest.raises(CrashError, match="offset 7"):
        newest_alerts([Written(b"ada", value, 7)])


def test_an_alert_keeps_its_newest_telling_and_its_newest_end() -> None:
    raised = a_transition("ada", "a")
    updated = a_transition("ada", "a", 2, kind="updated", severity="high")
    ended = resolved("ada", "a", 3)
    found = newest_alerts(alerts(raised, updated, raised, ended, updated, ended))
    assert [told for told, _ in found.published] == [updated]
    assert found.ended == [ended]


def test_what_does_not_raise_the_revision_is_as_if_it_had_not_been_told() -> None:
    raised, ended = a_transition("ada", "a"), resolved("ada", "a", 2)
    again = a_transition("ada", "a", severity="high")
    updated = a_transition("ada", "a", 2, kind="updated")
    found = newest_alerts(alerts(raised, ended, again, updated, resolved("ada", "a", 3)))
    assert [told for told, _ in found.published] == [raised]
    assert [end.revision for end in found.ended] == [3]


def test_array_literals_quote_what_postgres_would_read_otherwise() -> None:
    assert number_array([1, -2, 0]) == "{1, -2, 0}"
    assert text_array([]) == "{}"
    assert text_array(['a"b', "c\\d", "NULL", "{,}"]) == r'{"a\"b","c\\d","NULL","{,}"}'


def test_a_position_fits_its_log() -> None:
    log = Log("states", 0, "id-1", 5, 20)
    for good in (5, 20):
        check_position(Position("states", 0, "id-1", good), log)
    for bad, words in (
        (Position("states", 0, "id-0", 10), "deleted and made again"),
        (Position("states", 0, "id-1", 4), "1 offsets are gone"),
        (Position("states", 0, "id-1", 21), "ends at 20"),
    ):
        with pytest.raises(LossError, match=words):
            check_position(bad, log)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert migration_files()


def test_an_sql_file_is_a_list_of_named_statements_of_one_line(tmp_path: Path) -> None:
    file = tmp_path / "some.sql"
    file.write_text("-- About.\n\n-- name: one\nSELECT 1\n\n-- name: two\nSELECT -- two\n    2\n")
    assert statements(file) == {"one": "SELECT 1", "two": "SELECT 2"}
    for bad in ("SELECT 1\n-- name: one\nSELECT 1\n", "-- name: a\nSELECT 1\n-- name: a\nSELECT 2"):
        file.write_text(bad)
        with pytest.raises(AssertionError):
            statements(file)


@pytest.mark.parametrize(
    ("names", "folder"),
    [(sinks.position.SQL, "sinks"), (sinks.cohort.SQL, "sinks"), (api.snapshots.SQL, "api")],
)
def test_every_statement_is_used(names: dict[str, str], folder: str) -> None:
    root = Path(sinks.position.__file__).parents[1]
    code = "".join(path.read_text() for path in (root / folder).glob("*.py"))
    assert [name for name in names if not re.search(rf'"{name}"', code)] == []


def test_cohorts_are_due_on_a_new_day_and_while_few_learners_become_many() -> None:
    assert not is_due(7, 5, 7, 5)
    assert not is_due(7, 9, 7, 5)
    assert is_due(8, 5, 7, 5)
    assert is_due(7, 10, 7, 5)
    assert is_due(7, 2, 7, 0)
    assert not is_due(7, 0, 7, 0)
    assert not is_due(7, 40_000, 7, 10_000)
