"""The alert rules, one a file: when each speaks, and when it takes it back."""
