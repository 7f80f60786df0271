"""Experiment: modes reached on a mixture of four Gaussians."""
