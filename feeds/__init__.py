"""What puts events in: OULAD, JSON lines, simulated learners."""
