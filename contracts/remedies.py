"""What to do about a rejected record, by its reason: said by the commands, the worker and docs."""

from typing import Final

from domain.events.decode import Reason

REMEDIES: Final[dict[Reason, str]] = {
    "null_value": "send no tombstones: a record has a value",
    "too_large": "leave content out: ids are enough",
    "not_utf8": "encode as UTF-8",
    "not_json": "send one JSON object a record, without a BOM and without framing",
    "not_object": "send one object a record, not a list",
    "too_deep": "leave out what is nested: no field of the contract needs it",
    "not_finite": "send `null` where it may be null",
    "unknown_type": "use a type of the table, spelled as it is there",
    "not_yet_supported": "do not send it yet",
    "unknown_version": "leave `v` out, or send 1",
    "bad_id": "send an id of 1 to 256 characters (`user_id`: 128)",
    "missing_field": "add the field that `detail` names",
    "wrong_type": "correct the field that `detail` names; cut texts between characters",
    "naive_time": "append `Z` or an offset such as `+01:00`",
    "bad_time": "set the clock; leave out what is not known",
    "future_time": "set the clock; send planned things when they happen",
    "no_key": "give each record its key: the learner's id as text",
    "key_mismatch": "use the same id as key and as `user_id`",
    "wrong_partition": "set the producer's partitioner to murmur2",
    "id_reused": "derive `event_id` from the row's id and its version",
    "defect": "report it: this is an error of ours, and the event can be put back after the fix",
}

HALTED: Final = "fix the producer as the dead letters say, then resume every halted partition"
RESUME: Final = "learnstream worker --resume"
"""What to do about a halted partition, and the command that ends it."""
_WITH_KEY: Final[frozenset[Reason]] = frozenset({"no_key", "key_mismatch"})
"""What is put back under its old key is rejected again."""


def remedy_of(reason: str) -> str:
    """What to do about a reason as a header carries it; empty where another version wrote it."""
    return next((remedy for known, remedy in REMEDIES.items() if known == reason), "")


def requeue_command(reason: str) -> str | None:
    """The command that puts back what was rejected for a reason; None for one that is not known."""
    if reason not in REMEDIES:
        return None
    command = f"learnstream dead-letters requeue --reason {reason}"
    return f"{command} --key-from-value" if reason in _WITH_KEY else command


def show_command(partition: int, offset: int) -> str:
    """The command that shows what was rejected at this place, bytes and all."""
    return f"learnstream dead-letters show --partition {partition} --offset {offset}"
