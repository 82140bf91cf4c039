"""Every rule about rows that go back, on the real tables."""

from collections.abc import Iterator

import psycopg
import pytest

from runtime.database import connect_now
from runtime.settings import Settings
from tests.faults.steps_back import RULES, Rule, steps_back, watch_for_steps_back

pytestmark = pytest.mark.integration

_ROWS = """
INSERT INTO position VALUES ('states', 2, 'an id', 9);
INSERT INTO partition_record VALUES (2, 9, 9, 'wall', '', 0);
INSERT INTO learner VALUES ('u1', 2, 9, '', '{}', 0, 0, '{}', '{}', '{}', 0);
INSERT INTO alert VALUES (
    '00000000-0000-0000-0000-000000000001', 'u1', 9, 'low_score', 'low', 'open', 0, 0, 0, null,
    null, ''
)"""


@pytest.fixture
def watched(settings: Settings) -> Iterator[psycopg.Connection]:
    with connect_now(settings, "test") as connection:
        watch_for_steps_back(connection)
        connection.execute(_ROWS)
        yield connection


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.table}-{rule.column}")
def test_a_row_that_goes_back_is_told_even_if_it_goes_on_at_once(
    watched: psycopg.Connection, rule: Rule
) -> None:
    for value in (10, 8, 11):
        watched.execute(f"UPDATE {rule.table} SET {rule.column} = {value}".encode())
    (told,) = steps_back(watched)
    assert told.startswith(f"{rule.rule}: {rule.column} of {rule.table} ")
    assert told.endswith("went from 10 to 8")


def test_a_position_that_is_written_again_is_told(watched: psycopg.Connection) -> None:
    watched.execute("UPDATE position SET next = 9")
    watched.execute("UPDATE learner SET updated_at = 1")
    assert steps_back(watched) == ["I4: next of position states 2 went from 9 to 9"]
