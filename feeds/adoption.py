"""Have the workers adopted the course facts that a feed's events depend on?"""

import asyncio
from collections.abc import Collection
from typing import Final

from contracts.state_keys import course_key, course_of
from contracts.topics import STATE
from feeds.producing import Target, target_of
from feeds.reading import reader
from runtime.errors import NotCaughtUpError
from runtime.settings import Settings

ADOPTION_SECONDS: Final = 60.0
_NAMED_MAX: Final = 3


async def wait_until_adopted(
    settings: Settings, courses: Collection[str], *, seconds: float = ADOPTION_SECONDS
) -> None:
    """Return when every partition of `progress.state` holds a record for every course.

    Raises NotCaughtUpError where that takes longer than `seconds`.
    """
    target = target_of(settings, settings.topic(STATE.name))
    missing = {
        (partition, course_key(course))
        for partition in range(target.partitions)
        for course in courses
    }
    if not missing:
        return
    try:
        async with asyncio.timeout(seconds), reader(settings, target) as opened:
            while missing:
                batches = await opened.getmany(timeout_ms=250)
                for place, records in batches.items():
                    missing.difference_update(
                        (place.partition, record.key)
                        for record in records
                        if record.key and record.value is not None
                    )
    except TimeoutError as error:
        raise NotCaughtUpError(_complaint(target, missing, seconds)) from error


def _complaint(target: Target, missing: set[tuple[int, bytes]], seconds: float) -> str:
    by_partition: dict[int, list[str]] = {}
    for partition, key in sorted(missing):
        by_partition.setdefault(partition, []).append(course_of(key) or "")
    parts = (
        f"partition {partition} lacks {len(names)} ({_named(names)})"
        for partition, names in by_partition.items()
    )
    return (
        f"the workers have not adopted the course facts within {seconds:g} s: in {target.name} "
        f"{'; '.join(parts)}. Are the workers running? Events were not sent; start the same "
        "command again, or use --no-wait"
    )


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED_MAX])
    return shown if len(names) <= _NAMED_MAX else f"{shown}, ..."
