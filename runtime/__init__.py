"""Settings, clock, logs, metrics, database and Kafka options; imports none of ours."""
