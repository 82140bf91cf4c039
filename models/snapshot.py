"""The published snapshot of all models: its layout, and its bytes, which are JSON."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct, field

from domain.predictions import MODELS, TARGETS, Reach, Target
from models.curve import Curve, is_rising
from models.encoding import ENCODINGS, TABLES
from models.intervals import Error, Quantiles
from models.priors import Priors
from models.reports import Gate, Report

FORMAT: Final = 1


class UnknownSnapshotError(Exception):
    """The snapshot was written by a newer version of the code than this one."""


class BadSnapshotError(Exception):
    """The bytes are no snapshot: truncated, or a part is missing or no number."""


class Classification(Struct, frozen=True, kw_only=True):
    """What serves a probability.

    `weights` are whole millionths of a log-odd, one a key of the target's encoding. `means` are
    those of each feature over the learned examples, likewise. The calibrated log-odd is
    `offset + slope * logit / 1,000,000`, both whole millionths; its probability is then bent by
    `curve`. `naive` is the baseline's table, thousandths.
    """

    weights: list[int]
    means: list[int]
    offset: int
    slope: int
    curve: Curve
    naive: list[int]


class Regression(Struct, frozen=True, kw_only=True):
    """What serves an amount: its prior plus a regression, and the interval.

    `weights` are those of the regression's keys, in points or days. `errors` are typical errors,
    likewise, by series, kind and bin, and by series and kind; `quantiles` are by bin alone.
    """

    weights: dict[str, float]
    errors: dict[str, Error]
    quantiles: dict[str, Quantiles]


class BaseRate(Struct, array_like=True):
    """A run's outcomes: what it is a run of, how many are known, how many did not pass."""

    series: str
    count: int = 0
    not_passed: int = 0


class Snapshot(Struct, frozen=True, kw_only=True):
    """All models, as they were when everything before the offset `learned` was learned.

    `learned_until` is when the newest label was known, in epoch seconds. `examples` counts what
    was learned of each target, `skipped` what was not, by reason. `reaches` are those of forecasts,
    by `models.intervals.reach_key`; `gates` are the courses for which `not_passing` is not to be
    believed.
    """

    format: int = FORMAT
    number: int
    learned_until: int
    learned: int
    examples: dict[Target, int]
    skipped: dict[str, int] = field(default_factory=dict)
    classifications: dict[Target, Classification]
    regressions: dict[Target, Regression]
    reaches: dict[str, Reach] = field(default_factory=dict)
    priors: dict[Target, Priors]
    base_rates: dict[str, BaseRate]
    gates: dict[str, Gate] = field(default_factory=dict)
    reports: dict[Target, Report]


class _Format(Struct):
    format: int


_encoder = msgspec.json.Encoder()
_format = msgspec.json.Decoder(_Format)
_decoder = msgspec.json.Decoder(Snapshot)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """The same snapshot gives the same bytes. A part that is no number asserts."""
    assert all(map(math.isfinite, _numbers(snapshot))), "a weight is not finite"
    return _encoder.encode(snapshot)


def decode_snapshot(data: bytes) -> Snapshot:
    """The snapshot in `data`.

    Raises UnknownSnapshotError where a newer version of the code wrote it, BadSnapshotError where
    the bytes are truncated, or a part is missing, of another length or no finite number.
    """
    try:
        version = _format.decode(data).format
        if version > FORMAT:
            raise UnknownSnapshotError(
                f"a snapshot of format {version}, and this program reads formats up to {FORMAT}: "
                "a newer one wrote it; start that one, docs/upgrading.md says how"
            )
        snapshot = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise BadSnapshotError(_bad(f"{error}")) from error
    if fault := next(_faults(snapshot), None):
        raise BadSnapshotError(_bad(fault))
    return snapshot


def _bad(fault: str) -> str:
    return f"no snapshot: {fault}; the one before it keeps serving, publish another one"


def _faults(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.format != FORMAT:
        yield f"its format is {snapshot.format}, expected {FORMAT}"
    parts: dict[str, Mapping[Target, object]] = {
        "classifications": snapshot.classifications,
        "regressions": snapshot.regressions,
        "priors": snapshot.priors,
    }
    amounts = [target for target in MODELS if target not in ENCODINGS]
    for name, part in parts.items():
        wanted = list(ENCODINGS) if name == "classifications" else amounts
        yield from (f"{name} lacks {it}" for it in wanted if it not in part)
        yield from (f"{name} has {it}, which is none of them" for it in part if it not in wanted)
    yield from (f"reports lacks {it}" for it in TARGETS if it not in snapshot.reports)
    for target, it in snapshot.classifications.items():
        yield from _faults_of(target, it)


def _faults_of(target: Target, it: Classification) -> Iterator[str]:
    encoding = ENCODINGS[target]
    expected = {
        "weights": (len(it.weights), encoding.size),
        "means": (len(it.means), len(encoding.features)),
        "naive": (len(it.naive), TABLES[target].size),
    }
    for name, (seen, wanted) in expected.items():
        if seen != wanted:
            yield f"{target} has {seen} {name}, expected {wanted}"
    if not is_rising(it.curve):
        yield f"the curve of {target} does not rise from 0 to 1,000,000 at every knot"


def _numbers(snapshot: Snapshot) -> Iterator[float]:
    for regression in snapshot.regressions.values():
        yield from regression.weights.values()
        yield from (it.value for it in regression.errors.values())
        for it in regression.quantiles.values():
            yield from (it.low, it.high)
