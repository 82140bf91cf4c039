"""What is remembered of a learner: its parts, their bounds, and their older versions."""
