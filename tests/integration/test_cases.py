"""Our own cases on real stacks, as `make cases` runs them on any folder."""

from pathlib import Path

import pytest

from devstack.kafka import EmbeddedKafka
from devstack.postgres import EmbeddedPostgres
from tests.cases.judging import table
from tests.cases.reading import OWN, load
from tests.cases.running import Ground, run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_every_case_of_ours_is_seen_as_it_says(
    kafka_server: EmbeddedKafka,
    postgres_server: EmbeddedPostgres,
    server_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("KAFKA_BOOTSTRAP", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    rows = list(run(load(OWN), Ground(kafka_server, postgres_server, server_folder)))
    wrong = [row for row in rows if not row.ok]
    assert not wrong, f"\n{table(wrong)}"
