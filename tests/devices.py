"""Devices for tests that need several of them."""

from pathlib import Path

import jax
import pytest

DETERMINISTIC = "--xla_gpu_deterministic_ops=true"
"""Flag with which repeated runs on a GPU are bit-for-bit identical."""

GPU_TESTS = [
    Path(__file__).parent / place
    for place in (
        "diagnostics/test_jacobian_spectrum.py",
        "games/test_gaussian_gan.py",
        "gan/evaluation/features",
        "gan/networks",
        "gan/objective",
        "gan/trainer/test_resume.py",
        "gan/trainer/test_trainer.py",
        "gan/training/test_nonfinite.py",
        "gan/training/test_step.py",
        "optimizers",
        "test_all_optimizers.py",
        "test_laws_of_all_optimizers.py",
        "transforms/competitive",
        "transforms/test_graft.py",
        "transforms/test_normalize.py",
        "util",
    )
]
"""Files and folders of the tests with the mark `gpu`: those in which a GPU may differ from a CPU by
its rounding, by its programs, by its order of sums, or by the memory of donated arrays."""


def first_devices(count):
    """Returns the first `count` devices, or skips the test on a machine that has fewer."""
    found = jax.devices()
    if len(found) < count:
        pytest.skip(f"needs {count} devices, and this machine has {len(found)} ({found[0]})")
    return found[:count]


def up_to_devices(count):
    """Returns the first `count` devices, or all if there are fewer."""
    return jax.devices()[:count]


def xla_flags():
    """Returns the flags of a process that trains: none but `DETERMINISTIC`, on a GPU."""
    return DETERMINISTIC if jax.default_backend() == "gpu" else ""
