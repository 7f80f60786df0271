"""Measurements of the library next to Optax, hand-written JAX and PyTorch."""

from benchmarks import stand_ins

stand_ins.install()
