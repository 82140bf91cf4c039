"""The Postgres tables: their version, by which the sink writes and the API reads, and its role."""

from typing import Final

SCHEMA_VERSION: Final = 6
"""The number of the newest file in sinks/migrations."""

READER: Final = "learnstream_reader"
"""The role that the API connects as: it may read every table and write none."""
