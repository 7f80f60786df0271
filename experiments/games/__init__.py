"""Experiment: all optimizers on small games with known solutions."""
