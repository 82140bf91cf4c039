"""What the sink says to whoever listens to Postgres: which rows have changed, and of nobody."""

from typing import Final

LEARNER_ROWS: Final = "learner_rows"
"""The channel; a notice's payload is the number of the partition, and names no learner."""
COURSE_ROWS: Final = "course_rows"
"""The channel; a notice's payload is the id of a course whose lists or figures have changed."""
