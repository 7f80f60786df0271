"""Experiment: how close trained GANs are to a greedy equilibrium."""
