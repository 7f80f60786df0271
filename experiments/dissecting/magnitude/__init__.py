"""Experiment: variation of the norm of Adam's steps, and replacements for it."""
