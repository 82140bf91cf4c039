"""What is remembered of a learner: its parts, its bounds, its bytes, and their versions."""
