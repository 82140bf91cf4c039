"""Dead letters on the wire: the original bytes, and headers that say where and why."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from domain.fold.effects import DeadLetter

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
_WHOLE: Final = re.compile(r"(0|[1-9]\d{0,13})", re.ASCII)


class LetterHeaders(NamedTuple):
    """What the headers of a dead letter say; `when` is the record's timestamp in milliseconds.

    Where a header is missing or none of ours, a text is "?" (`detail`: empty), a number -1.
    """

    topic: str
    partition: int
    offset: int
    when: int
    reason: str
    detail: str
    truncated: bool


def read_headers(headers: Iterable[tuple[str, bytes | None]], timestamp: int) -> LetterHeaders:
    """What stands in these headers, whoever wrote them; `timestamp` is that of the dead letter.

    It is what `when` is where no header says it.
    """
    found = {name: (value or b"").decode(errors="replace") for name, value in headers}
    return LetterHeaders(
        topic=found.get(TOPIC, "?"),
        partition=_number(found.get(PARTITION), -1),
        offset=_number(found.get(OFFSET), -1),
        when=_number(found.get(WHEN), timestamp),
        reason=found.get(REASON, "?"),
        detail=found.get(DETAIL, ""),
        truncated=TRUNCATED in found,
    )


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


def _number(text: str | None, otherwise: int) -> int:
    """The number that our own headers write so; they are none where a foreign hand wrote them."""
    whole = text is not None and _WHOLE.fullmatch(text) is not None
    return int(text or "") if whole else otherwise


def _too_large(letter: DeadLetter) -> bool:
    return len(letter.record.key or b"") + len(letter.record.value or b"") > BYTES_MAX
