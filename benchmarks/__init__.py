"""Benchmarks of the library against alternatives, run by `python -m benchmarks`."""
