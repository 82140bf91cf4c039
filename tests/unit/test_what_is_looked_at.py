"""What rules look at: what cannot be said yet is not worked out, at the first event above all."""

import pytest

from domain.changes import Change, CourseAdded, Predicted, SilenceEnded
from domain.configuration import Configuration, Rules
from domain.course_facts import CourseFacts
from domain.engaged import engaged
from domain.fold import reacting
from domain.rules.inactive_days import InactiveDays, may_be_high
from domain.state.learner import Learner
from domain.step import Step
from tests.factories import COURSE, Bench, at, course, enrolled, submitted, viewed
from tests.ruling import step

DUE = course(assessments={"a1": at(5)})


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[type[Change]]:
    """Every change that the rules were shown."""
    seen: list[type[Change]] = []
    look = reacting._look

    def note(changes: list[Change], state: Learner, step: Step) -> None:
        seen.extend(each.__class__ for each in changes)
        look(changes, state, step)

    monkeypatch.setattr(reacting, "_look", note)
    return seen


def test_who_comes_for_the_first_time_ends_no_silence(looked_at: list[type[Change]]) -> None:
    bench = Bench().send(viewed(at(0)))
    assert CourseAdded in looked_at
    assert SilenceEnded not in looked_at
    bench.send(viewed(at(91, minutes=1), "p2"))
    assert SilenceEnded in looked_at


def test_whose_first_event_comes_late_was_silent_until_then(looked_at: list[type[Change]]) -> None:
    bench = Bench(clock="stream").send(viewed(at(92), user="8"))
    assert SilenceEnded not in looked_at
    bench.send(enrolled(at(0)))
    assert SilenceEnded in looked_at


def test_rules_about_predictions_look_where_there_is_one_or_an_alert(
    looked_at: list[type[Change]],
) -> None:
    bench = Bench(facts=DUE).send(enrolled(at(0)), viewed(at(0)))
    assert Predicted not in looked_at
    bench.tick(at(7, minutes=1)).send(viewed(at(8), "p2"))
    assert [alert.rule for alert in bench.learner().alerts] == ["missed_deadline"]
    assert Predicted in looked_at


@pytest.mark.parametrize(
    ("facts", "profile", "high"),
    [
        (DUE, "standard", True),
        (course(), "standard", False),
        (DUE, "daily", True),
        (course(), "daily", True),
    ],
)
def test_a_silence_may_be_high_where_it_has_three_levels(
    facts: CourseFacts, profile: str, *, high: bool
) -> None:
    daily = Rules(inactive_days=InactiveDays(profile=profile))  # type: ignore[arg-type]
    here = step(facts, configuration=Configuration(rules=daily))
    (each,) = engaged(Bench(facts=facts).send(enrolled(at(0))).learner(), {COURSE: facts})
    assert may_be_high(each, here) is high


def test_a_silence_is_never_high_once_all_is_submitted() -> None:
    learner = Bench(facts=DUE).send(enrolled(at(0)), submitted(at(1), "a1")).learner()
    (each,) = engaged(learner, {COURSE: DUE})
    assert not may_be_high(each, step(DUE))
