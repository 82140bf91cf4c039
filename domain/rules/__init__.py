"""The alert rules, one a file: which alerts are to be open, given a learner's state."""

from collections.abc import Mapping
from typing import Final

from domain.alerts import Rule
from domain.rules import (
    account_inactivity,
    at_risk,
    data_quality,
    declining_trend,
    inactive_days,
    low_score,
    low_weekly_engagement,
    missed_deadline,
    model_drift,
    next_missing,
    progress_milestone,
    streak_milestone,
    upcoming_deadline,
)
from domain.rules.rule import AlertRule, ModelRule, PartitionRule

TABLE: Final[tuple[AlertRule, ...]] = (
    low_score.DEFINITION,
    declining_trend.DEFINITION,
    streak_milestone.DEFINITION,
    progress_milestone.DEFINITION,
    missed_deadline.DEFINITION,
    at_risk.DEFINITION,
    next_missing.DEFINITION,
    upcoming_deadline.DEFINITION,
    inactive_days.DEFINITION,
    low_weekly_engagement.DEFINITION,
    account_inactivity.DEFINITION,
)
"""Every rule, in the order in which they look at a change.

The order is for ever, and new ones come last: it is that of the alerts of one event, and that of
the thresholds in an adopted configuration.
"""

MODEL_RULES: Final[tuple[ModelRule, ...]] = (model_drift.DEFINITION,)
"""Rules about models, which the trainer goes by: no state of a learner says anything of them."""

PARTITION_RULES: Final[tuple[PartitionRule, ...]] = (data_quality.DEFINITION,)
"""Rules about what arrives at a partition, accepted or not."""

EVERY_RULE: Final[tuple[AlertRule | ModelRule | PartitionRule, ...]] = (
    *TABLE,
    *MODEL_RULES,
    *PARTITION_RULES,
)
"""In the order in which they are listed."""

RULES: Final[Mapping[str, Rule]] = {rule.spec.category: rule.spec for rule in EVERY_RULE}
