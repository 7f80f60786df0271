"""Datasets that are read while a run trains, instead of being decoded into memory."""
