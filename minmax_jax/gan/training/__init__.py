"""The compiled training step and the loop that calls it."""
