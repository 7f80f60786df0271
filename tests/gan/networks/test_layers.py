"""Spectral normalization, dropout, compute dtypes and convolutions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from minmax_jax.gan import networks
from minmax_jax.gan.networks import _convolution, _convolution_lax, registry
from minmax_jax.gan.networks._layers import Layers, dropout

pytestmark = pytest.mark.usefixtures("full_precision")

RANDOM = np.random.default_rng(0)
IMAGES = {
    "resnet": (32, 32, 3),
    "sngan": (32, 32, 1),
    "r3gan": (8, 8, 1),
    "dcgan": (8, 8, 1),
    "mlp": (2,),
    "mangoubi_mnist": (8, 8, 1),
    "mangoubi_gaussians": (2,),
    "mangoubi_cifar": (8, 8, 1),
}
NOT_NORMALIZED = ("r3gan",)  # Its blocks start at zero, which has no singular vectors.
BUILT_IN = set(networks.NETWORKS)  # before another test registers its own
KEYS = jax.random.split(jax.random.key(0), 4)


def test_every_network_has_a_small_sample_shape_here():
    assert set(IMAGES) == BUILT_IN


@functools.cache
def spectral_layer(kind):
    layers = Layers(nnx.Rngs(0), spectral_norm=True)
    if kind == "dense":
        return networks.purify(layers.dense(6, 5)), np.eye(6, dtype=np.float32)
    point = np.zeros((1, 5, 5, 4), np.float32)
    return networks.purify(layers.convolution(4, 7)), point


def unit(x):
    return x / np.linalg.norm(x)


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_power_iteration_converges_to_the_largest_singular_value(kind):
    network, inputs = spectral_layer(kind)
    kernel = np.asarray(network.params["kernel"])
    matrix = kernel.reshape(-1, kernel.shape[-1])

    @jax.jit
    def iterate(stats):
        body = lambda stats, _: (network.apply(network.params, stats, inputs, train=True)[1], None)  # noqa: E731
        return jax.lax.scan(body, stats, length=200)[0]

    u = iterate(network.stats)["singular"]
    _, sigmas, right = np.linalg.svd(matrix)
    np.testing.assert_allclose(abs(np.vdot(u, right[0])), 1.0, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(matrix @ u), sigmas[0], rtol=1e-5)
    if kind == "dense":  # Identity inputs return the normalized kernel.
        used, _ = network.apply(network.params, {"singular": u}, inputs, train=True)
        np.testing.assert_allclose(used, matrix / sigmas[0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(np.linalg.svd(used)[1][0], 1.0, rtol=1e-5)


def test_only_training_takes_a_power_iteration():
    network, inputs = spectral_layer("dense")
    matrix, u = np.asarray(network.params["kernel"]), np.asarray(network.stats["singular"])
    apply = jax.jit(network.apply, static_argnames="train")
    v = unit(matrix @ u)
    after = unit(v @ matrix)
    outputs, stats = apply(network.params, network.stats, inputs, train=True)
    np.testing.assert_allclose(stats["singular"], after, atol=1e-6)
    np.testing.assert_allclose(outputs, matrix / (v @ matrix @ after), atol=1e-6)
    used, same = apply(network.params, network.stats, inputs, train=False)
    np.testing.assert_array_equal(same["singular"], u)
    np.testing.assert_allclose(used, matrix / (v @ matrix @ u), atol=1e-6)


def test_singular_vectors_are_constants_in_the_gradient():
    """W ↦ ⟨C, W / vᵀWu⟩ has the gradient C/σ − ⟨C, W⟩/σ² · v uᵀ."""
    network, inputs = spectral_layer("dense")
    matrix, u = np.asarray(network.params["kernel"]), np.asarray(network.stats["singular"])
    cotangent = RANDOM.normal(size=matrix.shape)

    def total(params):
        return jnp.vdot(cotangent, network.apply(params, network.stats, inputs, train=True)[0])

    v = unit(matrix @ u)
    after = unit(v @ matrix)
    sigma = v @ matrix @ after
    expected = cotangent / sigma - np.vdot(cotangent, matrix) / sigma**2 * np.outer(v, after)
    np.testing.assert_allclose(jax.grad(total)(network.params)["kernel"], expected, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in IMAGES if name not in NOT_NORMALIZED])
def test_spectral_norm_applies_to_all_discriminator_layers_only(name):
    pair = networks.build(name, IMAGES[name], latent_dim=3, width=2, seed=0, spectral_norm=True)
    kernels = places(pair.discriminator.params, "kernel")
    assert kernels and places(pair.discriminator.stats, "singular") == kernels
    assert not places(pair.generator.stats, "singular")


def places(tree, leaf):
    """Returns the paths of the layers that have a leaf of this name."""
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(tree)]
    return {jax.tree_util.keystr(path[:-1]) for path in paths if path[-1].key == leaf}


@pytest.mark.parametrize("name", IMAGES)
def test_bfloat16_is_used_in_matrix_products_only(name):
    pair = networks.build(
        name,
        IMAGES[name],
        latent_dim=3,
        width=2,
        seed=0,
        compute_dtype="bfloat16",
        spectral_norm=name not in NOT_NORMALIZED,
    )
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves([n[1:] for n in pair[:2]]))
    latents = jax.ShapeDtypeStruct((4, 3), jnp.float32)
    inputs = jax.ShapeDtypeStruct((4, *IMAGES[name]), jnp.float32)
    for network, examples in ((pair.generator, latents), (pair.discriminator, inputs)):

        def loss(params, stats, examples, network=network):
            outputs, after = network.apply(params, stats, examples, train=True, keys=KEYS)
            assert outputs.dtype == jnp.float32
            assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(after))
            return jnp.mean(outputs)

        with jax.numpy_dtype_promotion("strict"):
            jaxpr = jax.make_jaxpr(jax.grad(loss))(*network[1:], examples)
        assert all(aval.dtype == jnp.float32 for aval in jaxpr.out_avals)
        products = {str(v.aval.dtype) for v in operands(jaxpr.jaxpr, "dot_general")}
        assert "bfloat16" in products
        for statistic in ("rsqrt", "tanh", "sqrt"):  # BatchNorm, images, singular vectors
            assert {v.aval.dtype for v in operands(jaxpr.jaxpr, statistic)} <= {np.dtype("float32")}


def operands(jaxpr, primitive):
    for equation in jaxpr.eqns:
        if equation.primitive.name == primitive:
            yield from equation.invars
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    yield from operands(getattr(inner, "jaxpr", inner), primitive)


def test_bfloat16_outputs_are_close_to_float32_outputs():
    outputs = []
    for dtype in networks.DTYPES:
        pair = networks.build(
            "dcgan", (8, 8, 1), latent_dim=3, width=4, seed=0, compute_dtype=dtype
        )
        latents = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
        apply = jax.jit(functools.partial(pair.generator.apply, train=True))
        outputs.append(apply(pair.generator.params, pair.generator.stats, latents)[0])
    assert 1e-6 < np.max(np.abs(outputs[0] - outputs[1])) < 0.05


def test_dropout_rate_and_scale_are_as_requested():
    ones, keys = jnp.ones((4, 10_000)), KEYS
    out = dropout(ones, 0.3, train=True, keys=keys, layer=0)
    assert set(np.unique(out)) == {np.float32(0), np.float32(1) / np.float32(0.7)}
    np.testing.assert_allclose(np.mean(out == 0, axis=1), 0.3, atol=0.02)
    assert dropout(ones, 0.3, train=False, keys=None, layer=0) is ones
    other = dropout(ones, 0.3, train=True, keys=keys, layer=1)
    assert 0.3 < np.mean((out == 0) != (other == 0)) < 0.54  # independent: 0.42


def test_dropout_depends_on_the_key_of_each_example_only():
    pair = networks.build("mangoubi_mnist", (8, 8, 1), latent_dim=3, width=4, seed=0)
    params, inputs = pair.discriminator.params, np.ones((4, 8, 8, 1), np.float32)
    apply = jax.jit(
        lambda inputs, keys: pair.discriminator.apply(params, {}, inputs, train=True, keys=keys)[0]
    )
    together = apply(inputs, KEYS)
    assert len(np.unique(together)) == 4
    np.testing.assert_allclose(together[2:], apply(inputs[2:], KEYS[2:]), rtol=1e-6, atol=1e-7)
    with pytest.raises(ValueError, match="Pass keys=, one PRNG key per example"):
        pair.discriminator.apply(params, {}, inputs, train=True)
    plain, _ = pair.discriminator.apply(params, {}, inputs, train=False)
    assert len(np.unique(plain)) == 1


@pytest.mark.parametrize("size", [1, 3, 4])
@pytest.mark.parametrize("stride", [1, 2])
def test_im2col_convolution_equals_lax_convolution(size, stride):
    inputs = RANDOM.normal(size=(2, 7, 6, 3)).astype(np.float32)
    kernel = RANDOM.normal(size=(size, size, 3, 4)).astype(np.float32)
    one, other = (
        jax.jit(convolve, static_argnums=2)(inputs, kernel, stride)
        for convolve in (_convolution._convolve_im2col, _convolution_lax.convolve)
    )
    np.testing.assert_allclose(one, other, atol=1e-5)
    np.testing.assert_allclose(_convolution.convolve(inputs, kernel, stride), other, atol=1e-5)


def test_average_pool_inverts_upsample_and_averages_blocks():
    inputs = RANDOM.normal(size=(2, 4, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(
        _convolution.average_pool(_convolution.upsample(inputs)), inputs, rtol=1e-6
    )
    by_hand = inputs.reshape(2, 2, 2, 3, 2, 3).mean((2, 4))
    np.testing.assert_allclose(_convolution.average_pool(inputs), by_hand, rtol=1e-5)
    large = np.asarray(_convolution.upsample(inputs))
    np.testing.assert_array_equal(large, inputs.repeat(2, axis=1).repeat(2, axis=2))


def test_builder_without_layer_options_is_refused():
    def linear(sample_shape, *, latent_dim, width, rngs, axis_name):
        raise AssertionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "NETWORKS", {"linear": linear})
        with pytest.raises(ValueError, match="linear does not accept spectral_norm"):
            networks.build("linear", (2,), latent_dim=2, width=2, seed=0, spectral_norm=True)
