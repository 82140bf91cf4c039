"""What `benchmarks live` makes of what a page and streams have seen, on made-up figures."""

import pytest

from api.changes import STREAMS_MAX, STREAMS_OF_ONE_MAX
from benchmarks import live
from benchmarks.chromium import NAMES
from benchmarks.live_load.page import Changed
from benchmarks.live_load.streams import Stream, hinted, readers
from runtime.errors import UsageError


def test_an_event_is_shown_by_the_first_number_that_counts_it() -> None:
    changed = Changed(
        began=4,
        sent=[100.0, 200.0, 300.0, 400.0],
        seen=[(5, 150.0), (7, 420.0)],
        asked=[(110.0, 140.0), (310.0, 410.0), (500.0, 510.0)],
    )
    assert changed.times() == [50.0, 220.0, 120.0]
    assert changed.stages() == [[10.0, 30.0, 10.0], [110.0, 100.0, 10.0], [10.0, 100.0, 10.0]]
    assert changed.missing() == 1


def test_nothing_is_made_of_a_number_that_never_changed() -> None:
    changed = Changed(began=4, sent=[100.0], seen=[], asked=[])
    assert (changed.times(), changed.stages(), changed.missing()) == ([], [], 1)


def test_an_event_is_hinted_at_by_each_stream_of_its_learner() -> None:
    streams = [Stream("a"), Stream("a"), Stream("b")]
    for stream, lines in zip(
        streams,
        [
            [(b"id: 7-0\n", 90.0), (b"id: 8-0\n", 130.0), (b"event: changed\n", 130.0)],
            [(b"id: 7-0\n", 90.0), (b"retry: 2000\n", 95.0)],
            [(b"id: 1-3\n", 90.0), (b"id: 3-3\n", 260.0)],  # two changes in one hint
        ],
        strict=True,
    ):
        for line, at in lines:
            stream.take(line, at)
    found = hinted(streams, {"a": [100.0], "b": [150.0, 250.0]}, {"a": 7, "b": 1})
    assert found.times == [30.0, 110.0, 10.0]
    assert found.lost == 1


def test_a_hint_from_before_an_event_is_not_the_event_s() -> None:
    stream = Stream("a")
    stream.take(b"id: 8-0\n", 90.0)  # a timer of the learner
    assert hinted([stream], {"a": [100.0]}, {"a": 7}).lost == 1


def test_no_learner_has_more_streams_than_one_may() -> None:
    users = readers(1_001)
    counts = {user: users.count(user) for user in users}
    assert len(users) == 1_001
    assert set(counts.values()) == {STREAMS_OF_ONE_MAX, STREAMS_OF_ONE_MAX - 1}


@pytest.mark.parametrize(
    "wrong",
    [
        ["--streams", "1"],
        ["--streams", str(STREAMS_MAX + 1)],
        ["--learners", "0"],
        ["--shown", "0"],
        ["--rate", "3"],
        ["--seconds", "1"],
    ],
)
def test_what_cannot_be_measured_is_refused(wrong: list[str]) -> None:
    with pytest.raises(UsageError, match="expected"):
        live.main(wrong)


def test_without_a_browser_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("TEST_BROWSER", raising=False)
    with pytest.raises(UsageError, match="install chromium"):
        live.main([])
    assert "chromium" in NAMES
