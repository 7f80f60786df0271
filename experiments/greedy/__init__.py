"""The greedy min-max algorithm (arXiv 2006.12376), by experiment."""
