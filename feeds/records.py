"""What a feed hands to the producer, and the ids it gives to the events that it makes."""

import hashlib
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

NAMESPACE: Final = UUID("6f1d2a53-9a0c-5b8e-8f0a-3d1c5b7e2f41")
_VARIANT: Final = "89ab"

Trace: TypeAlias = bytes


class Record(NamedTuple):
    """One record on its way to a topic.

    `shift` moves it that many partitions away from where its key belongs: 0 for all but the
    records that a test of the workers wants on a wrong partition.
    """

    key: bytes | None
    value: bytes | None
    shift: int = 0


def event_id(name: str) -> str:
    """`uuid5(NAMESPACE, name)` as text, at a third of its cost: a feed makes a million of them."""
    digest = hashlib.sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def trace(record: Record) -> Trace:
    """16 bytes by which a record is known again when it is found in its topic."""
    key = b"" if record.key is None else b"k" + record.key
    value = b"" if record.value is None else b"v" + record.value
    return hashlib.blake2b(len(key).to_bytes(4) + key + value, digest_size=16).digest()


def learner_key(user_id: int | str) -> bytes:
    """The key of a learner's records: the id as text."""
    return str(user_id).encode()
