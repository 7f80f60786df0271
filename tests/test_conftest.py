"""Examples of docstrings that are collected from one file only."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow  # A process that imports JAX and compiles.
def test_examples_of_one_file_run_alone():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    names = ["minmax_jax/solve.py", "minmax_jax/games/keswani.py"]
    done = subprocess.run([*command, *names], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "2 passed" in done.stdout
