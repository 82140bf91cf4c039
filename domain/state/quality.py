"""What is kept of a partition's records to judge them: when they came, and whose are rejected."""

from msgspec import Struct, field


class DataAlert(Struct, array_like=True, gc=False):
    """An alert about data, as it was published last; times in epoch seconds.

    `is_open` is false where it is over and may come back under the same id.
    """

    alert_id: bytes
    revision: int
    raised_at: int
    expires_at: int
    at: int
    is_open: bool


class Sender(Struct, array_like=True, gc=False):
    """What became of the newest records under a learner's key, since one of them was rejected.

    `verdicts` has a byte for each, the newest last: 0 where it was accepted, otherwise 1 more than
    the place of the reason in `REASONS`.
    """

    verdicts: bytes = b""
    alert: DataAlert | None = None


class Quality(Struct, array_like=True):
    """What came to one partition.

    Attributes:
        last_at: the record time of the newest accepted record, in epoch seconds, under the wall
            clock; 0: none.
        days: days (UTC) with accepted records, a bit each: bit n is n days before that of
            `last_at`, up to `SOURCE_DAYS`.
        stopped: the alert about the silence since then, if there was one.
        senders: by the learner's id, the one that was rejected longest ago first; at most
            `SENDERS_MAX`.
        senders_let_go: how many were forgotten, or never taken, as there were too many.
    """

    last_at: int = 0
    days: int = 0
    stopped: DataAlert | None = None
    senders: dict[str, Sender] = field(default_factory=dict)
    senders_let_go: int = 0
