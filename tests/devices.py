"""Devices for tests that need several of them."""

import jax
import pytest

DETERMINISTIC = "--xla_gpu_deterministic_ops=true"
"""Flag with which repeated runs on a GPU are bit-for-bit identical."""


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
