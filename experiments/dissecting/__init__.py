"""Experiments on "Dissecting adaptive methods in GANs" (arXiv 2210.04319)."""
