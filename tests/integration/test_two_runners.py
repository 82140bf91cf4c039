"""The two runners of benchmarks/models: the pure core in memory, and everything over Kafka."""

from pathlib import Path

import pytest

from benchmarks.models.lockstep import kafka_run
from benchmarks.models.pure import PureRun
from benchmarks.models.recorded import read
from domain.predictions import FORECASTS, TARGETS
from feeds.oulad import OuladOptions, read_oulad
from tests.oulad_folder import made_up

pytestmark = [pytest.mark.integration, pytest.mark.timeout(540)]

LEARNERS = {"AAA-2013B": 260, "AAA-2013J": 60, "BBB-2013J": 20}


def test_both_runners_record_the_same_lessons_and_alerts(tmp_path: Path) -> None:
    """Some hundred learners in three courses; two workers own the four partitions."""
    options = OuladOptions(made_up(tmp_path, LEARNERS), groups=True)
    pure = PureRun(read_oulad(options))
    for _ in pure.run():
        pass
    kept = tmp_path / "lessons.jsonl.gz"
    kafka = kafka_run(options, kept, workers=2)
    assert kafka.events == pure.recorded.events
    assert len(kafka.lessons) == len(pure.recorded.lessons)
    assert kafka.digest == pure.recorded.digest == read(kept).digest
    assert kafka.digest_of_alerts == pure.recorded.digest_of_alerts
    assert pure.recorded.raised
    shown = {e.target for each in kafka.lessons for e in each.examples if e.shown is not None}
    # 500 outcomes are needed for the one, a trend of a learner's scores for the others
    assert shown == set(TARGETS) - {"not_passing", *FORECASTS}
