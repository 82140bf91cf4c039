"""The worker: Faust agents, the owner of each partition and its one transaction a batch."""
