"""Experiment: whether greedy ends at greedy equilibria of two functions."""
