"""What `benchmarks.live` looks at: a page in a browser, and many open streams."""
