"""Experiment: both modes of a synthetic GAN, over all learning rates."""
