"""The events of a learner, and how a record becomes one."""
