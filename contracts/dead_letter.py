"""Dead letters on the wire: the original bytes, and headers that say where and why."""

from typing import Final, TypeAlias

from domain.fold import DeadLetter

Headers: TypeAlias = list[tuple[str, bytes]]

TOPIC: Final = "topic"
PARTITION: Final = "partition"
OFFSET: Final = "offset"
REASON: Final = "reason"
DETAIL: Final = "detail"
WHEN: Final = "when"


def dead_letter_headers(letter: DeadLetter, topic: str, partition: int) -> Headers:
    """The headers of a dead letter; `when` is the record's timestamp in milliseconds."""
    return [
        (TOPIC, topic.encode()),
        (PARTITION, str(partition).encode()),
        (OFFSET, str(letter.record.offset).encode()),
        (REASON, letter.reason.encode()),
        (DETAIL, letter.detail.encode()),
        (WHEN, str(letter.record.timestamp).encode()),
    ]
