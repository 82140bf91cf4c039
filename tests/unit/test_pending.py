"""What a learner changed is seen at once, until the stream has it."""

from itertools import permutations
from typing import Final

from api.alert_shapes import Preferences
from api.pending import NOTHING, PENDING_MAX, SAID_SECONDS, PendingWrites, Said
from api.preferences import DEFAULT
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
