"""Owning partitions of a log, whatever is folded of them: fence, take over, fold, commit, watch."""
