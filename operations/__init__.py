"""What operators do: declare and check topics, dead letters, tokens."""
