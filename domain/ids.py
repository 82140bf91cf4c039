"""Keys, short ids and the partition that a learner belongs to."""

import hashlib
import zlib
from functools import lru_cache
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_CANONICAL_DIGITS_MAX: Final = 15


def shown_id(user_id: str) -> int | str:
    """The id as the API shows it: a canonical decimal of up to 15 digits as an integer."""
    canonical = user_id.isascii() and user_id.isdigit() and (user_id == "0" or user_id[0] != "0")
    return int(user_id) if canonical and len(user_id) <= _CANONICAL_DIGITS_MAX else user_id


def short_id(text: str) -> int:
    """32 bits that stand for an id within one course, where some 10^5 ids never meet."""
    return zlib.crc32(text.encode())


def event_hash(event_id: str) -> bytes:
    """6 bytes that stand for an event's id in the deduplication window."""
    return hashlib.blake2b(event_id.encode(), digest_size=6).digest()


@lru_cache(maxsize=131_072)
def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's default partitioner (the Java client's): positive murmur2 modulo the partitions."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _murmur2(data: bytes) -> int:
    """MurmurHash2, 32 bits, as in org.apache.kafka.common.utils.Utils."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ (k >> 24)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length & 3:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)
