"""Which cases share a stack: under the stream's clock no two of them share a partition."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from domain.ids import partition_of
from tests.cases.reading import Case, Clock

PARTITIONS: Final = 40


@dataclass(slots=True)
class Pack:
    """Cases that run on one stack; `taken` are the partitions or the keys that they use."""

    clock: Clock
    cases: list[Case] = field(default_factory=list)
    taken: set[object] = field(default_factory=set)
    closed: bool = False


def packs(cases: Iterable[Case], partitions: int = PARTITIONS) -> list[Pack]:
    """As few stacks as a simple pass finds.

    A partition's stream clock is the newest time of all that it folded, so a case beside a later
    one would be judged at that one's time.
    """
    found: list[Pack] = []
    for case in cases:
        uses = _uses(case, partitions)
        for pack in found:
            fits = pack.clock == case.clock and not pack.closed and not pack.taken & uses
            if fits and not case.alone:
                break
        else:
            pack = Pack(case.clock, closed=case.alone)
            found.append(pack)
        pack.cases.append(case)
        pack.taken |= uses
    return found


def _uses(case: Case, partitions: int) -> set[object]:
    if case.clock == "stream":
        return {partition_of(key, partitions) for key in case.keys}
    return set(case.keys)
