"""Limits that several folders share."""

MIN_SAMPLES = 20
"""Smallest number of samples that the metrics can score."""
