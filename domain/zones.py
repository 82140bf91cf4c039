"""Time zones from the locked database, never from the machine: a verdict is the same everywhere."""

import zoneinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# The system's own files differ between machines (some know "localtime" and "right/..."); the
# package tzdata is part of the lock, as all that a fold depends on must be.
zoneinfo.reset_tzpath(())


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name; raises ZoneInfoNotFoundError or ValueError for any other."""
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def is_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA database."""
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
