"""The endpoints, one module each: its parameters, its answer, what it says, and an example."""
