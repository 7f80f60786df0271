"""Tests of class embeddings, conditional BatchNorm and projection."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from minmax_jax.gan import networks
from minmax_jax.gan.networks import _conditional, registry
from minmax_jax.gan.networks._layers import Layers

pytestmark = pytest.mark.usefixtures("full_precision")
CLASSES = 3
LABELS = np.array([0, 2, 2, 1, 0], np.int32)


def layers(**options):
    return Layers(nnx.Rngs(0), **options)


def build(name, shape, **options):
    return networks.build(
        name, shape, latent_dim=4, width=2, seed=0, num_classes=CLASSES, **options
    )


def sizes(tree):
    return sum(np.size(leaf) for leaf in jax.tree.leaves(tree))


def test_embedding_divides_by_the_largest_singular_value():
    embedding = _conditional.Embedding(CLASSES, 6, layers(spectral_norm=True))
    assert embedding.singular.shape == (CLASSES,)  # One entry per class, as in cGAN-PD.
    for _ in range(60):
        found = embedding(jnp.arange(CLASSES), train=True)
    table = np.asarray(embedding.table[...])
    expected = table / np.linalg.svd(table, compute_uv=False)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(embedding(LABELS, train=False), expected[LABELS], rtol=1e-5)


def test_parts_of_one_call_take_one_iteration_each():
    one, two = (_conditional.Embedding(CLASSES, 6, layers(spectral_norm=True)) for _ in range(2))
    two.parts = 2
    joined = two(np.concatenate([LABELS, LABELS]), train=True)
    np.testing.assert_allclose(
        joined, np.concatenate([one(LABELS, train=True) for _ in range(2)]), rtol=1e-6
    )
    np.testing.assert_allclose(one.singular[...], two.singular[...], rtol=1e-6)


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
@pytest.mark.parametrize("embedding", _conditional.EMBEDDINGS)
def test_conditional_norm_is_the_affine_map_of_each_class(embedding, platform):
    """All classes are normalized together, then each example gets the pair of its class."""
    made = layers()
    classes = _conditional.Classes(CLASSES, made, embedding)
    norm = _conditional.ConditionalBatchNorm(2, CLASSES, made, embedding)
    inputs = np.random.default_rng(0).normal(2, 3, (5, 4, 4, 2)).astype(np.float32)
    with networks.tracing_for(platform):
        found = norm(inputs, classes(LABELS, train=True), train=True)
    if embedding == "separate":
        scale, bias = np.asarray(norm.scale.table[...]), np.asarray(norm.bias.table[...])
    else:
        table = np.asarray(classes.vectors.table[...])
        scale, bias = 1 + table @ norm.scale.kernel[...], table @ norm.bias.kernel[...]
    mean, var = inputs.mean((0, 1, 2)), inputs.var((0, 1, 2))
    normal = (inputs - mean) / np.sqrt(var + 1e-5)
    expected = normal * scale[LABELS][:, None, None] + bias[LABELS][:, None, None]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert {type(leaf) for leaf in (norm.norm.scale, norm.norm.bias)} == {type(None)}


def test_projection_is_the_product_with_the_vector_of_the_class():
    projection = _conditional.Projection(6, CLASSES, layers())
    features = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    table = np.asarray(projection.embedding.table[...])
    found = projection(features, LABELS, train=True)
    np.testing.assert_allclose(found, (table[LABELS] * features).sum(1), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape", "options", "generator", "discriminator"),
    [
        ("mlp", (5,), {}, CLASSES * 4 + 4 * 2, CLASSES * 2),
        # BatchNorms of 4 and 2 channels have a table instead of a scale and a bias each.
        ("dcgan", (8, 8, 1), {}, (CLASSES - 1) * 2 * (4 + 2), CLASSES * 2 * 2 * 4),
        (
            "dcgan",
            (8, 8, 1),
            {"options": {"embedding": "shared"}},
            CLASSES * 128 + (128 - 1) * 2 * (4 + 2),
            CLASSES * 2 * 2 * 4,
        ),
    ],
)
def test_classes_add_the_parameters_of_their_layers(name, shape, options, generator, discriminator):
    def params(**more):
        pair = networks.build(name, shape, latent_dim=4, width=2, seed=0, **more)
        return [network.params for network in pair[:2]]

    plain = jax.eval_shape(params)
    found = jax.eval_shape(functools.partial(params, num_classes=CLASSES, **options))
    added = [sizes(one) - sizes(other) for one, other in zip(found, plain, strict=True)]
    assert added == [generator, discriminator]


@pytest.mark.parametrize(("name", "shape"), [("mlp", (5,)), ("dcgan", (8, 8, 1))])
def test_networks_depend_on_labels_and_require_them(name, shape):
    pair = build(name, shape)
    assert pair.takes_labels and pair.num_classes == CLASSES
    for network, inputs in zip(pair[:2], ((4,), shape), strict=True):
        ones = jnp.ones((5, *inputs))
        apply = jax.jit(functools.partial(network.apply, train=False))
        found = np.asarray(apply(*network[1:], ones, labels=LABELS)[0])
        np.testing.assert_array_equal(found[LABELS == 2][0], found[LABELS == 2][1])
        assert not np.array_equal(found[0], found[1])
        with pytest.raises(ValueError, match="got no labels"):
            jax.eval_shape(functools.partial(network.apply, train=True), *network[1:], ones)


def test_bfloat16_networks_return_float32_with_labels():
    for name, shape in (("mlp", (5,)), ("dcgan", (8, 8, 1))):
        pair = build(name, shape, compute_dtype="bfloat16", spectral_norm=True)
        for network, inputs in zip(pair[:2], ((4,), shape), strict=True):
            apply = functools.partial(network.apply, train=True, labels=LABELS)
            out, stats = jax.eval_shape(apply, *network[1:], jnp.ones((5, *inputs)))
            dtypes = {leaf.dtype for leaf in jax.tree.leaves((out, stats, network.params))}
            assert dtypes == {np.dtype(np.float32)}


def test_builder_without_classes_is_built_without_labels():
    pair = build("mangoubi_mnist", (28, 28, 1))
    assert pair.num_classes == CLASSES and not pair.takes_labels


class Conditioned(nnx.Module):
    """A user's network with labels."""

    def __init__(self):
        self.table = nnx.Param(jnp.arange(3.0))

    def __call__(self, inputs, *, train, labels=None):
        return inputs if labels is None else inputs + self.table[...][labels][:, None]


class Plain(nnx.Module):
    """A user's network without labels."""

    def __init__(self):
        self.scale = nnx.Param(jnp.ones(()))

    def __call__(self, inputs, *, train):
        return self.scale[...] * inputs


def test_only_modules_with_an_argument_labels_receive_them():
    inputs = jnp.zeros((5, 1))
    for module, expected in ((Conditioned(), LABELS), (Plain(), 0 * LABELS)):
        network = networks.purify(module)
        assert network.takes_labels == isinstance(module, Conditioned)
        found = network.apply(*network[1:], inputs, train=True, labels=LABELS)[0]
        np.testing.assert_array_equal(found[:, 0], expected)
    by_hand = networks.Network(lambda params, stats, inputs, *, train: (inputs, stats), {}, {})
    assert not by_hand.takes_labels and networks.labels_option(by_hand, LABELS) == {}


def test_own_builder_receives_classes_if_it_accepts_them(monkeypatch):
    received = []

    def own(shape, *, latent_dim, width, rngs, axis_name=None, num_classes=0):
        received.append(num_classes)
        return networks.purify(Conditioned()), networks.purify(Plain())

    monkeypatch.setitem(registry.NETWORKS._registered, "own", own)
    pair = networks.build("own", (1,), latent_dim=1, width=1, seed=0, num_classes=3)
    networks.build("own", (1,), latent_dim=1, width=1, seed=0)
    assert received == [3, 0] and pair.takes_labels


def test_unknown_embedding_is_refused_with_the_choices():
    with pytest.raises(ValueError, match=r"embedding must be one of separate, shared, got 'own'"):
        build("dcgan", (8, 8, 1), options={"embedding": "own"})
