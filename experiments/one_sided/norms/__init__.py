"""Experiment: gradient norms of both players along training."""
