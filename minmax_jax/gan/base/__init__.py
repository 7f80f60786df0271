"""Errors with exit codes, registries, shared limits and the array cache."""
