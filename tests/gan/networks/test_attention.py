"""Self-attention against an independent implementation in NumPy and float64."""

import re

import jax
import numpy as np
import pytest
from flax import nnx

from minmax_jax.gan import networks
from minmax_jax.gan.networks._attention import SelfAttention
from minmax_jax.gan.networks._layers import Layers
from tests.gan.networks import reference

pytestmark = pytest.mark.usefixtures("full_precision")


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_attention_equals_the_reference_and_starts_as_identity():
    network = networks.purify(SelfAttention(16, Layers(nnx.Rngs(0))))
    params = reference.randomized(network.params)
    params["gain"] = np.float32(0.7)
    images = np.random.default_rng(0).normal(size=(2, 4, 6, 16)).astype(np.float32)
    call = jax.jit(lambda p, x: network.apply(p, {}, x, train=True)[0])
    found = call(params, images)

    def pixels(name, pooled):
        x = reference.conv(images.astype(np.float64), params[name])
        corners = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return (np.maximum.reduce(corners) if pooled else x).reshape(2, -1, x.shape[-1])

    scores = pixels("query", False) @ pixels("key", True).swapaxes(1, 2)
    values = (softmax(scores) @ pixels("value", True)).reshape(2, 4, 6, 8)
    expected = images + 0.7 * reference.conv(values, params["last"])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert network.params["gain"] == 0.0
    np.testing.assert_array_equal(call({**params, "gain": network.params["gain"]}, images), images)


@pytest.mark.parametrize(
    ("shape", "attention", "pixels"),
    [((32, 64, 1), 16, 16 * 32), ((64, 64, 1), 32, 32 * 32), ((128, 128, 1), 8, 8 * 8)],
)
def test_resnet_attends_at_the_chosen_side(shape, attention, pixels):
    pair = reference.without_arrays(
        lambda: networks.build(
            "resnet", shape, latent_dim=2, width=2, seed=0, options={"attention": attention}
        )
    )
    inputs = [np.zeros((1, 2), np.float32), np.zeros((1, *shape), np.float32)]
    for network, example in zip(pair[:2], inputs, strict=True):
        jaxpr = jax.make_jaxpr(lambda *a, n=network: n.apply(*a, train=True))(
            network.params, network.stats, example
        )
        scores = re.findall(r"f32\[1,(\d+),(\d+)\] = exp ", str(jaxpr))
        assert scores == [(str(pixels), str(pixels // 4))]


def test_resnet_refuses_other_sides_for_attention():
    with pytest.raises(ValueError, match=r"attention must be one of 0, 8, 16 for .* got 32"):
        networks.build(
            "resnet", (32, 32, 3), latent_dim=2, width=1, seed=0, options={"attention": 32}
        )
