"""Whether a log is the one that was read: asked by all who keep a position in one."""

from dataclasses import dataclass

from runtime.errors import LossError


@dataclass(frozen=True, slots=True)
class Extent:
    """A partition as the cluster has it: its topic's id, its first offset and its end.

    The id is None where it was not asked for.
    """

    topic_id: str | None
    begin: int
    end: int


def check_same_log(place: str, reader: str, seen: Extent, *, topic_id: str | None, at: int) -> None:
    """Raise LossError where `reader` has read another log up to `at`, or one that lost records.

    `place` names the partition for the message, `topic_id` is that of the log that was read.
    """
    if seen.topic_id != topic_id:
        raise LossError(
            f"{place}: topic id {seen.topic_id}, but {reader} read {topic_id}: "
            "the topic was deleted and made again"
        )
    if seen.begin > at:
        raise LossError(
            f"{place}: the log begins at {seen.begin}, {reader} stands at {at}: "
            f"{seen.begin - at} offsets are gone"
        )
    if seen.end < at:
        raise LossError(
            f"{place}: the log ends at {seen.end}, {reader} stands at {at}: "
            f"{at - seen.end} offsets are gone"
        )
