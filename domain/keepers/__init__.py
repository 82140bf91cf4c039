"""What keeps each part of a learner's state, and reads it: no keeper knows a rule."""
