"""Experiment: greedy and GDA on CIFAR-10, with scores along training."""
