"""Everything that a fault may touch, and the question whether all is well again."""

import os
import random
import time
from dataclasses import dataclass
from typing import Final

from devstack.places import listens
from tests.faults.load import Sender
from tests.faults.operator_view import OperatorView
from tests.faults.parts import Part, Parts, StuckError
from tests.faults.plan import PARTITIONS
from tests.faults.readers import ApiReader
from tests.faults.samplers import RowReader
from tests.faults.stage import Servers, Stage
from tests.faults.watching import Disturbances

WELL_SECONDS: Final = 120.0
START_SECONDS: Final = 90.0
DISTURBED_SECONDS: Final = 12.0
MEND_SECONDS: Final = 20.0
OUT_OF_SYNC: Final = b"is out of sync with the underlying log"
"""What a broker logs whose group coordinator read only a part of its log: it stays so for good.

Seen in Kafka 4.3.1 after a SIGKILL under load, with one copy of everything.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One run under way."""

    servers: Servers
    stage: Stage
    parts: Parts
    sender: Sender
    rows: RowReader
    api: ApiReader
    operator: OperatorView
    disturbed: Disturbances
    mended: list[int]
    """Where the broker's log ended at first, and when it was started again as an operator would."""

    def working(self) -> Part:
        """A worker that owns partitions; waits until there is one."""
        found: list[Part] = []

        def look() -> bool:
            found[:] = [part for part in self.parts.workers() if part.taken()]
            return bool(found)

        self.parts.until(look, START_SECONDS, "a worker that owns partitions")
        return found[0]

    def well(self, since: float) -> float:
        """When all was well again: what came after `since` is in Postgres, the API answers, and
        `/readyz` has nothing to say.

        Events go on coming, so that every partition gets one after the fault.
        """
        before = dict(self.sender.following)
        answers = self.api.answers
        targets: dict[int, int] = {}
        mend_from = time.monotonic() + MEND_SECONDS

        def through() -> bool:
            if time.monotonic() > mend_from:
                self.mend_broker()
            for partition, following in dict(self.sender.following).items():
                if following > before[partition]:
                    targets.setdefault(partition, following)
            return (
                len(targets) == PARTITIONS
                and all(self.rows.next[number] >= at for number, at in targets.items())
                and self.api.answers > answers
                and self.operator.ready_at > since
            )

        try:
            self.parts.until(through, WELL_SECONDS, "every partition through to Postgres")
        except StuckError as error:
            behind = {p: (self.rows.next[p], at) for p, at in targets.items()}
            raise StuckError(
                f"I5: {error}; rows and what they had to reach: {behind}; answers since: "
                f"{self.api.answers - answers}; /readyz said: {self.operator.told()['readyz']}"
            ) from error
        return time.monotonic() - since

    def kafka_reconnected(self) -> None:
        """Start the broker and wait until it listens."""
        kafka = self.servers.kafka
        kafka.launch()
        self.parts.until(lambda: listens(kafka.port), START_SECONDS, "the broker listens")
        self.disturbed.end(DISTURBED_SECONDS)

    def mend_broker(self) -> None:
        """Restart a broker that says of itself that it is out of sync, in order, as one would."""
        kafka = self.servers.kafka
        text = kafka.child.launch.log.read_bytes()
        if text.rfind(OUT_OF_SYNC) > self.mended[-1]:
            self.mended.append(len(text))
            self.disturbed.mended_at.append(time.monotonic())
            self.disturbed.begin()
            kafka.stop()
            self.kafka_reconnected()

    def gone(self, pid: int) -> None:
        """Wait until a process is no more."""

        def away() -> bool:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
            return False

        self.parts.until(away, START_SECONDS, f"the end of process {pid}")


def some(chance: random.Random, least: float, most: float) -> float:
    """A duration."""
    return chance.uniform(least, most)


def away(chance: random.Random) -> float:
    """How long a server stays away: some seconds, one time in four half a minute."""
    return 30.0 if chance.random() < 0.25 else some(chance, 5, 10)
