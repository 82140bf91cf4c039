"""The read API: four endpoints over one row a learner."""
