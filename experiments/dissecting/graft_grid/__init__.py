"""Experiment: magnitudes and directions of six update rules, combined in pairs."""
