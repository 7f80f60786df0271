"""Experiment: cost of the accept test of the greedy method."""
