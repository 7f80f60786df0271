"""Experiment: ratio of the players' gradient norms and sample quality."""
