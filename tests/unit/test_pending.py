"""What a learner changed is seen at once, until the stream has it."""

from itertools import permutations
from random import Random
from typing import Final

import pytest

from api.alert_shapes import Preferences
from api.pending import (
    GOALS_WAITING_MAX,
    NOTHING,
    PENDING_MAX,
    SAID_SECONDS,
    PendingWrites,
    Said,
)
from api.preferences import DEFAULT
from domain.keepers import goals
from domain.state.learner import Goal, Learner, new_learner
from domain.state.limits import GOALS_MAX
from tests.sinking import a_checkpoint

ALERT: Final = "00000000-0000-5000-8000-000000000001"
WANTED: Final = Preferences(
    muted_types=["achievement"],
    muted_categories=[],
    min_severity="low",
    quiet_hours=None,
    max_per_day=None,
    version=1,
)


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_preferences_lie_over_the_row_until_the_partition_has_passed_them() -> None:
    writes = PendingWrites()
    writes.set_preferences("ada", WANTED, 7)
    for checkpoint in (None, a_checkpoint(0, next=0), a_checkpoint(0, next=7)):
        assert writes.of("ada", checkpoint).preferences == WANTED
    assert writes.of("ada", a_checkpoint(0, next=8)) == NOTHING
    assert writes.of("ada", None) == NOTHING  # and it is forgotten
    assert writes.of("ben", None) == NOTHING


def test_a_response_lies_over_its_row_for_a_minute_more_than_it_takes_to_be_passed() -> None:
    time = Time()
    writes = PendingWrites(time)
    writes.respond("ada", ALERT, Said(acknowledged_at=5), 7)
    for now, passed in ((SAID_SECONDS, 8), (SAID_SECONDS + 1, 7)):
        time.now = now
        assert writes.of("ada", a_checkpoint(0, next=passed)).said == {
            ALERT: Said(acknowledged_at=5)
        }
    assert writes.of("ada", a_checkpoint(0, next=8)) == NOTHING
    assert writes.of("ada", None) == NOTHING


def test_responses_to_one_alert_are_put_together() -> None:
    writes = PendingWrites()
    writes.respond("ada", ALERT, Said(acknowledged_at=5), 7)
    writes.respond("ada", ALERT, Said(feedback="useful", feedback_at=6), 8)
    pending = writes.of("ada", None)
    assert pending.said == {ALERT: Said(5, "useful", 6)}
    assert pending.over(ALERT, Said(3, "acted", 9)) == Said(3, "acted", 9)
    assert pending.over(ALERT, Said()) == Said(5, "useful", 6)
    assert pending.over("another", Said(1)) == Said(1)
    assert NOTHING.over(ALERT, Said(1)) == Said(1)


def test_the_first_acknowledgement_and_the_newest_feedback_count_in_any_order() -> None:
    given = [Said(acknowledged_at=5), Said(acknowledged_at=3), Said(None, "acted", 6)]
    given.append(Said(None, "useful", 4))
    for order in permutations(given):
        said = Said()
        for each in order:
            said = said.and_then(each)
        assert said == Said(3, "acted", 6)
    assert Said(None, "acted", 6).and_then(Said(None, "useful", 6)).feedback == "useful"


def test_so_many_learners_are_remembered() -> None:
    writes = PendingWrites()
    for number in range(PENDING_MAX + 1):
        writes.set_preferences(str(number), DEFAULT, 1)
        writes.respond(str(number), ALERT, Said(acknowledged_at=1), 1)
    assert writes.of("0", None) == NOTHING
    assert writes.of("1", None) != NOTHING


# -- goals ---------------------------------------------------------------------------------------


def a_goal(goal_id: str, at: int, target: float = 5.0) -> Goal:
    return Goal(goal_id, "streak_days", None, target, at)


def shown(writes: PendingWrites, state: Learner, passed: int) -> list[str]:
    """The ids of the goals that stand for a learner whose rows are of this offset."""
    pending = writes.of("ada", a_checkpoint(0, next=passed))
    return [each.goal_id for each in goals.standing(pending.folded_into(state))]


def test_a_goal_lies_over_the_state_until_the_partition_has_passed_it() -> None:
    writes, state = PendingWrites(), new_learner("ada")
    state.goals = [a_goal("old", 1)]
    writes.set_goal("ada", a_goal("new", 2), 7)
    writes.set_goal("ada", goals.removed("old", 3), 8)
    assert shown(writes, state, 7) == ["new"]
    assert shown(writes, state, 8) == []  # rows of this offset have the new one, or it was dropped
    assert shown(writes, state, 9) == ["old"]
    assert state.goals == [a_goal("old", 1)]  # what is held is left as it is
    assert writes.of("ben", None).folded_into(state) is state


def test_rows_that_were_read_before_the_newest_ones_have_the_goal_too() -> None:
    time = Time()
    writes, state = PendingWrites(time), new_learner("ada")
    writes.set_goal("ada", a_goal("g", 2), 7)
    assert shown(writes, state, 8) == []
    assert shown(writes, state, 7) == ["g"]
    time.now = SAID_SECONDS + 1
    assert shown(writes, state, 7) == ["g"]  # however long the stream takes
    assert shown(writes, state, 8) == []
    assert shown(writes, state, 7) == []  # and it is forgotten
    assert writes._goals == {}


def test_of_a_goal_the_newest_fact_lies_over_the_state_unless_it_is_known_to_be_older() -> None:
    writes, state = PendingWrites(), new_learner("ada")
    writes.set_goal("ada", a_goal("g", 2, 5.0), 7)
    writes.set_goal("ada", a_goal("g", 2, 6.0), 8)
    pending = writes.of("ada", None)
    assert pending.goals == (a_goal("g", 2, 6.0),)
    state.goals = [a_goal("g", 3, 7.0)]
    assert pending.folded_into(state).goals == [a_goal("g", 3, 7.0)]


def test_an_etag_differs_by_a_goal_that_is_pending() -> None:
    writes = PendingWrites()
    before = repr(writes.of("ada", None))
    writes.set_goal("ada", a_goal("g", 2), 7)
    set_ = repr(writes.of("ada", None))
    writes.set_goal("ada", goals.removed("g", 2), 8)
    assert len({before, set_, repr(writes.of("ada", None))}) == 3


def test_goals_that_the_state_has_no_room_for_are_dropped_over_it_as_they_will_be() -> None:
    state = new_learner("ada")
    state.goals = [a_goal(f"g{number:02}", number) for number in range(GOALS_MAX)]
    writes = PendingWrites()
    writes.set_goal("ada", a_goal("new", 100), 7)
    pending = writes.of("ada", None).folded_into(state)
    assert [each.goal_id for each in pending.goals] == [
        *(f"g{number:02}" for number in range(1, GOALS_MAX)),
        "new",
    ]
    assert (pending.overflow.goals, state.overflow.goals) == (1, 0)


@pytest.mark.parametrize("seed", range(20))
def test_what_lies_over_a_state_is_what_the_fold_will_make_of_it(seed: int) -> None:
    """Of a goal that was removed and set again, only the newest fact is held."""
    draw = Random(seed)
    writes, rows, folded = PendingWrites(), new_learner("ada"), new_learner("ada")
    for number in range(draw.randrange(GOALS_MAX + 1)):
        goals.put(rows, a_goal(f"g{number}", 0))
        goals.put(folded, a_goal(f"g{number}", 0))
    for offset in range(60):
        standing = [each.goal_id for each in goals.standing(folded)]
        name = f"g{draw.randrange(24)}"
        if name not in standing and len(standing) == GOALS_MAX:
            name = draw.choice(standing)
        is_set = name not in standing or draw.random() < 0.2
        fact = a_goal(name, offset, offset) if is_set else goals.removed(name, offset)
        goals.put(folded, fact)
        writes.set_goal("ada", fact, offset)
        over = writes.of("ada", None).folded_into(rows)
        assert goals.standing(over) == goals.standing(folded)
        assert over.overflow.goals == 0


def test_so_many_goals_of_so_many_learners_are_remembered() -> None:
    writes = PendingWrites()
    for number in range(2 * GOALS_WAITING_MAX + 1):
        writes.set_goal("ada", a_goal(str(number), number), number)
    waiting = [str(each) for each in range(1, 2 * GOALS_WAITING_MAX + 1)]
    assert [each.goal_id for each in writes.of("ada", None).goals] == waiting
    for number in range(PENDING_MAX):
        writes.set_goal(str(number), a_goal("g", 1), 1)
    assert writes.of("ada", None) == NOTHING
    assert writes.of("0", None) != NOTHING
