"""Tests of mapping over devices."""

import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax import parallel
from tests.devices import first_devices


@pytest.mark.parametrize("backend", parallel.BACKENDS)
@pytest.mark.parametrize("in_axes", [1, (0, 1), -1, True, ({"x": 0},)])
def test_map_step_refuses_axes_other_than_zero(backend, in_axes):
    with pytest.raises(ValueError, match=r"^map_step: in_axes must be 0 or None, .*, got"):
        parallel.map_step(lambda *args: args, in_axes=in_axes, backend=backend)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"devices": 3}, "devices must be a list of JAX devices, got 3"),
        ({"devices": []}, "devices must be a list of JAX devices, got"),
        ({"donate_argnums": "a"}, "donate_argnums must be an int or a sequence of them, got 'a'"),
        ({"donate_argnums": 0.5}, "donate_argnums must be an int or a sequence of them, got 0.5"),
        ({"function": 3}, "function must be callable, got 3"),
    ],
)
def test_map_step_names_wrong_arguments(options, message):
    with pytest.raises(TypeError, match=f"^map_step: {message}"):
        parallel.map_step(**{"function": lambda x: x, **options})


@pytest.mark.parametrize("backend", parallel.BACKENDS)
def test_map_step_takes_numbers_as_jit_does(backend):
    devices = first_devices(1)
    options = {"donate_argnums": 0, "in_axes": np.int64(0)}
    negate = parallel.map_step(jnp.negative, devices, backend=backend, **options)
    x = jnp.array([1.0])
    assert negate(x).tolist() == [-1.0] and x.is_deleted()
    both = parallel.map_step(jnp.add, devices, backend=backend, in_axes=[np.int64(0), None])
    assert both(jnp.array([1.0]), jnp.array(3.0)).tolist() == [4.0]


@pytest.mark.parametrize("backend", parallel.BACKENDS)
def test_map_step_splits_and_broadcasts(backend):
    devices = first_devices(2)
    add = parallel.map_step(jnp.add, devices, in_axes=(0, None), backend=backend)
    assert add(jnp.array([1.0, 2.0]), jnp.array(3.0)).tolist() == [4.0, 5.0]


def test_replicate_refuses_masked_arrays_and_narrows_wide_ones():
    with pytest.raises(ValueError, match="masked"):
        parallel.replicate(np.ma.masked_array([1.0, 2.0], [True, False]))
    assert parallel.replicate(np.zeros(3)).dtype == jnp.float32
