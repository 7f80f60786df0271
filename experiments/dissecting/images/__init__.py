"""Experiment: seven optimizers on images, each with tuned learning rates."""
