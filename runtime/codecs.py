"""The compressions that a producer or a topic may choose, and whether both clients read them."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Final

import aiokafka.codec
import kafka.codec

from runtime.errors import UsageError

_TEXT: Final = b"learnstream"
_COMPRESSED: Final[Mapping[str, bytes]] = {
    "gzip": bytes.fromhex("1f8b08000000000002ffcb494d2cca2b2e294a4dcc05002a5148390b000000"),
    "snappy": b"\x0b\x28" + _TEXT,
    "lz4": b'\x04"M\x18`@\x82\x0b\x00\x00\x80' + _TEXT + bytes(4),
    "zstd": b"(\xb5/\xfd\x00\x00Y\x00\x00" + _TEXT,
}
"""The same text as each codec's producers write it; snappy's and zstd's without a known size."""
_CLIENTS: Final[Mapping[str, ModuleType]] = {
    "aiokafka": aiokafka.codec,
    "kafka-python": kafka.codec,
}


def require_codecs() -> None:
    """Raise UsageError unless every codec of Kafka is read by every client of ours.

    Without one, the first batch that a producer compressed so would end a worker again and again.
    """
    if missing := list(_missing()):
        raise UsageError(
            f"cannot read every compression that producers may use; missing: {', '.join(missing)}; "
            "install what requirements/run.txt names (`make setup`)"
        )


def _missing() -> Iterator[str]:
    for client, module in _CLIENTS.items():
        for codec in _COMPRESSED:
            if not _reads(module, codec):
                yield f"{codec} (by {client})"


def _reads(module: ModuleType, codec: str) -> bool:
    try:
        found: bytes = getattr(module, f"{codec}_decode")(_COMPRESSED[codec])
    except Exception:  # noqa: BLE001 - a library that is missing, broken or too old: all the same
        return False
    return found == _TEXT
