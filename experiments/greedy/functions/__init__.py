"""Experiment: three functions of two variables with greedy and three others."""
