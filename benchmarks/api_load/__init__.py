"""What the benchmark of the read API is made of: rows, a bare endpoint beside it, and clients."""
