"""A batch fit of boosted trees on the same features and rows, which the online model must match."""

from collections.abc import Sequence
from typing import Any, Final

from benchmarks.models.figures import (
    WEEKS,
    Figures,
    area_under_curve,
    calibration_error,
    naive,
)
from benchmarks.models.rows import Row, only_shown

INSTALL: Final = "python -m pip install --require-hashes -r requirements/bench.txt"
MISSING: Final = f"scikit-learn is not installed, so there is no batch fit: {INSTALL}"
_SETTINGS: Final = {"max_iter": 200, "learning_rate": 0.06, "min_samples_leaf": 200}
_SEED: Final = 0


def classifier() -> Any | None:
    """Boosted trees that have learned nothing yet; None where scikit-learn is not installed."""
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return HistGradientBoostingClassifier(**_SETTINGS, early_stopping=False, random_state=_SEED)


def batch_fit(rows: Sequence[Row], year: int, model: Any) -> dict[str, Figures]:
    """The online model beside trees that learned all earlier years, on the newest year's rows.

    `rows` are those of `not_passing`, `year` is the newest. The trees learn every row of courses
    that began in a year before it, whether something was shown or not; both are judged on the rows
    of that year of which something was shown, by week. Empty where one of the two is missing.
    """
    train = [row for row in rows if 0 < row.year < year]
    judged = only_shown(row for row in rows if row.year == year)
    if not judged or len({row.example.label for row in train}) < 2:  # noqa: PLR2004 - both labels
        return {}
    model.fit([r.example.features for r in train], [r.example.label for r in train])
    said = model.predict_proba([row.example.features for row in judged])[:, 1].tolist()
    pairs = list(zip(judged, said, strict=True))
    found = {
        f"{year}, week {week}": _beside([(r, p) for r, p in pairs if r.week == week])
        for week in WEEKS
    }
    return found | {f"{year}, all weeks": _beside(pairs)}


def _beside(pairs: Sequence[tuple[Row, float]]) -> Figures:
    labels = [row.example.label for row, _ in pairs]
    online, batch = [row.probability for row, _ in pairs], [value for _, value in pairs]
    one, other = area_under_curve(online, labels), area_under_curve(batch, labels)
    return {
        "n": len(pairs),
        "auc": one,
        "batch_auc": other,
        "behind": None if one is None or other is None else other - one,
        "naive_auc": area_under_curve([naive(row) for row, _ in pairs], labels),
        "calibration_error": calibration_error(online, labels),
        "batch_calibration_error": calibration_error(batch, labels),
    }
