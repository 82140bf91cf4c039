"""The bounds that keep a state small (I7), in elements, seconds or bytes."""

from typing import Final

NEVER: Final = 0
DAYS_MAX: Final = 90
SEEN_MAX: Final = 64
COURSES_MAX: Final = 8
FINISHED_MAX: Final = 16
MODULES_MAX: Final = 256
ASSESSMENTS_MAX: Final = 64
GRADES_MAX: Final = 8
SUBMISSIONS_MAX: Final = 8
MEMBERSHIPS_MAX: Final = 8
MODULE_FACTS_MAX: Final = 4
EXCUSES_MAX: Final = 4
ZONES_MAX: Final = 8
CONTENTS_MAX: Final = 256
CONTENTS_ALWAYS: Final = 16
CONTENTS_HOURS: Final = 72
SPANS_MAX: Final = 8
MARKS_MAX: Final = 96
MARKS_SECONDS: Final = 50 * 3600
SESSIONS_MAX: Final = 64
RECENT_MAX: Final = 10
GOALS_MAX: Final = 16
GOAL_FACTS_MAX: Final = 32
SKILLS_MAX: Final = 32
KINDS_MAX: Final = 16
OPEN_ALERTS_MAX: Final = 64
CLOSED_ALERTS_MAX: Final = 32
DELIVERED_DAYS_MAX: Final = 2
"""Alerts are counted for today, and for tomorrow where they wait until then."""
AWAITING_MAX: Final = 48
SOURCE_DAYS: Final = 28
"""So many days are known of when a partition's records came: four weeks."""
SENDERS_MAX: Final = 64
"""Of so many learners of a partition the verdicts on their newest records are known."""
VERDICTS_MAX: Final = 64
"""Of so many of their newest records, at most."""
HELPS_MAX: Final = 8
FROZEN_SECONDS: Final = 90 * 86_400
"""A finished course takes late events for so long, then only its last figures are kept."""
STATE_BYTES_MAX: Final = 16_384
SHRINK_STEPS: Final = 16
SHRINK_BYTES: Final = 12_288
"""A state is measured every 16 of its own steps, whatever the batches are; what 16 steps can add
stays within the difference to `STATE_BYTES_MAX`."""
