"""Predictions behind typed walls; what implements the fold's Scorer."""
