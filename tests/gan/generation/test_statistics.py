"""Standing statistics against averages of batch statistics computed with NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan import networks
from minmax_jax.gan.generation import statistics
from minmax_jax.gan.generation.latents import seeded_latents

OFFSET = 1e3  # A mean that is large next to the standard deviation.


def pair_with(decay):
    """Returns networks whose statistics are those of the latents, and a constant vector."""

    def apply(params, stats, inputs, *, train, keys=None, parts=1, frozen_parts=0):
        moved = inputs + OFFSET
        batch = {"mean": moved.mean(0), "var": moved.var(0)}
        # As with spectral normalization, all outputs are NaN if the vector is zero.
        unit = stats["u"] / jnp.linalg.norm(stats["u"])
        finite = jnp.where(jnp.isnan(unit[0]), jnp.nan, 1.0)
        new = {k: decay * stats["norm"][k] + (1 - decay) * finite * batch[k] for k in batch}
        return moved, {"norm": new, "u": unit}

    stats = {"norm": {"mean": jnp.zeros(3), "var": jnp.ones(3)}, "u": jnp.array([0.6, 0.8])}
    network = networks.Network(apply, {}, stats)
    return networks.Pair(network, network, latent_dim=3, sample_shape=(3,))


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.99])
def test_standing_statistics_average_batches_equally(decay):
    pair = pair_with(decay)
    found = statistics.standing_statistics(pair, {}, pair.generator.stats, passes=4, batch_size=32)
    latents = np.asarray(seeded_latents(3, 4 * 32), np.float64).reshape(4, 32, 3) + OFFSET
    np.testing.assert_allclose(found["norm"]["mean"], latents.mean(1).mean(0), rtol=1e-6)
    np.testing.assert_allclose(found["norm"]["var"], latents.var(1).mean(0), rtol=1e-4)
    np.testing.assert_array_equal(found["u"], pair.generator.stats["u"])


def test_networks_without_statistics_run_no_pass():
    def fail(*_, **__):
        raise AssertionError

    network = networks.Network(fail, {}, {})
    assert statistics.standing_statistics(networks.Pair(network, network, 3, (3,)), {}, {}) == {}
