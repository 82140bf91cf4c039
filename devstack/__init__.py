"""The real Kafka and Postgres without Docker, and the whole stack in one command."""
