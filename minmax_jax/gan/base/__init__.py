"""Errors with exit codes, the registry of named components, and a file cache."""
