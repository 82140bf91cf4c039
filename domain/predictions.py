"""What was predicted of a learner, with what it rests on; kept in the state until it is judged."""

from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

Model: TypeAlias = Literal[
    "score", "submission", "inactivity_7", "inactivity_14", "not_passing", "next_missing"
]
Forecast: TypeAlias = Literal["forecast_7", "forecast_28", "forecast_84"]
Target: TypeAlias = Literal[Model, Forecast]
MODELS: Final[tuple[Model, ...]] = get_args(Model)
"""What is learned."""
FORECASTS: Final[tuple[Forecast, ...]] = get_args(Forecast)
"""What is judged alone: a score in so many days, by a closed form."""
TARGETS: Final[tuple[Target, ...]] = get_args(Target)
"""What is predicted and judged, in the order of its numbers in a state."""
NUMBERS: Final[dict[Target, int]] = {target: number for number, target in enumerate(TARGETS)}

INTERVAL_LEVEL: Final = 0.9
"""The share of what comes that every interval is made to cover."""


class Figure(Struct, array_like=True, gc=False):
    """What a model said: thousandths of a probability, tenths of a percent or of a day.

    `low` and `high` are those of the 90 % interval, where the target has one. `naive` is what the
    baseline of the target says, None where it knows nothing.
    """

    value: int
    naive: int | None = None
    low: int | None = None
    high: int | None = None


class Reach(Struct, array_like=True, gc=False):
    """How far a forecast's interval reaches down and up: thousandths of what its formula has."""

    low: int
    high: int


class Prediction(Struct, array_like=True, gc=False):
    """The newest prediction of one target, as it is shown."""

    target: int  # its place in TARGETS
    course_id: str | None
    assessment: str | None
    made_at: int
    model: int  # the number of the snapshot; 0: none was adopted
    features: list[int]
    shown: Figure | None = None  # None: the model knows too little


class Awaiting(Struct, array_like=True, gc=False):
    """A prediction whose label is not known yet; `shown` as in `Prediction`."""

    target: int
    assessment: str | None
    made_at: int
    known_at: int  # when the label is known, where time alone tells it; else 0
    model: int
    features: list[int]
    shown: Figure | None = None
