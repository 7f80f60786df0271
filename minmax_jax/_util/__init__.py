"""Helpers that several parts of the core share."""
