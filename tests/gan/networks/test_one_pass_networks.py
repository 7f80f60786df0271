"""All discriminators in one pass, traced for a GPU without compilation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan import networks
from tests.gan.networks.test_layers import IMAGES, NOT_NORMALIZED


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float32", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", IMAGES)
def test_one_pass_keeps_dtypes_and_statistics(name, dtype):
    """The gradient of all networks keeps them under strict promotion, with a frozen part too."""
    shape = IMAGES[name]
    network = networks.build(
        name,
        shape,
        latent_dim=3,
        width=2,
        seed=0,
        compute_dtype=dtype,
        spectral_norm=name not in NOT_NORMALIZED,
    ).discriminator
    keys = jax.random.split(jax.random.key(0), 4)
    batch = jax.ShapeDtypeStruct((4, *shape), jnp.float32)

    def loss(params, real, fake, frozen_parts):
        found = networks.apply_in_order(
            network,
            params,
            network.stats,
            (real, fake),
            one_pass=True,
            frozen_parts=frozen_parts,
            keys=(keys, keys),
        )
        return jnp.mean(jnp.stack(found.outputs)), found.stats

    for frozen_parts in (1,) if dtype == "bfloat16" else (0, 1):
        with networks.tracing_for("gpu"), jax.numpy_dtype_promotion("strict"):
            total = functools.partial(loss, frozen_parts=frozen_parts)
            gradient = jax.grad(total, argnums=(0, 2), has_aux=True)
            found, stats = jax.eval_shape(gradient, network.params, batch, batch)
        assert jax.tree.structure(stats) == jax.tree.structure(network.stats)
        assert {leaf.dtype for leaf in jax.tree.leaves((found, stats))} == {np.dtype("float32")}
