"""The fold of one partition: events and inputs in, states and what is published out."""
