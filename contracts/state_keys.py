"""The reserved keys of `progress.state`: a learner's id never holds NUL, so none meets them."""

from typing import Final

PARTITION_KEY: Final = b"\x00partition"
TAKEN_KEY: Final = b"\x00taken"
"""What a new owner writes before it reads, without a value: it means nothing to anybody else."""
_COURSE_PREFIX: Final = b"\x00course:"


def course_key(course_id: str) -> bytes:
    """The key of a course's facts as the partition adopted them."""
    return _COURSE_PREFIX + course_id.encode()


def course_of(key: bytes) -> str | None:
    """The course whose facts stand under `key`, or None where it is another kind of record."""
    return key[len(_COURSE_PREFIX) :].decode() if key.startswith(_COURSE_PREFIX) else None


def is_learner(key: bytes) -> bool:
    """Whether a learner's state stands under `key`."""
    return not key.startswith(b"\x00")
