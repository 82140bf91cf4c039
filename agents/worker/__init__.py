"""The worker: what it makes of `activity` as the owner of its partitions."""
