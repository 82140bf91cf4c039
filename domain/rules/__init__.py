"""The alert rules, one a file: which alerts are to be open, given a learner's state."""

from collections.abc import Mapping
from typing import Final

from domain.alerts import Rule
from domain.rules import (
    declining_trend,
    low_score,
    missed_deadline,
    progress_milestone,
    streak_milestone,
)

RULES: Final[Mapping[str, Rule]] = {
    rule.category: rule
    for rule in (
        low_score.RULE,
        declining_trend.RULE,
        streak_milestone.RULE,
        progress_milestone.RULE,
        missed_deadline.RULE,
    )
}
