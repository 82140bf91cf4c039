"""What a tick of one partition costs: by how many timers are due, not by how many learners."""

import argparse
import resource
from collections.abc import Iterator
from time import process_time
from typing import Final

from benchmarks.machine import heading
from benchmarks.outcome.tables import table
from domain.configuration import Configuration
from domain.course_facts import Assessment, CourseFacts
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.scoring import no_snapshots
from domain.state.course import Course
from domain.state.learner import Header, Learner, new_learner

LEARNERS: Final = 1_000_000
DAY: Final = 86_400
START: Final = 1_700_000_000
_DUE: Final = (0, 1, 100, 10_000)
_COURSE: Final = "course"
_SILENT: Final = START - 5 * DAY


class Silent:
    """A store of learners who say nothing: their headers, and each state when it is asked for.

    The timers of `due` learners lie a second after START, those of all others in the 90 days
    from a day later on.
    """

    def __init__(self, learners: int, due: int) -> None:
        self._learners = learners
        self._due = due
        self.asked = 0

    def _wake_at(self, number: int) -> int:
        return START + 1 if number < self._due else START + DAY + number * 7919 % (90 * DAY)

    def headers(self) -> Iterator[Header]:
        """The header of every learner."""
        for number in range(self._learners):
            yield Header(5, str(number), 1, self._wake_at(number), [_COURSE])

    def get(self, user_id: str) -> Learner | None:
        """A learner in the course, silent for five days, whose work is due tomorrow."""
        self.asked += 1
        state = new_learner(user_id)
        state.courses.append(Course(_COURSE, enrolled_at=_SILENT - 30 * DAY, first_at=_SILENT))
        state.course_ids = [_COURSE]
        state.first_event_at = state.last_event_at = state.last_work_at = _SILENT
        state.wake_at, state.steps = self._wake_at(int(user_id)), 1
        return state

    reload = get


def main(arguments: list[str]) -> None:
    """Print what a tick takes with so many silent learners, for some numbers of timers due."""
    parser = argparse.ArgumentParser(prog="benchmarks ticks", description=__doc__)
    parser.add_argument("--learners", type=int, default=LEARNERS, help="silent ones (1,000,000)")
    learners = parser.parse_args(arguments).learners
    rows = [_row(learners, due) for due in _DUE]
    head = (
        "timers due",
        "take-over, CPU s",
        "tick, CPU ms",
        "CPU us a timer",
        "states read",
        "alerts",
    )
    print(f"{heading()}\n\n{learners:,} learners, one partition.\n\n{table(head, rows)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory: {peak:,.0f} MiB, of the states that woke, too.")


def _row(learners: int, due: int) -> tuple[str, ...]:
    store = Silent(learners, due)
    facts = CourseFacts(
        course_id=_COURSE,
        starts_at=START - 40 * DAY,
        ends_at=START + 200 * DAY,
        assessments=(Assessment(id="essay", due_at=START + DAY),),
    )
    began = process_time()
    fold = PartitionFold(
        new_checkpoint(0, 1, "topic", "wall"),
        Configuration(),
        {_COURSE: facts},
        store,
        no_snapshots,
    )
    taken = process_time() - began
    effects = fold.begin()
    fold.adopt(fold.next_input("tick", {"at": START}), effects)  # nothing is due by then
    assert not effects.changed, "no timer was due"
    began = process_time()
    fold.adopt(fold.next_input("tick", {"at": START + 2}), effects)
    took = process_time() - began
    assert len(effects.changed) == due, "every timer that was due fired, and no other"
    each = f"{1e6 * took / due:,.0f}" if due else "-"
    return (
        f"{due:,}",
        f"{taken:.2f}",
        f"{1e3 * took:,.3f}",
        each,
        f"{store.asked:,}",
        f"{len(effects.transitions):,}",
    )
