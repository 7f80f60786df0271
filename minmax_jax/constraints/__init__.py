"""Constrained problems as games between the parameters and the multipliers."""
