"""Paths of real image datasets that may be absent."""

from pathlib import Path

import pytest

MNIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist"

needs_mnist = pytest.mark.skipif(
    not MNIST.exists(), reason="needs the MNIST parquet files in ../shared/data/mnist"
)
