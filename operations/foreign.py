"""What a line that is no event of ours seems to be: other formats, by their marks."""

import json
import re
from typing import Any, Final

EXPECTED_EVENT: Final = (
    "expected one JSON object a line, with event_id, user_id, type and occurred_at"
)
EXPECTED_COURSE: Final = "expected one JSON object a line, with course_id"

_MAGIC: Final[dict[bytes, str]] = {
    b"\xef\xbb\xbf": "text that begins with a byte order mark (UTF-8 BOM)",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"Obj\x01": "an Avro file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "gzip (give the file the ending .gz)",
    b"PK\x03\x04": "a zip archive or an Excel file",
}
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FRAME_BYTES: Final = 5
_ENVELOPES: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("a CloudEvents envelope", frozenset({"specversion", "source"})),
    ("an xAPI statement", frozenset({"actor", "verb", "object"})),
    ("a Caliper envelope", frozenset({"sensor", "sendTime", "data"})),
    ("a Caliper event", frozenset({"@context", "actor", "action"})),
    ("a Canvas live event", frozenset({"metadata", "body"})),
    ("an Open edX tracking log entry", frozenset({"event_type", "event_source", "context"})),
    ("a Kafka Connect envelope", frozenset({"schema", "payload"})),
)
_OUTLINE: Final = frozenset({b"{", b"[", b"}", b"]", b"},", b"],"})
_SEPARATORS: Final = (b",", b";", b"\t")


def seems_to_be(line: bytes) -> str | None:
    """The format that a rejected line seems to have; None where it has no mark of another."""
    for magic, name in _MAGIC.items():
        if line.startswith(magic):
            return name
    if line.startswith(b"\x00") and len(line) > _FRAME_BYTES:
        schema = int.from_bytes(line[1:_FRAME_BYTES])
        return f"a schema-registry frame (schema id {schema}) around Avro, Protobuf or JSON"
    if _CONTROL.search(line):
        return "binary data, such as Avro or Protobuf"
    return _text_format(line.strip())


def _text_format(text: bytes) -> str | None:
    if text in _OUTLINE:
        return "one JSON document over several lines"
    if text.startswith(b"["):
        return "a JSON list"
    if text.startswith(b"{"):
        return _envelope(text)
    return "CSV" if any(text.count(each) > 1 for each in _SEPARATORS) else None


def _envelope(text: bytes) -> str | None:
    try:
        members: dict[str, Any] = json.loads(text)  # it begins with a brace
    except (ValueError, RecursionError):
        return None
    return next((name for name, marks in _ENVELOPES if marks <= members.keys()), None)
