"""Evaluation metrics for samples and for held-out data."""
