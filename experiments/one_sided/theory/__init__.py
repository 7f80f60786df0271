"""Experiment: one-sided stationary points of three synthetic games."""
