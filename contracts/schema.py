"""The version of the Postgres tables, by which the sink writes and the API reads."""

from typing import Final

SCHEMA_VERSION: Final = 3
"""The number of the newest file in sinks/migrations."""
