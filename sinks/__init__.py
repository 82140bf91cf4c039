"""From Kafka to Postgres, exactly once."""
