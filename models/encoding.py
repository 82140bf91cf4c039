"""From the features of a classification to the keys of its weights: one-hot, with crosses."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.predicting.features import COURSE, SILENCE, Feature
from domain.predictions import Target

BIAS: Final = 0
"""The key that every example has."""


class Part(NamedTuple):
    """A feature's share of a cross: which one, and the coarser bin that each of its bins is in."""

    feature: int
    bins: tuple[int, ...]

    @property
    def width(self) -> int:
        """How many coarser bins there are."""
        return max(self.bins) + 1


class Term(NamedTuple):
    """What gives one key: a feature, or several together; it counts to the first of them."""

    parts: tuple[Part, ...]

    @property
    def width(self) -> int:
        """How many keys it has."""
        width = 1
        for part in self.parts:
            width *= part.width
        return width


class Encoding:
    """How the features of some targets become keys.

    A key is a whole number under `size`: the bias, then the keys of each term in turn. An example
    has one key of every term, so `keys` is as long as there are terms, and one.
    """

    def __init__(self, features: Sequence[Feature], terms: Sequence[Term]) -> None:
        self.features: Final = tuple(features)
        self.terms: Final = tuple(terms)
        self._bounds = [(0, feature.bins - 1) for feature in features]
        self._single: list[tuple[int, tuple[int, ...]]] = []
        self._crossed: list[tuple[int, tuple[int, ...], int, tuple[int, ...]]] = []
        self._other: list[tuple[tuple[int, tuple[int, ...]], ...]] = []
        self._own: list[list[tuple[tuple[int, tuple[int, ...]], ...]]] = [[] for _ in features]
        owners: list[int | None] = [None]
        for term in self.terms:
            tables = _tables(term, len(owners))
            self._own[term.parts[0].feature].append(tables)
            owners.extend([term.parts[0].feature] * term.width)
            match tables:
                case ((one, table),):
                    self._single.append((one, table))
                case ((one, table), (another, second)):
                    self._crossed.append((one, table, another, second))
                case _:
                    self._other.append(tables)
        self.size: Final = len(owners)
        self.owners: Final = tuple(owners)
        """The feature that each key counts to; None for the bias."""

    def fits(self, features: Sequence[int]) -> bool:
        """Whether these are values of all features, each in one of its bins."""
        return within(features, self._bounds)

    def keys(self, features: Sequence[int]) -> list[int]:
        """The keys of one example whose features fit: the bias, then one of each term."""
        f = features
        keys = [BIAS]
        keys += [table[f[one]] for one, table in self._single]
        keys += [table[f[one]] + second[f[two]] for one, table, two, second in self._crossed]
        keys += [sum(table[f[one]] for one, table in tables) for tables in self._other]
        return keys

    def keys_of(self, place: int, features: Sequence[int]) -> list[int]:
        """Those of the keys that count to the feature at this place."""
        own = self._own[place]
        return [sum([table[features[one]] for one, table in tables]) for tables in own]

    def place(self, name: str) -> int:
        """Where the feature of this name stands; ValueError where there is none."""
        return [feature.name for feature in self.features].index(name)


def whole(value: object, low: int, high: int) -> bool:
    """Whether this is a whole number from `low` to `high`, as features and labels must be."""
    return isinstance(value, int) and low <= value <= high


def within(values: Sequence[object], bounds: Sequence[tuple[int, int]]) -> bool:
    """Whether these are as many whole numbers as there are bounds, each within its own."""
    if len(values) != len(bounds):
        return False
    for value, (low, high) in zip(values, bounds, strict=True):
        if not isinstance(value, int) or not low <= value <= high:
            return False
    return True


def _tables(term: Term, start: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """For each part what a value of its feature adds to the key."""
    tables = []
    stride = term.width
    for part in term.parts:
        stride //= part.width
        tables.append((part.feature, tuple(start + stride * number for number in part.bins)))
        start = 0
    return tuple(tables)


def _each(features: Sequence[Feature], name: str) -> Part:
    """A feature as it is."""
    place = [feature.name for feature in features].index(name)
    return Part(place, tuple(range(features[place].bins)))


def _coarse(features: Sequence[Feature], name: str, *, step: int) -> Part:
    """A feature's bins, so many together."""
    part = _each(features, name)
    return Part(part.feature, tuple(number // step for number in part.bins))


def _capped(features: Sequence[Feature], name: str, *, most: int) -> Part:
    """A feature's bins, all from `most` on together."""
    part = _each(features, name)
    return Part(part.feature, tuple(min(number, most) for number in part.bins))


def _over(features: Sequence[Feature], name: str, *, bar: int) -> Part:
    """Whether a feature's bin is above `bar`."""
    part = _each(features, name)
    return Part(part.feature, tuple(int(number > bar) for number in part.bins))


def _silence() -> Encoding:
    whole = [_each(SILENCE, feature.name) for feature in SILENCE]
    part = {feature.name: it for feature, it in zip(SILENCE, whole, strict=True)}
    return Encoding(
        SILENCE,
        [
            *[Term((it,)) for it in whole],
            Term((part["days_since_work"], part["active_days_28"])),
            Term((part["days_since_work"], part["next_due"])),
            Term((_capped(SILENCE, "days_since_work", most=9), part["days_by_long_gap"])),
            Term(
                (
                    part["active_days_28"],
                    part["overdue"],
                    _over(SILENCE, "days_since_work", bar=6),
                )
            ),
        ],
    )


_BY_PROGRESS: Final = (
    "missed_in_row",
    "overdue_weight",
    "level",
    "last_score",
    "share_submitted",
    "next_due",
    "days_since_work",
    "active_days_28",
    "base_rate",
)
_TOGETHER: Final = (
    ("level", "missed_in_row"),
    ("average_score", "overdue_weight"),
    ("due_so_far", "missed_in_row"),
    ("due_so_far", "level"),
    ("share_submitted", "level"),
    ("last_score", "lateness"),
    ("due_so_far", "share_submitted"),
)


def _course() -> Encoding:
    part = {feature.name: _each(COURSE, feature.name) for feature in COURSE}
    eighth = _coarse(COURSE, "progress", step=3)
    return Encoding(
        COURSE,
        [
            *[Term((it,)) for it in part.values()],
            *[Term((part[name], eighth)) for name in _BY_PROGRESS],
            *[Term((part[one], part[two])) for one, two in _TOGETHER],
        ],
    )


_SILENCE: Final = _silence()
_COURSE: Final = _course()

ENCODINGS: Final[dict[Target, Encoding]] = {
    "inactivity_7": _SILENCE,
    "inactivity_14": _SILENCE,
    "not_passing": _COURSE,
    "next_missing": _COURSE,
}
"""The encoding of each target that is a probability."""


def _table(encoding: Encoding, *names: str) -> Encoding:
    """The cells of a baseline's table, as the keys of one term."""
    parts = tuple(_each(encoding.features, name) for name in names)
    return Encoding(encoding.features, [Term(parts)])


_BY_SILENCE: Final = _table(_SILENCE, "days_since_work", "active_days_28")

TABLES: Final[dict[Target, Encoding]] = {
    "inactivity_7": _BY_SILENCE,
    "inactivity_14": _BY_SILENCE,
    "not_passing": _table(_COURSE, "base_rate"),
    "next_missing": _table(_COURSE, "missed_in_row", "next_due"),
}
"""The baseline of each: a table by one or two features, whose cell is `keys(features)[1]`."""
