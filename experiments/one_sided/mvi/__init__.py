"""Experiment: the one-sided MVI along training runs, with controls."""
