"""What is stored of a fold: versioned bytes of states, checkpoints and facts, and columns."""
