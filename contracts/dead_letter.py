"""Dead letters on the wire: the original bytes, and headers that say where and why."""

from typing import Final, TypeAlias

from domain.fold.partition import DeadLetter

Headers: TypeAlias = list[tuple[str, bytes]]

TOPIC: Final = "topic"
PARTITION: Final = "partition"
OFFSET: Final = "offset"
REASON: Final = "reason"
DETAIL: Final = "detail"
WHEN: Final = "when"
TRUNCATED: Final = "truncated"

BYTES_MAX: Final = 1_900_000
"""Of key and value together: under the 2 MiB of the topic. A record that came well compressed may
be larger than any topic takes; it must not stop the partition, so its end is cut off."""
_KEY_BYTES_MAX: Final = 65_536


def dead_letter_headers(letter: DeadLetter, topic: str, partition: int) -> Headers:
    """The headers of a dead letter; `when` is the record's timestamp in milliseconds.

    `truncated` is there where not all bytes are: the lengths of key and value as they came.
    """
    headers = [
        (TOPIC, topic.encode()),
        (PARTITION, str(partition).encode()),
        (OFFSET, str(letter.record.offset).encode()),
        (REASON, letter.reason.encode()),
        (DETAIL, letter.detail.encode()),
        (WHEN, str(letter.record.timestamp).encode()),
    ]
    if _too_large(letter):
        key, value = letter.record.key or b"", letter.record.value or b""
        headers.append((TRUNCATED, f"{len(key)} {len(value)}".encode()))
    return headers


def dead_letter_key(letter: DeadLetter) -> bytes | None:
    """The key as it came; its beginning where the record is larger than a topic takes."""
    key = letter.record.key
    return key[:_KEY_BYTES_MAX] if key is not None and _too_large(letter) else key


def dead_letter_value(letter: DeadLetter) -> bytes | None:
    """The value as it came; its beginning where the record is larger than a topic takes."""
    value = letter.record.value
    if value is None or not _too_large(letter):
        return value
    return value[: BYTES_MAX - _KEY_BYTES_MAX]


def _too_large(letter: DeadLetter) -> bool:
    return len(letter.record.key or b"") + len(letter.record.value or b"") > BYTES_MAX
