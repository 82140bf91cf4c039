"""What the judge of the page calls wrong, on values that are made up."""

import pytest

from benchmarks.chromium import NAMED
from runtime.settings import Settings
from tests.browsing import REQUIRED
from tests.faults.load import Sender
from tests.faults.page_judge import PageJudge, Sentences, own_sentences
from tests.faults.page_reader import a_page_reader
from tests.faults.plan import draw
from tests.faults.shown import MODULES, done_after

LINES = (
    "Up to date at 09:41",
    "Not connected, trying again",
    "Figures from 09:41: the database does not answer",
    "The newest activities are 7 seconds behind",
    "Replay of history: now is 4 December 2024",
    "The server does not answer. This page tries again by itself.",
    "Your figures have changed (2).",
    "Nothing is predicted of the next score yet.",
)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def judge(told: list[str]) -> PageJudge:
    return PageJudge(told.append)


def test_i6_a_number_of_the_page_that_goes_back_is_told(judge: PageJudge, told: list[str]) -> None:
    for text in ("1% done", "1% done", "3% done", "2% done", "3% done"):
        judge.take("done", text)
    judge.take("longest", "longest: 1 day")
    judge.take("longest", "longest: 2 days")
    assert told == ["I6: 'done' of the page went back from 3 to 2"]
    assert judge.figures() == {
        "done": {"values": 4, "last": 3},
        "longest": {"values": 2, "last": 2},
        "lines": 0,
    }


@pytest.mark.parametrize("text", ["NaN% done", "", "none", "4"])
def test_i6_what_is_no_number_in_its_place_is_told(
    judge: PageJudge, told: list[str], text: str
) -> None:
    judge.take("done", text)
    assert len(told) == 1


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_page_s_own_is_none_to_tell(
    judge: PageJudge, told: list[str], line: str
) -> None:
    judge.take("line", f"▲{line}")
    judge.take("line", "")
    assert told == []
    assert judge.lines == {line: 1}


@pytest.mark.parametrize(
    "line",
    [
        "Failed to fetch",
        "TypeError: Cannot read properties of undefined (reading 'body')",
        "ui.error.network",
        "503",
        "The newest activities are NaN seconds behind",
        "The newest activities are {seconds} seconds behind",
        "Replay of history: now is undefined",
        "Your figures have changed (2). Failed to fetch",
    ],
)
def test_i6_a_line_that_is_no_sentence_of_the_page_is_told_once(
    judge: PageJudge, told: list[str], line: str
) -> None:
    judge.take("line", line)
    judge.take("line", line)
    assert told == [f"I6: the page: it showed what is no sentence of its: {line!r}"]


def test_i6_what_a_console_says_is_told(judge: PageJudge, told: list[str]) -> None:
    judge.take("fault", "Not connected, trying again")
    assert told == ["I6: the page: its console said: 'Not connected, trying again'"]


def test_two_sentences_may_stand_in_one_line() -> None:
    own = own_sentences()
    assert own.say("At your pace you are done on 4 May. It may be any time from 2 May to 9 May.")
    assert not own.say("")


def test_a_text_of_hardly_any_words_says_nothing() -> None:
    assert not Sentences(["{low} to {high}"]).say("1 to 2")
    assert Sentences(["from {low} up to {high}"]).say("from 1 up to 2")


def test_no_percent_of_the_learner_who_is_shown_lies_between_two() -> None:
    assert [done_after(events) for events in (0, 1, 2, 3, 4, MODULES + 1)] == [0, 0, 0, 1, 1, 100]
    assert all((200 * done) % MODULES or not (200 * done // MODULES) % 2 for done in range(MODULES))


def test_a_browser_is_missed_only_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate({"KAFKA_BOOTSTRAP": "nowhere:1"})
    sender = Sender(settings, draw(1))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.delenv(REQUIRED, raising=False)
    assert a_page_reader(settings, sender) is None
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(AssertionError, match="install chromium"):
        a_page_reader(settings, sender)
