"""Experiments on the greedy min-max method (arXiv 2006.12376)."""
