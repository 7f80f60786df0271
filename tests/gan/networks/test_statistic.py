"""Variables for running statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from minmax_jax.gan.networks._conditional import Projection
from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._statistic import Statistic


def assigned(kind, old, new):
    def function(old, new):
        variable = kind(old)
        variable[...] = new
        return variable[...]

    return jax.make_jaxpr(function)(old, new), function(old, new)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("shape", [(3,), ()])
def test_assignment_gives_the_value_of_a_batch_stat(shape, dtype):
    """Another dtype is converted and another shape repeated, as Flax does it."""
    old, new = jnp.zeros(3), jnp.full(shape, 1.5, dtype)
    (_, found), (_, expected) = (assigned(kind, old, new) for kind in (Statistic, nnx.BatchStat))
    assert found.dtype == expected.dtype == jnp.float32
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found, np.full(3, 1.5))


def test_assignment_of_a_like_value_traces_no_operation():
    """Flax's own assignment also looks up the sharding, in a time linear in the program."""
    zeros, ones = jnp.zeros(3), jnp.ones(3)
    assert not assigned(Statistic, zeros, ones)[0].eqns


def test_statistics_of_all_layers_are_cheap_to_assign():
    layers = Layers(nnx.Rngs(0), None, spectral_norm=True)
    modules = (layers.norm(2), layers.dense(2, 3), Projection(2, 3, layers))
    for module in modules:
        found = jax.tree.leaves(
            nnx.state(module, nnx.BatchStat), is_leaf=lambda x: isinstance(x, nnx.Variable)
        )
        assert found and all(isinstance(variable, Statistic) for variable in found)
