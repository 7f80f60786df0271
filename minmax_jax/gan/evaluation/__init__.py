"""Evaluation of samples: feature extractors, metrics and the evaluation of runs."""
