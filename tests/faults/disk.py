"""A small disk for one server, which can be filled up: a tmpfs, where we may mount one."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SIZE_MEGABYTES: Final = 768
_FILLER: Final = "filler"
_LEAST_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class Disk:
    """One mounted tmpfs."""

    folder: Path

    def fill(self) -> None:
        """Take all that is left, however little somebody has given back meanwhile."""
        filler = os.open(self.folder / _FILLER, os.O_CREAT | os.O_WRONLY)
        try:
            size = os.fstat(filler).st_size
            block = os.statvfs(self.folder).f_bavail * _LEAST_BYTES
            while block >= _LEAST_BYTES:
                try:
                    os.posix_fallocate(filler, size, block)
                    size += block
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    block //= 2
        finally:
            os.close(filler)

    def free(self) -> None:
        """Give all of it back."""
        (self.folder / _FILLER).unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk | None]:
    """Make the folder a small disk of its own; None where nothing can be mounted."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SIZE_MEGABYTES}m,mode=755"]
    if not _done("mount", *options, "learnstream-faults", str(folder)):
        yield None
        return
    try:
        yield Disk(folder)
    finally:
        _done("umount", "--lazy", str(folder))


def _done(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
