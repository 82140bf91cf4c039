"""Why a probability is what it is: what each feature adds, exactly; and what would change it."""

from collections.abc import Sequence

from msgspec import Struct

from domain.predictions import Target
from models.curve import MILLION
from models.encoding import ENCODINGS
from models.serving import Served, calibrated, share


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
    model = served.snapshot.classifications[target]
    keys, owners = ENCODINGS[target].keys(features), ENCODINGS[target].owners
    bias = sum(model.weights[key] for key in keys if owners[key] is None)
    intercept = bias + sum(model.means)
    found = served.contributions(target, features)
    logit = intercept + sum(it for _, it in found)
    return Explanation(
        target=target,
        intercept=intercept,
        contributions=tuple(
            Contribution(name, value, it) for (name, it), value in zip(found, features, strict=True)
        ),
        logit=logit,
        raw=round(1000 * share(logit / MILLION)),
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
