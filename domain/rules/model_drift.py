"""model_drift: what a model says has become worse. The trainer finds it (models/drift_alerts)."""

from typing import Final

from domain.alerts import Rule
from domain.rules.rule import Documented, ModelRule

RULE: Final = Rule(
    category="model_drift",
    version=1,
    type="system",
    expires_days=30,
    audience=("operator",),
    subject="model",
)
TEXTS: Final = {
    "alert.model_drift.title": "A Model Has Drifted",
    "alert.model_drift.ratio": (
        "{model}: the Brier score of what was predicted rose from {before} to {after}. Every "
        "answer of this model is marked as less reliable"
    ),
    "alert.model_drift.points": (
        "{model}: the mean error of what was predicted rose from {before} to {after} points. Every "
        "answer of this model is marked as less reliable"
    ),
    "alert.model_drift.days": (
        "{model}: the mean error of what was predicted rose from {before} to {after} days. Every "
        "answer of this model is marked as less reliable"
    ),
}
DEFINITION: Final = ModelRule(
    spec=RULE,
    texts=TEXTS,
    documented=Documented(
        severity="medium",
        raised=(
            "the loss of what a model showed was seen to rise (ADWIN, delta .002), and a snapshot "
            "tells of it"
        ),
        ends=(
            "the loss falls again, or 2,000 more were judged and 7 days passed without another "
            "rise: `cleared`"
        ),
        cooldown="one a model at a time",
        cause="time of the label at which it was seen `:` how many were judged by then",
    ),
)
