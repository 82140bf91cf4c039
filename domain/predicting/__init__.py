"""What is predicted of a learner, when, from which features, and how its label is found."""
