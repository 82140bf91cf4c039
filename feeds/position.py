"""How far a feed has come, kept in a small file so that a feed that was stopped can resume."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runtime.errors import UsageError
from runtime.settings import Settings


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """So many records are acknowledged by Kafka; `checksum` is a CRC-32 over their values.

    `offsets` says from where on in each partition there may be records that were sent beyond.
    Of a lockstep replay `learned_at` is the newest day's end that every partition has adopted
    (epoch seconds), and `ordered` the offset behind its order in `model.examples`.
    """

    records: int = 0
    checksum: int = 0
    offsets: dict[int, int] = {}
    learned_at: int = 0
    ordered: int = 0


@dataclass(frozen=True, slots=True)
class PositionFile:
    """The place where one feed into one topic keeps its position."""

    path: Path

    def read(self) -> Reached | None:
        """What is reached; None where the feed has not begun or the file is not ours."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Reached)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, reached: Reached) -> None:
        """Replace the file at once: a feed that is killed leaves the old or the new one."""
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(msgspec.json.encode(reached))
        fresh.replace(self.path)

    def forget(self) -> None:
        """Begin anew."""
        self.path.unlink(missing_ok=True)


def position_file(settings: Settings, *what: str) -> PositionFile:
    """The file for the feed that `what` identifies (its source, its options, the topic's id).

    The topic's id is part of it, so a stack that was thrown away takes its positions with it.

    Raises UsageError where the folder cannot be written.
    """
    folder = (settings.data_dir or Path.home() / ".cache" / "learnstream") / "feeds"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot keep a feed's position in {folder} ({error.strerror}): "
            "set LEARNSTREAM_DATA_DIR to a folder that can be written"
        ) from error
    name = hashlib.sha256("\n".join(what).encode()).hexdigest()[:32]
    return PositionFile(folder / f"{name}.json")
