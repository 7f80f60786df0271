"""Experiment: MNIST zeros and ones with greedy and GDA."""
