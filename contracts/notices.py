"""What the sink says to whoever listens to Postgres: that rows of a partition have changed."""

from typing import Final

LEARNER_ROWS: Final = "learner_rows"
"""The channel; a notice's payload is the number of the partition, and names no learner."""
