"""Transformations of any tree or of both players, with one algorithm per file."""
