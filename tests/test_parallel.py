"""Tests of mapping over devices."""

import jax.numpy as jnp
import pytest

from minmax_jax import parallel
from tests.devices import first_devices


@pytest.mark.parametrize("backend", parallel.BACKENDS)
@pytest.mark.parametrize("in_axes", [1, (0, 1), -1, True, ({"x": 0},)])
def test_map_step_refuses_axes_other_than_zero(backend, in_axes):
    with pytest.raises(ValueError, match=r"^map_step: in_axes must be 0 or None, .*, got"):
        parallel.map_step(lambda *args: args, in_axes=in_axes, backend=backend)


@pytest.mark.parametrize("backend", parallel.BACKENDS)
def test_map_step_splits_and_broadcasts(backend):
    devices = first_devices(2)
    add = parallel.map_step(jnp.add, devices, in_axes=(0, None), backend=backend)
    assert add(jnp.array([1.0, 2.0]), jnp.array(3.0)).tolist() == [4.0, 5.0]
