"""Which details of dead letters may be shown to who must see nothing of a learner.

A detail is written by our own code and names fields, places and limits, never content. But it
stands in a header, which another version or a foreign hand may have written: so it is shown only
where it is one of our sentences, with names of the contract in it.
"""

import builtins
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from contracts.course_facts import SHAPE
from domain.events.activity import NOT_YET_SUPPORTED, AnyEvent
from domain.events.json_objects import Shape


def _names_of(annotation: object) -> Iterator[str]:
    """The names of an event's fields, and of those in them."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        for field in fields(annotation):
            yield field.encode_name
            yield from _names_of(field.type)
    elif get_origin(annotation) is not None:
        for each in get_args(annotation):
            yield from _names_of(each)


def _names_in(shape: Shape) -> Iterator[str]:
    for name, inside in shape.items():
        yield name
        if isinstance(inside, Mapping):
            yield from _names_in(inside)


_NAMES: Final = sorted({"type", *_names_of(AnyEvent), *_names_in(SHAPE)})
_NAME: Final = rf"(?:{'|'.join(map(re.escape, _NAMES))})"
_PART: Final = rf"{_NAME}(?:\[(?:\d{{1,4}}|\.\.\.)\])?"
_PATH: Final = rf"(?:\$\.)?{_PART}(?:\.{_PART})*"
_N: Final = r"-?\d{1,12}"
_AT: Final = rf"(?: - at `(?:key in )?(?:\$|{_PATH})`)?"
_KIND: Final = r"(?:object|array|str|int|float|bool|null|datetime|[ |])+"
_BOUND: Final = (
    rf"(?: (?:of length |of at most length |of at least length )?(?:<=|>=|<|>) ?{_N}(?:\.\d)?)?"
)
_ONE_OF: Final = (
    r"the record has no value",
    rf"{_N} bytes, at most {_N}",
    rf"nested deeper than {_N}",
    rf"byte {_N} is not UTF-8",
    rf"not JSON at character {_N}",
    rf"JSON is malformed: (?:invalid character|unexpected end of hex escape) \(byte {_N}\)",
    r"Input data was truncated",
    r"NaN or Infinity|a number too large for a double",
    r"a JSON (?:list|str|int|float|bool|NoneType), expected an object",
    rf"(?:{_PATH}|a name) stands twice(?: in {_PATH})?",
    rf"{_PATH} (?:is a boolean|holds NUL|has {_N} characters, 1 to {_N})",
    rf"(?:{_PATH}|a name|an ignored field) holds half of a surrogate pair",
    r"type is (?:missing|not text|none of the known ones)",
    rf"type (?:{'|'.join(map(re.escape, sorted(NOT_YET_SUPPORTED)))}) is for a later version",
    r"v -?\d{1,3}, known is \d{1,3}",  # a longer one may be an id in the wrong place
    rf"Object missing required field `{_NAME}`{_AT}",
    rf"Expected `{_KIND}`{_BOUND}(?:, got `{_KIND}`)?{_AT}",
    rf"Invalid RFC3339 encoded datetime{_AT}",
    rf"a value that is none of the known ones{_AT}",
    rf"{_PATH} (?:has no offset from UTC|is before 1990|is after 8999)",
    rf"{_PATH} is {_N} s after the record, at most {_N}",
    r"timezone is not an IANA zone",
    r"quiet_hours begin and end at the same time of day",
    r"ends_at is before starts_at",
    rf"breaks\[{_N}\]\.to is before from",
    r"the record has no key; expected the (?:learner's|course's) id",
    r"the record's key is not the (?:user_id|course_id) of its value",
    rf"partition {_N}, murmur2 of the key: {_N}",
    r"another event of this learner has this event_id and other content",
)
_OURS: Final = re.compile("|".join(f"(?:{each})" for each in _ONE_OF), re.ASCII)


def shown_detail(detail: str) -> str | None:
    """The detail where it is a sentence of ours, or names a kind of error; None otherwise."""
    return detail if _OURS.fullmatch(detail) or _is_error(detail) else None


def _is_error(name: str) -> bool:
    """Whether it is one of Python's own errors, as a defect's detail is."""
    found: Any = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, Exception)
