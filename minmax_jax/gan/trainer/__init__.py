"""Trains a run from start to finish."""
