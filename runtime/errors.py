"""Errors whose type decides a process's fate; the exit status is part of the contract."""

from typing import ClassVar


class ProjectError(Exception):
    """The outside world is not as it must be; the message says what was seen and expected."""

    exit_status: ClassVar[int] = 1


class UsageError(ProjectError):
    """A flag, a file or the configuration is wrong: a person must change it."""

    exit_status: ClassVar[int] = 2


class NotCaughtUpError(ProjectError):
    """What was waited for did not come within the time given."""

    exit_status: ClassVar[int] = 3


class TooManyRejectedError(ProjectError):
    """So many events of a partition were rejected that the producer must be broken."""

    exit_status: ClassVar[int] = 65


class CrashError(ProjectError):
    """The process cannot continue, and a fresh one can."""

    exit_status: ClassVar[int] = 70


class StoppedError(ProjectError):
    """Somebody pressed Ctrl-C: the message says how far the command got."""

    exit_status: ClassVar[int] = 130


class LossError(ProjectError):
    """Records are gone, or a topic was replaced: a person must decide."""

    exit_status: ClassVar[int] = 78
