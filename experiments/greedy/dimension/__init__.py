"""Proposals and oracle calls of greedy against the dimension."""
