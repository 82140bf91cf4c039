"""A simulated course in Postgres, folded in memory and written by the sink's own statements."""

from typing import NamedTuple

from contracts.alert_event import encode_transition
from contracts.course_facts import decode_course_facts
from contracts.state_keys import PARTITION_KEY, course_key
from domain.alerts import Transition
from domain.configuration import Configuration
from domain.events.decode import Record, Rejected
from domain.fold.partition import PartitionFold, new_checkpoint
from domain.keepers.days import local_day
from domain.scoring import no_snapshots
from domain.stored.codec import encode_checkpoint, encode_facts
from feeds.faults import Tally
from feeds.simulate import Simulation
from proof.memory import MemoryStore
from runtime.database import connect
from runtime.settings import Settings
from sinks.batch import newest_alerts, newest_states
from sinks.cohort import refresh_cohort
from sinks.migrate import migrate
from sinks.tables import write_alerts, write_states

_ARRIVED = 2_000_000_000_000  # milliseconds; later than every event
_BATCH = 5_000


class Row(NamedTuple):
    """A record as the sink reads it."""

    key: bytes
    value: bytes
    offset: int = 0


async def write_rows(settings: Settings, plan: Simulation) -> list[str]:
    """Fill an empty database of one partition; returns the ids of the learners in it."""
    assert settings.partitions == 1, "all learners are folded as one partition"
    store = MemoryStore()
    fold, transitions = _folded(plan, store)
    rows = [Row(user_id.encode(), data) for user_id, data in store.bytes.items()]
    rows += [Row(course_key(name), encode_facts(facts)) for name, facts in fold.facts.items()]
    rows.append(Row(PARTITION_KEY, encode_checkpoint(fold.checkpoint)))
    alerts = [
        Row(each.user_id.encode(), encode_transition(each))
        for each in transitions
        if each.in_history
    ]
    migrate(settings)
    async with await connect(settings, "benchmark") as connection:
        await write_states(connection, 0, newest_states(rows), plan.until)
        await write_alerts(connection, newest_alerts(alerts))
        today = local_day(plan.until, settings.timezone)
        await refresh_cohort(connection, today, plan.until)
        await connection.execute("ANALYZE")
    return sorted(store.bytes)


def _folded(plan: Simulation, store: MemoryStore) -> tuple[PartitionFold, list[Transition]]:
    checkpoint = new_checkpoint(0, 1, "benchmark", "stream")
    fold = PartitionFold(checkpoint, Configuration(), {}, store, no_snapshots)
    effects = fold.begin()
    for item in plan.facts():
        facts = decode_course_facts(item.key, item.value)
        assert not isinstance(facts, Rejected)
        fold.adopt(fold.next_input("course", facts), effects)
    found = [
        Record(offset, _ARRIVED, item.key, item.value)
        for offset, item in enumerate(plan.records(Tally()))
    ]
    for first in range(0, len(found), _BATCH):
        fold.fold(found[first : first + _BATCH], effects)
        store.commit(effects.changed)
    return fold, effects.transitions
