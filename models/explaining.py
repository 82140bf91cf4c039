"""Why a probability is what it is: what each feature adds, exactly; and what would change it."""

from collections.abc import Sequence

from msgspec import Struct

from domain.predictions import Target
from models.encoding import ENCODINGS
from models.serving import Served, calibrated, share

_MILLION = 1_000_000


class Contribution(Struct, frozen=True):
    """What one feature adds to the logit, against what it adds on average; millionths."""

    feature: str
    value: int
    logit: int


class Explanation(Struct, frozen=True, kw_only=True):
    """A probability taken apart.

    `intercept` plus the contributions is `logit`, exactly; all three are whole millionths of a
    log-odd. `raw` and `probability` are thousandths, before and after calibration.
    """

    target: Target
    intercept: int
    contributions: tuple[Contribution, ...]
    logit: int
    raw: int
    probability: int


def explain(served: Served, target: Target, features: Sequence[int]) -> Explanation | None:
    """What makes up a probability; None where the model says nothing (`Served.probability`).

    A cross counts to its first feature. A feature's contribution is its weights less the mean that
    they have over the learned examples; the intercept is the bias plus all those means.
    """
    if served.probability(target, features) is None:
        return None
    encoding = ENCODINGS[target]
    model = served.snapshot.classifications[target]
    sums = [-mean for mean in model.means]
    bias = 0
    for key in encoding.keys(features):
        owner = encoding.owners[key]
        if owner is None:
            bias += model.weights[key]
        else:
            sums[owner] += model.weights[key]
    intercept = bias + sum(model.means)
    logit = intercept + sum(sums)
    return Explanation(
        target=target,
        intercept=intercept,
        contributions=tuple(
            Contribution(feature.name, value, it)
            for feature, value, it in zip(encoding.features, features, sums, strict=True)
        ),
        logit=logit,
        raw=round(1000 * share(logit / _MILLION)),
        probability=calibrated(model, logit),
    )


def if_changed(
    served: Served, target: Target, features: Sequence[int], changes: dict[str, int]
) -> int | None:
    """The probability, in thousandths, if features had these values and all others stayed.

    It is an association, and no promise. None where the model says nothing. Raises ValueError
    for a feature that the target has not.
    """
    encoding = ENCODINGS[target]
    changed = list(features)
    for name, value in changes.items():
        changed[encoding.place(name)] = value
    figure = served.probability(target, changed)
    return None if figure is None else figure.value
