"""What predictions rest on: small whole numbers, computed from a learner's state alone.

A module computes the features of one kind; this one names them, in the order in which they stand.
A feature is the number of the bin that a figure falls into, so that a month of them is a few bytes.
"""

from typing import Final, NamedTuple


class Feature(NamedTuple):
    """One feature: its name, and how many bins it has (its values are 0 to `bins` - 1)."""

    name: str
    bins: int


SILENCE: Final = (
    Feature("days_since_work", 14),
    Feature("active_days_7", 8),
    Feature("active_days_28", 9),
    Feature("mean_gap", 9),
    Feature("days_by_mean_gap", 10),
    Feature("days_by_long_gap", 10),
    Feature("activities_7", 8),
    Feature("next_due", 8),
    Feature("overdue", 4),
    Feature("days_since_submission", 6),
    Feature("progress", 12),
    Feature("streak", 8),
)
"""Of the learner: what the models of silence (`inactivity_7`, `inactivity_14`) rest on."""

COURSE: Final = (
    Feature("overdue", 7),
    Feature("missed_in_row", 5),
    Feature("overdue_weight", 10),
    Feature("average_score", 12),
    Feature("last_score", 10),
    Feature("lowest_score", 8),
    Feature("level", 11),
    Feature("lateness", 9),
    Feature("last_lateness", 9),
    Feature("entered", 8),
    Feature("banked", 3),
    Feature("next_due", 8),
    Feature("overdue_week", 4),
    Feature("due_so_far", 11),
    Feature("share_submitted", 12),
    Feature("days_since_work", 14),
    Feature("active_days_28", 9),
    Feature("progress", 24),
    Feature("base_rate", 12),
)
"""Of a learner in a course: what `not_passing` and `next_missing` rest on."""

SCORE: Final = (
    "expected",
    "residual",
    "residual_recent",
    "residual_of_kind",
    "residual_of_others",
    "residual_last",
    "recent",
    "mean",
    "scores",
    "late_days",
)
"""What `score` rests on: tenths of a point of percent, but `scores` (a count, to 99) and
`late_days` (whole days from the due time, -30 to 30; 99 where it is not submitted or not due)."""

SUBMISSION: Final = ("expected", "recent", "last", "mean", "submissions")
"""What `submission` rests on: tenths of a day from the due time, and a count (to 99)."""

NOT_LATE_OR_EARLY: Final = 99
"""The value of `late_days` where there is no submission or no due time."""
