"""What is predicted of a learner, when, from which features, and how it is judged."""
