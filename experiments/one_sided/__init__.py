"""Experiments on one-sided convergence of Adam-type methods (arXiv 2109.14213)."""
