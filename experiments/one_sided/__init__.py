"""One-sided convergence of Adam-type methods (arXiv 2109.14213), by experiment."""
