"""Losses, penalties, and the two-player game built from them."""
